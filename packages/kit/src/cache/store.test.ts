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
/** Plain comparison: an `expect` for each would take most of the time. */
function same(what: string, objects: Iterable<KubeObject>, wanted: Iterable<KubeObject>): void {
  const keys = (all: Iterable<KubeObject>): string =>
    Array.from(all, ({ metadata }) => `${storeKey(metadata)} ${metadata.labels!["color"]}`)
      .sort()
      .join();
  if (keys(objects) !== keys(wanted)) throw new Error(`${what}: ${keys(objects)}, and the list says ${keys(wanted)}`);
}

test("answers every query as a plain list does, after any sequence of writes", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 25, size: "max" }), (operations) => {
      const store = new Store();
      const model = new Map<string, KubeObject>();
      let indexed = false;
      for (const step of operations) {
        if (step.do === "index") {
          if (!indexed) store.addIndex("color", ({ metadata }) => [metadata.labels!["color"]!]);
          indexed = true;
        } else if (step.do === "set") {
          const next = object(step.namespace, step.name, step.color);
          if (store.set(next) !== model.get(storeKey(step))) throw new Error("set returns what it replaces");
          model.set(storeKey(step), next);
        } else {
          if (store.delete(storeKey(step)) !== model.get(storeKey(step))) throw new Error("delete returns what it removes");
          model.delete(storeKey(step));
        }
        const all = [...model.values()];
        if (store.size !== model.size) throw new Error(`size ${store.size}`);
        same("all", store.values(), all);
        for (const namespace of ["a", "b"])
          same(
            `namespace ${namespace}`,
            store.values(namespace),
            all.filter(({ metadata }) => metadata.namespace === namespace),
          );
        if (indexed)
          for (const color of ["red", "green"])
            same(
              `index ${color}`,
              store.byIndex("color", color),
              all.filter(({ metadata }) => metadata.labels!["color"] === color),
            );
      }
    }),
    { numRuns: 10_000 },
  );
}, 120_000);

test("an index that was not declared is an error, and so is one name for two functions", () => {
  const store = new Store();
  expect(() => store.byIndex("color", "red")).toThrow(/no index "color"/);
  const index = (): string[] => [];
  store.addIndex("color", index);
  store.addIndex("color", index);
  expect(() => store.addIndex("color", () => [])).toThrow(/already/);
});
