import { applyJsonPatch } from "@outrigger/machinery/patch";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createJsonPatch } from "./index.ts";

const pod = () => ({
  metadata: { name: "web" },
  spec: {
    containers: [
      { name: "web", image: "nginx", env: [{ name: "A", value: "1" }] },
      { name: "log", image: "fluentd" },
    ],
  },
});

describe("createJsonPatch", () => {
  test("prepends a sidecar in one operation", () => {
    const after = pod();
    const sidecar = { name: "proxy", image: "envoy", env: [{ name: "B", value: "2" }] };
    after.spec.containers.unshift(sidecar);
    expect(createJsonPatch(pod(), after)).toEqual([{ op: "add", path: "/spec/containers/0", value: sidecar }]);
  });

  test("changes an image behind a prepended sidecar without touching its neighbours", () => {
    const after = pod();
    after.spec.containers.unshift({ name: "proxy", image: "envoy" } as never);
    after.spec.containers[2]!.image = "vector";
    expect(createJsonPatch(pod(), after)).toEqual([
      { op: "add", path: "/spec/containers/0", value: { name: "proxy", image: "envoy" } },
      { op: "replace", path: "/spec/containers/2/image", value: "vector" },
    ]);
  });

  test("creates missing parents together with their child", () => {
    const after = { ...pod(), metadata: { name: "web", annotations: { "a.b/c~d": "1" } } };
    expect(createJsonPatch(pod(), after)).toEqual([{ op: "add", path: "/metadata/annotations", value: { "a.b/c~d": "1" } }]);
  });

  test("escapes slashes and tildes", () => {
    expect(createJsonPatch({ "a/b~c": 1 }, { "a/b~c": 2 })).toEqual([{ op: "replace", path: "/a~1b~0c", value: 2 }]);
  });

  test("adds a label without naming the others", () => {
    expect(createJsonPatch({ labels: { a: "1" } }, { labels: { a: "1", b: "2" } })).toEqual([{ op: "add", path: "/labels/b", value: "2" }]);
  });

  test("is empty for an unchanged object, whatever the order of its keys", () => {
    expect(createJsonPatch({ a: 1, b: [{ name: "x" }] }, { b: [{ name: "x" }], a: 1 })).toEqual([]);
  });

  test("follows items by the keys it is given", () => {
    const before = {
      ports: [
        { port: 1, name: "a" },
        { port: 2, name: "b" },
      ],
    };
    const after = { ports: [{ port: 0 }, { port: 1, name: "a" }, { port: 2, name: "c" }] };
    expect(createJsonPatch(before, after, { keys: ["port"] })).toEqual([
      { op: "add", path: "/ports/0", value: { port: 0 } },
      { op: "replace", path: "/ports/2/name", value: "c" },
    ]);
  });

  test("prepends to a list whose items nothing tells apart in one operation", () => {
    const mounts = [
      { name: "v", mountPath: "/a" },
      { name: "v", mountPath: "/b" },
    ];
    expect(createJsonPatch(mounts, [{ name: "v", mountPath: "/0" }, ...mounts])).toEqual([
      { op: "add", path: "/0", value: { name: "v", mountPath: "/0" } },
    ]);
  });

  test("gives a patch that leads exactly from the one to the other", () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
    const named = fc.record({ name: fc.constantFrom("a", "b", "c", "d", "e"), value: scalar }, { requiredKeys: [] });
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        scalar,
        fc.array(tie("tree"), { maxLength: 5 }),
        fc.array(named, { maxLength: 6 }),
        fc.uniqueArray(named, { selector: (item) => item.name, maxLength: 6 }),
        fc.uniqueArray(fc.constantFrom("x", "y", "z", "w"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(fc.constantFrom("a", "b", "a/b", "~", "~1", "-", "0", "__proto__", ""), fc.string()), tie("tree"), {
          maxKeys: 5,
        }),
      ),
    }));
    const object = fc.dictionary(fc.constantFrom("spec", "a", "b/c", "__proto__"), tree);
    fc.assert(
      fc.property(object, object, (before, after) => {
        expect(applyJsonPatch(before, createJsonPatch(before, after))).toEqual(after);
      }),
      { numRuns: 500 },
    );
  });
});
