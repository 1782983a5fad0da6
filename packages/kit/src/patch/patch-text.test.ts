import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JsonPatchOperation, patchText, sharedValue } from "./index.ts";

describe("the text of a patch", () => {
  test("is the one of JSON.stringify, whatever is shared, the first time and the second", () => {
    const strings = fc.dictionary(fc.string(), fc.string({ maxLength: 300, size: "max" }));
    const value = fc.oneof(fc.jsonValue(), strings, fc.string({ maxLength: 300, size: "max" }));
    const operation = fc.oneof(
      fc.record({ op: fc.constantFrom("add" as const, "replace" as const), path: fc.string(), value, share: fc.boolean() }),
      fc.record({ op: fc.constant("remove" as const), path: fc.string(), share: fc.boolean() }),
    );
    fc.assert(
      fc.property(fc.array(operation), (drawn) => {
        const operations = drawn.map(({ share, ...rest }) => {
          if (share && "value" in rest && typeof rest.value === "object" && rest.value !== null) sharedValue(rest.value);
          return rest as JsonPatchOperation;
        });
        expect(patchText(operations)).toBe(JSON.stringify(operations));
        expect(patchText(operations)).toBe(JSON.stringify(operations));
      }),
    );
  });

  test("cannot grow stale: what is shared is frozen to its leaves", () => {
    const container = sharedValue({ name: "a", env: [{ name: "TZ", value: "Asia/Shanghai" }] });
    patchText([{ op: "add", path: "/spec/containers/-", value: container }]);
    expect(() => {
      container.env[0]!.value = "UTC";
    }).toThrow(TypeError);
  });
});
