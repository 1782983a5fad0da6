import { beforeEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../api/index.ts";
import type { Informer } from "../cache/index.ts";
import { FakeClock } from "../queue/index.ts";
import { OwnWrites } from "./own-writes.ts";

/** As much of an informer as is asked: a store by name, a version, a selection. */
class Cache {
  readonly store = new Map<string, KubeObject>();
  lastSyncedResourceVersion = "100";
  readonly lister = { get: ({ name }: { readonly name: string }) => this.store.get(name) };
  readonly #listeners = new Set<() => void>();
  onProgress(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
  partOf(): this {
    return this;
  }
  covers({ metadata }: KubeObject): boolean {
    return metadata.labels?.["seen"] !== "no";
  }
  /** The watch brought this, or (without a name) a bookmark. */
  reach(version: string, name?: string, object?: KubeObject): void {
    if (name !== undefined && object) this.store.set(name, object);
    else if (name !== undefined) this.store.delete(name);
    this.lastSyncedResourceVersion = version;
    for (const listener of [...this.#listeners]) listener();
  }
  get listeners(): number {
    return this.#listeners.size;
  }
}
const object = (name: string, resourceVersion: string, more: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name, namespace: "default", uid: `uid-${name}`, resourceVersion, ...more },
});

let clock: FakeClock;
let cache: Cache;
let released: string[];
let late: string[];
let writes: OwnWrites;
const informer = (): Informer => cache as unknown as Informer;
beforeEach(() => {
  clock = new FakeClock();
  cache = new Cache();
  released = [];
  late = [];
  writes = new OwnWrites(
    clock,
    (key) => released.push(key),
    (key, what) => late.push(`${key}: ${what}`),
  );
});

describe("a write of version V", () => {
  test("holds its key back until the informer has reached V, and no other key", () => {
    writes.wrote("a", informer(), object("s", "105"));
    expect([writes.mayRun("a"), writes.mayRun("b")]).toEqual([false, true]);
    cache.reach("104", "s", object("s", "104"));
    expect(released).toEqual([]);
    cache.reach("105", "s", object("s", "105"));
    expect(released).toEqual(["a"]);
    expect(writes.mayRun("a")).toBe(true);
    expect([writes.parked, cache.listeners, clock.pending]).toEqual([0, 0, 0]);
  });

  test("is seen by a bookmark, or a later event of any object", () => {
    writes.wrote("a", informer(), object("s", "105"));
    writes.mayRun("a");
    cache.reach("106");
    expect(released).toEqual(["a"]);
  });

  test("is compared by length, then text: 1000 comes after 999, beyond what a double can tell apart too", () => {
    cache.lastSyncedResourceVersion = "999";
    writes.wrote("a", informer(), object("s", "1000"));
    expect(writes.mayRun("a")).toBe(false);
    cache.reach("1000");
    expect(writes.mayRun("a")).toBe(true);
    writes.wrote("a", informer(), object("s", "9007199254740993"));
    cache.reach("9007199254740992");
    expect(writes.mayRun("a")).toBe(false);
    cache.reach("9007199254740993");
    expect(writes.mayRun("a")).toBe(true);
  });

  test.for(["", "0", "007", "1a", "-1"])("that is no counter (%j) is not waited for", (version) => {
    writes.wrote("a", informer(), object("s", version));
    expect(writes.mayRun("a")).toBe(true);
  });

  test("that the cache shows already is not waited for", () => {
    writes.wrote("a", informer(), object("s", "100"));
    expect(writes.mayRun("a")).toBe(true);
  });

  test("outside of the informer's selection is not waited for", () => {
    writes.wrote("a", informer(), object("s", "105", { labels: { seen: "no" } }));
    expect(writes.mayRun("a")).toBe(true);
  });

  test("that takes an object out of the selection is waited for: the cache still shows the old one", () => {
    cache.store.set("s", object("s", "99"));
    writes.wrote("a", informer(), object("s", "105", { labels: { seen: "no" } }));
    expect(writes.mayRun("a")).toBe(false);
    cache.reach("105", "s");
    expect(released).toEqual(["a"]);
  });
});

describe("a deletion", () => {
  beforeEach(() => {
    cache.store.set("s", object("s", "99"));
    writes.deleted("a", informer(), object("s", "99"));
    expect(writes.mayRun("a")).toBe(false);
    cache.reach("200");
    expect(released, "a version alone says nothing about it").toEqual([]);
  });
  test("is seen when the store lacks the object", () => {
    cache.reach("201", "s");
    expect(released).toEqual(["a"]);
  });
  test("is seen when another object has its name", () => {
    cache.reach("201", "s", object("s", "201", { uid: "another" }));
    expect(released).toEqual(["a"]);
  });
  test("is seen when the store shows it terminating: it may take its time to go", () => {
    cache.reach("201", "s", object("s", "201", { deletionTimestamp: "2024-01-01T00:00:00Z" }));
    expect(released).toEqual(["a"]);
  });
});

test("the wait has an end, 30 seconds after the write, and says for what it was", () => {
  writes.wrote("a", informer(), object("s", "105"));
  clock.advance(10_000);
  writes.mayRun("a");
  clock.advance(19_999);
  expect(released).toEqual([]);
  clock.advance(1);
  expect(released).toEqual(["a"]);
  expect(late).toEqual(["a: Secret s at version 105"]);
  expect(writes.mayRun("a")).toBe(true);
});

test("several writes are waited for together", () => {
  cache.store.set("t", object("t", "99"));
  writes.wrote("a", informer(), object("s", "105"));
  writes.deleted("a", informer(), object("t", "99"));
  writes.mayRun("a");
  cache.reach("105", "s", object("s", "105"));
  expect(released).toEqual([]);
  cache.reach("106", "t");
  expect(released).toEqual(["a"]);
});

test("stop leaves no timer and no listener", () => {
  writes.wrote("a", informer(), object("s", "105"));
  writes.mayRun("a");
  writes.stop();
  expect([writes.parked, cache.listeners, clock.pending]).toEqual([0, 0, 0]);
});
