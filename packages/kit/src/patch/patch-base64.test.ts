import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type JsonPatchOperation, patchBase64, sharedValue } from "./index.ts";

const read = (base64: string): unknown => {
  // As strict as Go's base64.StdEncoding: nothing but the alphabet, filled up at the very end alone.
  expect(base64).toMatch(/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(base64, "base64")));
};

describe("a patch in base64", () => {
  test("says what the operations say, whatever is shared, the first time and the second", () => {
    const text = fc.string({ maxLength: 300, size: "max", unit: "binary" });
    const value = fc.oneof(fc.jsonValue(), fc.dictionary(fc.string({ unit: "binary" }), text), text);
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
        const wanted: unknown = JSON.parse(JSON.stringify(operations));
        expect(read(patchBase64(operations))).toEqual(wanted);
        expect(read(patchBase64(operations))).toEqual(wanted);
      }),
    );
  });

  test("has a shared value at each place where it is asked for", () => {
    const value = sharedValue({ name: "a", note: "ä".repeat(200) });
    for (const path of ["/spec/containers/-", "/spec/containers/0", "/spec/containers/-"]) {
      for (const op of ["add", "replace"] as const) expect(read(patchBase64([{ op, path, value }]))).toEqual([{ op, path, value }]);
    }
  });

  test("cannot grow stale: what is shared is frozen to its leaves", () => {
    const container = sharedValue({ name: "a", env: [{ name: "TZ", value: "Asia/Shanghai" }] });
    patchBase64([{ op: "add", path: "/spec/containers/-", value: container }]);
    expect(() => {
      container.env[0]!.value = "UTC";
    }).toThrow(TypeError);
  });
});
