import { applyMergePatch } from "@outrigger/machinery/patch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeJson, sayTheSame } from "./merge-json.ts";

describe("JSON is merged as Go writes it", () => {
  test.each([
    ['{"b":1,"a":2}', '{"c":3}', '{"a":2,"b":1,"c":3}'],
    ['{"n":1.0,"big":12345678901234567890}', '{"c":1e2}', '{"big":12345678901234567890,"c":1e2,"n":1.0}'],
    ['{"keep":{"z":1,"a":2}}', '{"x":1}', '{"keep":{"z":1,"a":2},"x":1}'],
    ['{"keep":{"z":1,"a":2}}', '{"keep":{"m":3}}', '{"keep":{"a":2,"m":3,"z":1}}'],
    ['{"html":"<a> & b"}', '{"<":1}', '{"\\u003c":1,"html":"\\u003ca\\u003e \\u0026 b"}'],
    ['{"a":1,"b":null}', '{"a":null}', '{"b":null}'],
    ['{"a":null}', '{"a":{"x":null,"y":[1,{"z":null}]}}', '{"a":{"y":[1,{}]}}'],
    ["5", '{"a":{"b":null}}', '{"a":{}}'],
    ['{"a":1}', "[1,{}]", "[1,{}]"],
    [' { "a" : [ 1 , "b c" ] } ', '{"d":"\\u0041"}', '{"a":[1,"b c"],"d":"\\u0041"}'],
  ])("%s and %s give %s", (document, patch, expected) => {
    expect(mergeJson(document, patch)).toBe(expected);
  });

  test.each([
    ["null", "{}"],
    ["{", "{}"],
    ["{}", "5"],
    ["{}", "null"],
  ])("%s and %s are refused", (document, patch) => {
    expect(() => mergeJson(document, patch)).toThrow(SyntaxError);
  });

  const member = fc.constantFrom("a", "b", "__proto__", "<é>");
  const { tree: json } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<unknown>(null, 1, -0.5, "x", '"\\', true),
      fc.dictionary(member, tie("tree"), { maxKeys: 3 }),
      fc.array(tie("tree"), { maxLength: 2 }),
    ),
  }));
  const object = fc.dictionary(member, json, { maxKeys: 3 });

  test("merging twice is merging once, and the values are those of RFC 7396 where no list is new", () => {
    fc.assert(
      fc.property(object, object, (document, patch) => {
        const [text, by] = [JSON.stringify(document), JSON.stringify(patch)];
        const once = mergeJson(text, by);
        expect(mergeJson(once, by)).toBe(once);
        if (!by.includes("[")) expect(JSON.parse(once)).toEqual(applyMergePatch(JSON.parse(text), JSON.parse(by)));
        expect(sayTheSame(once, JSON.stringify(JSON.parse(once), null, 2))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
