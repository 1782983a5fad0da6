import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanJson } from "./json-scan.ts";

describe("scanning JSON", () => {
  it("accepts what JSON.parse accepts, and refuses what it refuses", () => {
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.json().map((valid) => valid.slice(0, -1)),
      fc.json().map((valid) => `${valid},`),
    );
    fc.assert(
      fc.property(text, (candidate) => {
        let valid = true;
        try {
          JSON.parse(candidate);
        } catch {
          valid = false;
        }
        expect(scanJson(candidate).error === undefined).toBe(valid);
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', ["a"]],
    ['{"spec":{"x":[{"n":1},{"n":1,"n":2}]}}', ["spec.x[1].n"]],
    ['{"a":{"b":1},"c":{"b":1}}', []],
    ['{"\\u0061":1,"a":2}', ["a"]],
  ])("finds fields that %s has twice", (text, duplicates) => {
    expect(scanJson(text).duplicates).toEqual(duplicates);
  });

  it.each([
    ["", "unexpected end of JSON input"],
    ["{", "unexpected end of JSON input"],
    ["x", "invalid character 'x' looking for beginning of value"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', "invalid character '\"' after object key:value pair"],
    ["[1 2]", "invalid character '2' after array element"],
    ["{} x", "invalid character 'x' after top-level value"],
  ])("says of %j what Go says", (text, error) => {
    expect(scanJson(text).error).toBe(error);
  });
});
