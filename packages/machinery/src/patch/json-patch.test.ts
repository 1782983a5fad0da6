import { describe, expect, test } from "vitest";
import { applyJsonPatch, applyMergePatch, createMergePatch, PatchError } from "./index.ts";

describe("applyJsonPatch", () => {
  test("leaves the document that it is given alone", () => {
    const document = { list: [1, 2] };
    expect(applyJsonPatch(document, [{ op: "add", path: "/list/1", value: 9 }])).toEqual({ list: [1, 9, 2] });
    expect(document).toEqual({ list: [1, 2] });
  });

  test.each([
    ["appends with -", { a: [1] }, [{ op: "add", path: "/a/-", value: 2 }], { a: [1, 2] }],
    ["counts negative indices from the end", { a: [1, 2] }, [{ op: "remove", path: "/a/-1" }], { a: [1] }],
    ["replaces a field that is not there", {}, [{ op: "replace", path: "/a", value: 1 }], { a: 1 }],
    ["reads ~1 before ~0", { "~1": 0 }, [{ op: "replace", path: "/~01", value: 1 }], { "~1": 1 }],
    ["moves", { a: { b: 1 } }, [{ op: "move", from: "/a/b", path: "/c" }], { a: {}, c: 1 }],
    ["copies", { a: { b: [1] } }, [{ op: "copy", from: "/a/b", path: "/c" }], { a: { b: [1] }, c: [1] }],
    ["finds a missing field equal to null", { a: 1 }, [{ op: "test", path: "/b", value: null }], { a: 1 }],
    ["replaces the whole document", { a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }], { b: 2 }],
  ])("%s", (_name, document, patch, expected) => {
    expect(applyJsonPatch<object>(document, patch)).toEqual(expected);
  });

  test.each([
    ["removing what is not there", [{ op: "remove", path: "/none" }]],
    ["adding below what is not there", [{ op: "add", path: "/x/y/z", value: 1 }]],
    ["a failing test", [{ op: "test", path: "/a", value: 2 }]],
    ["an unknown operation", [{ op: "nope", path: "/a" }]],
    ["an index beyond the end", [{ op: "add", path: "/list/2", value: 1 }]],
    ["reading what every object inherits", [{ op: "copy", from: "/__proto__/toString", path: "/b" }]],
  ])("refuses %s with 422", (_name, patch) => {
    expect(() => applyJsonPatch({ a: 1, list: [1] }, patch)).toThrow(expect.objectContaining({ code: 422, reason: "Invalid" }));
  });

  test("refuses more than ten thousand operations with 413", () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: "test", path: "/a", value: 1 }));
    expect(() => applyJsonPatch({ a: 1 }, patch)).toThrow(expect.objectContaining({ code: 413 }));
    expect(applyJsonPatch({ a: 1 }, patch.slice(1))).toEqual({ a: 1 });
  });

  test("says what is wrong with something that is no patch", () => {
    expect(() => applyJsonPatch({}, {})).toThrow(
      "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
    );
  });

  test("sets a field called __proto__ as any other", () => {
    const result = applyJsonPatch<Record<string, unknown>>({}, [{ op: "add", path: "/__proto__", value: { polluted: true } }]);
    expect(Object.keys(result)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("merge patches", () => {
  test("merge objects, remove nulls and replace lists", () => {
    const document = { keep: 1, gone: 1, list: [1, 2], deep: { a: 1, b: 2 } };
    const patch = { gone: null, list: [3], deep: { b: null, c: { d: null, e: 1 } } };
    expect(applyMergePatch(document, patch)).toEqual({ keep: 1, list: [3], deep: { a: 1, c: { e: 1 } } });
  });

  test("are refused where they are no objects", () => {
    expect(() => applyMergePatch({}, [])).toThrow(PatchError);
  });

  test("are created so that applying them gives the wanted object", () => {
    const before = { a: 1, b: { c: 1, d: [1] } };
    const after = { b: { c: 2, d: [1] }, e: {} };
    const patch = createMergePatch(before, after);
    expect(patch).toEqual({ a: null, b: { c: 2 }, e: {} });
    expect(applyMergePatch(before, patch)).toEqual(after);
    expect(createMergePatch(after, after)).toEqual({});
  });
});
