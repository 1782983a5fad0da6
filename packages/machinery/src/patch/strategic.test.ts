import type { SchemaNode } from "@outrigger/kit/schema";
import { describe, expect, test } from "vitest";
import { applyStrategicMergePatch } from "./index.ts";

const string: SchemaNode = { type: "string" };
const schema: SchemaNode = {
  properties: {
    finalizers: { type: "array", items: string, "x-kubernetes-patch-strategy": "merge" },
    args: { type: "array", items: string },
    strategy: { properties: { type: string, rollingUpdate: { properties: {} } }, "x-kubernetes-patch-strategy": "retainKeys" },
    labels: { additionalProperties: string },
    containers: {
      type: "array",
      "x-kubernetes-patch-strategy": "merge",
      "x-kubernetes-patch-merge-key": "name",
      items: { properties: { name: string, image: string, args: { type: "array", items: string } } },
    },
  },
};
const patch = (document: object, change: object) => applyStrategicMergePatch(document, change, schema);
const containers = {
  containers: [
    { name: "a", image: "1" },
    { name: "b", image: "1" },
  ],
};

describe("applyStrategicMergePatch", () => {
  test("merges items of a keyed list and puts new ones first", () => {
    expect(
      patch(containers, {
        containers: [
          { name: "b", image: "2" },
          { name: "c", image: "3" },
        ],
      }),
    ).toEqual({
      containers: [
        { name: "a", image: "1" },
        { name: "b", image: "2" },
        { name: "c", image: "3" },
      ],
    });
    expect(patch(containers, { containers: [{ name: "c" }] })).toEqual({ containers: [{ name: "c" }, ...containers.containers] });
  });

  test("deletes an item, or replaces the list", () => {
    expect(patch(containers, { containers: [{ name: "a", $patch: "delete" }] })).toEqual({ containers: [{ name: "b", image: "1" }] });
    expect(patch(containers, { containers: [{ $patch: "replace" }, { name: "only" }] })).toEqual({ containers: [{ name: "only" }] });
  });

  test("orders a list as $setElementOrder says", () => {
    const change = { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }], containers: [{ name: "a", image: "2" }] };
    expect(patch(containers, change)).toEqual({
      containers: [
        { name: "b", image: "1" },
        { name: "a", image: "2" },
      ],
    });
  });

  test("refuses a patch that contradicts its own order", () => {
    const change = { "$setElementOrder/containers": [{ name: "a" }, { name: "b" }], containers: [{ name: "b" }, { name: "a" }] };
    expect(() => patch(containers, change)).toThrow(
      "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder list:\n[map[name:a] map[name:b]]\n",
    );
  });

  test("merges and thins out sets of scalars, and replaces other lists", () => {
    expect(patch({ finalizers: ["a", "b"] }, { finalizers: ["c", "a"] })).toEqual({ finalizers: ["c", "a", "b"] });
    expect(patch({ finalizers: ["a", "b"] }, { "$deleteFromPrimitiveList/finalizers": ["a"] })).toEqual({ finalizers: ["b"] });
    expect(patch({ args: ["a", "b"] }, { args: ["c"] })).toEqual({ args: ["c"] });
  });

  test("keeps only the fields that $retainKeys names", () => {
    const change = { strategy: { $retainKeys: ["type"], type: "Recreate" } };
    expect(patch({ strategy: { type: "RollingUpdate", rollingUpdate: {} } }, change)).toEqual({ strategy: { type: "Recreate" } });
  });

  test("replaces a map, removes nulls, and drops directives that meet nothing", () => {
    expect(patch({ labels: { a: "1" } }, { labels: { $patch: "replace", b: "2" } })).toEqual({ labels: { b: "2" } });
    expect(patch({ labels: { a: "1" } }, { labels: { a: null, b: null } })).toEqual({ labels: {} });
    expect(patch({}, { labels: { $patch: "delete" }, containers: [{ name: "a", $patch: "delete" }, { name: "b" }] })).toEqual({
      containers: [{ name: "b" }],
    });
  });

  test.each([
    [{ containers: [{ image: "x" }] }, 500, "map: map[image:x] does not contain declared merge key: name"],
    [{ labels: { a: null, $patch: "x" } }, 500, "unknown patch type: x in map: map[$patch:x a:<nil>]"],
    [{ strategy: { $retainKeys: "type" } }, 400, "invalid patch format of retainKeys"],
    [{ "$setElementOrder/containers": {} }, 500, "expected a []interface {}, but received a map[string]interface {}"],
  ])("refuses %j", (change, code, message) => {
    expect(() => patch({ ...containers, labels: {}, strategy: {} }, change)).toThrow(expect.objectContaining({ code, message }));
  });
});
