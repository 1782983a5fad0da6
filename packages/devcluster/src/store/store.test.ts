import type { KubeObject } from "@outrigger/kit/api";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RevisionGoneError, StaleEntryError, Store, type StoreEvent } from "./index.ts";

const object = (name: string, value = 0, namespace = "default"): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace },
  data: { value: String(value) },
});

describe("the store", () => {
  it("gives each write the next revision of all tables together", () => {
    const store = new Store();
    const first = store.table("", "configmaps").put(object("a"), undefined);
    const second = store.table("", "secrets").put(object("b"), undefined);
    expect(second.revision).toBe(first.revision + 1);
    expect(second.object.metadata.resourceVersion).toBe(String(second.revision));
    expect(store.revision).toBe(second.revision);
  });

  it("refuses a write that was decided on an older entry", () => {
    const table = new Store().table("", "configmaps");
    const seen = table.put(object("a"), undefined);
    table.put(object("a", 1), seen);
    expect(() => table.put(object("a", 2), seen)).toThrow(StaleEntryError);
    expect(() => table.put(object("a", 2), undefined)).toThrow(StaleEntryError);
    expect(() => table.remove(seen)).toThrow(StaleEntryError);
  });

  it("lists keys in order, by namespace and from a key on", () => {
    const table = new Store().table("", "configmaps");
    for (const [namespace, name] of [
      ["b", "x"],
      ["a", "z"],
      ["a", "a"],
      ["ab", "m"],
    ] as const)
      table.put(object(name, 0, namespace), undefined);
    expect(table.list().map(({ key }) => key)).toEqual(["a/a", "a/z", "ab/m", "b/x"]);
    expect(table.list({ namespace: "a" }).map(({ name }) => name)).toEqual(["a", "z"]);
    expect(table.list({ namespace: "a", after: "a/a" }).map(({ name }) => name)).toEqual(["z"]);
  });

  it("keeps the text of an object whose parsed form is gone", () => {
    const entry = new Store().table("", "configmaps").put(object("a", 7), undefined);
    expect(entry.copy()).toEqual(entry.object);
    expect(JSON.parse(entry.text).data).toEqual({ value: "7" });
  });

  it("forgets old history of tables that are quiet, all but the last hundred events", () => {
    const store = new Store();
    const table = store.table("", "configmaps");
    const first = table.put(object("a"), undefined);
    let entry = first;
    for (let value = 1; value <= 150; value++) entry = table.put(object("a", value), entry);
    store.expire(performance.now());
    expect(table.events.since(first.revision)).toHaveLength(150);
    store.expire(performance.now() + 80_000);
    expect(() => table.events.since(first.revision)).toThrow(RevisionGoneError);
    expect(table.events.since(entry.revision - 100)).toHaveLength(100);
  });

  it("keeps what one watcher encoded for the others, and not for the history", () => {
    const table = new Store().table("", "configmaps");
    const found: (string | undefined)[] = [];
    table.watch((event) => void event.frames.set("form", "frame"));
    table.watch((event) => void found.push(event.frames.get("form")));
    table.put(object("a"), undefined);
    expect(found).toEqual(["frame"]);
    expect(table.events.since(0).map((event) => event.frames.size)).toEqual([0]);
  });

  it("tells of revisions that it no longer knows", () => {
    const table = new Store().table("", "configmaps");
    let entry = table.put(object("a"), undefined);
    for (let value = 1; value <= 5; value++) entry = table.put(object("a", value), entry);
    table.events.compact(entry.revision);
    expect(() => table.events.since(entry.revision - 1)).toThrow(RevisionGoneError);
    expect(table.events.since(entry.revision)).toEqual([]);
    expect(() => table.list({ at: entry.revision - 1 })).toThrow(RevisionGoneError);
  });

  it("shows any past revision as it was, and its events lead from there to the present", () => {
    const operation = fc.record({ name: fc.constantFrom("a", "b", "c", "d"), remove: fc.boolean(), value: fc.nat(99) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
        const store = new Store();
        const table = store.table("", "configmaps");
        const states = new Map([[store.revision, [] as string[]]]);
        const told: StoreEvent[] = [];
        table.watch((event) => told.push(event));
        const shown = (): string[] => table.list().map((entry) => entry.text);
        for (const { name, remove, value } of operations) {
          const seen = table.get("default", name);
          if (remove) {
            if (seen) table.remove(seen);
          } else table.put(object(name, value), seen);
          states.set(store.revision, shown());
        }
        expect(told).toEqual(table.events.since(0));
        for (const [revision, state] of states) {
          expect(table.list({ at: revision }).map((entry) => entry.text)).toEqual(state);
          const replayed = new Map(table.list({ at: revision }).map((entry) => [entry.key, entry.text]));
          for (const { deleted, entry } of table.events.since(revision)) {
            if (deleted) replayed.delete(entry.key);
            else replayed.set(entry.key, entry.text);
          }
          expect([...replayed.values()].sort()).toEqual(shown().sort());
        }
      }),
      { numRuns: 60 },
    );
  });
});
