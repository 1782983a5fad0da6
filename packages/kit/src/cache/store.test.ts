import fc from "fast-check";
import { expect, test } from "vitest";
import type { KubeObject } from "../api/index.ts";
import { Store, storeKey } from "./store.ts";

function object(namespace: string, name: string, color: string): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name, labels: { color } } };
}
const operation = fc.oneof(
  fc.record({
    do: fc.constant("set" as const),
    namespace: fc.constantFrom("a", "b"),
    name: fc.constantFrom("x", "y", "z"),
    color: fc.constantFrom("red", "green"),
  }),
  fc.record({ do: fc.constant("delete" as const), namespace: fc.constantFrom("a", "b"), name: fc.constantFrom("x", "y", "z") }),
  fc.record({ do: fc.constant("index" as const) }),
);
const keys = (objects: Iterable<KubeObject>): string[] => Array.from(objects, ({ metadata }) => storeKey(metadata)).sort();

test("answers every query as a plain list does, after any sequence of writes", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const store = new Store();
      const model = new Map<string, KubeObject>();
      let indexed = false;
      for (const step of operations) {
        if (step.do === "index") {
          if (!indexed) store.addIndex("color", ({ metadata }) => [metadata.labels!["color"]!]);
          indexed = true;
        } else if (step.do === "set") {
          const next = object(step.namespace, step.name, step.color);
          expect(store.set(next)).toBe(model.get(storeKey(step)));
          model.set(storeKey(step), next);
        } else {
          expect(store.delete(storeKey(step))).toBe(model.get(storeKey(step)));
          model.delete(storeKey(step));
        }
        const all = [...model.values()];
        expect(store.size).toBe(model.size);
        expect(keys(store.values())).toEqual(keys(all));
        for (const namespace of ["a", "b"])
          expect(keys(store.values(namespace))).toEqual(keys(all.filter(({ metadata }) => metadata.namespace === namespace)));
        if (indexed)
          for (const color of ["red", "green"])
            expect(keys(store.byIndex("color", color))).toEqual(keys(all.filter(({ metadata }) => metadata.labels!["color"] === color)));
      }
    }),
    { numRuns: 1000 },
  );
});

test("an index that was not declared is an error, and so is one name for two functions", () => {
  const store = new Store();
  expect(() => store.byIndex("color", "red")).toThrow(/no index "color"/);
  const index = (): string[] => [];
  store.addIndex("color", index);
  store.addIndex("color", index);
  expect(() => store.addIndex("color", () => [])).toThrow(/already/);
});
