import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { labelSelector, labelSelectorProblems, parseFieldSelector, parseLabelSelector } from "./selector.ts";

const labels = { app: "web", tier: "front", "example.com/x": "", n: "7" };

describe("label selectors", () => {
  const cases: [string, boolean][] = [
    ["", true],
    ["app=web", true],
    ["app==web,tier!=back", true],
    ["app in (api, web)", true],
    ["app notin (api)", true],
    ["missing notin (api)", true],
    ["missing!=x", true],
    ["missing", false],
    ["!missing", true],
    ["!app", false],
    ["example.com/x=", true],
    ["example.com/x in ()", true],
    ["n>6,n<8", true],
    ["n>7", false],
    ["in=x", false],
  ];
  for (const [text, expected] of cases) {
    test(`${JSON.stringify(text)} ${expected ? "matches" : "does not match"}`, () =>
      expect(parseLabelSelector(text).matches(labels)).toBe(expected));
  }

  const wrong: [string, string][] = [
    ["a=b=c", "found '=', expected: ',' or 'end of string'"],
    ["a in b", "unable to parse requirement: found 'b' expected: '('"],
    [",a", "found ',', expected: !, identifier, or 'end of string'"],
    ["a,", "found '', expected: identifier after ','"],
    ["a in (b", "unable to parse requirement: found '', expected: ',' or ')'"],
  ];
  for (const [text, message] of wrong)
    test(`${JSON.stringify(text)} is refused`, () => expect(() => parseLabelSelector(text)).toThrow(message));

  test("an object is asked like its text", () => {
    const selector = labelSelector({
      matchLabels: { app: "web" },
      matchExpressions: [{ key: "tier", operator: "In", values: ["front", "back"] }],
    });
    expect(selector.toString()).toBe("app=web,tier in (back,front)");
    expect(selector.matches(labels)).toBe(true);
    expect(labelSelector(undefined).matches(undefined)).toBe(true);
  });

  test("what a selector says of itself reads back as the same selector", () => {
    const word = fc.stringMatching(/^[a-z]{1,4}$/).filter((text) => text !== "in" && text !== "notin");
    const expression = fc.oneof(
      fc.record({ key: word, operator: fc.constantFrom("In", "NotIn"), values: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }) }),
      fc.record({ key: word, operator: fc.constantFrom("Exists", "DoesNotExist") }),
    );
    fc.assert(
      fc.property(fc.array(expression, { maxLength: 4 }), fc.dictionary(word, word), (matchExpressions, some) => {
        const selector = labelSelector({ matchExpressions });
        expect(parseLabelSelector(selector.toString()).matches(some)).toBe(selector.matches(some));
      }),
    );
  });

  test("problems have paths", () => {
    expect(labelSelectorProblems({ matchExpressions: [{ key: "a", operator: "In" }] }, "spec.selector")).toEqual([
      {
        reason: "FieldValueRequired",
        message: "Required value: must be specified when `operator` is 'In' or 'NotIn'",
        field: "spec.selector.matchExpressions[0].values",
      },
    ]);
    expect(labelSelectorProblems({ matchLabels: { "a b": "c" } }, "spec.selector")[0]).toMatchObject({
      reason: "FieldValueInvalid",
      field: "spec.selector.matchLabels",
    });
  });
});

describe("field selectors", () => {
  test("terms are read with their escapes", () => {
    const selector = parseFieldSelector("metadata.name=a\\,b,status.phase!=Running");
    expect(selector.matches((field) => ({ "metadata.name": "a,b", "status.phase": "Pending" })[field] ?? "")).toBe(true);
    expect(selector.matches(() => "Running")).toBe(false);
  });
  test("a term without an operator is refused", () => {
    expect(() => parseFieldSelector("nope")).toThrow("invalid selector: 'nope'; can't understand 'nope'");
  });
});
