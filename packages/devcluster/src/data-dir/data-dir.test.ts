import { cpSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject } from "@outrigger/kit/api";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { RevisionGoneError, Store } from "../store/index.ts";
import { DataDir } from "./index.ts";

const root = mkdtempSync(join(tmpdir(), "data-dir-"));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, `parent-${++folders}`, "data");

/** What a process leaves that is killed now: the files as they are on the disk. */
function killed(folder: string): string {
  const copy = newFolder();
  cpSync(folder, copy, { recursive: true });
  return copy;
}
async function openStore(folder: string): Promise<{ dataDir: DataDir; store: Store }> {
  const dataDir = await DataDir.open(folder);
  return { dataDir, store: new Store(dataDir.journal, dataDir.state) };
}
const object = (name: string, value = 0): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data: { value: String(value) },
});
const texts = (store: Store): string[] =>
  ["configmaps", "secrets"].flatMap((plural) =>
    store
      .table("", plural)
      .list()
      .map(({ text }) => text),
  );

describe("a store in a folder", () => {
  it("goes on with its objects, and with the values it was given", async () => {
    const folder = newFolder();
    const first = await openStore(folder);
    const table = first.store.table("", "configmaps");
    const entry = table.put(object("b", 1), undefined);
    table.put(object("b", 2), entry);
    table.put(object("a"), undefined);
    table.remove(table.put(object("c"), undefined));
    first.dataDir.store("name", "value");
    const before = texts(first.store);
    first.dataDir.close();

    const { dataDir, store } = await openStore(folder);
    expect(texts(store)).toEqual(before);
    expect(
      store
        .table("", "configmaps")
        .list()
        .map(({ key }) => key),
    ).toEqual(["default/a", "default/b"]);
    expect(store.revision).toBe(first.store.revision);
    expect(dataDir.recall("name")).toBe("value");
    expect(dataDir.recall("other")).toBeUndefined();
    dataDir.close();
  });

  it("is readable by its owner alone, folder and file", async () => {
    const folder = newFolder();
    const dataDir = await DataDir.open(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of ["store.db", "store.db-wal", "process"]) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    dataDir.close();
  });

  it("keeps the writes of one turn in one commit, and says when", async () => {
    const folder = newFolder();
    const { dataDir, store } = await openStore(folder);
    expect(store.settled()).toBeUndefined();
    store.table("", "configmaps").put(object("a"), undefined);
    store.table("", "secrets").put(object("b"), undefined);
    const unsettled = killed(folder);
    await store.settled();
    expect(store.settled()).toBeUndefined();
    expect(store.kept()).toBeUndefined();
    const settled = killed(folder);
    dataDir.close();

    const lost = await openStore(unsettled);
    expect(texts(lost.store)).toEqual([]);
    lost.dataDir.close();
    const found = await openStore(settled);
    expect(texts(found.store)).toHaveLength(2);
    found.dataDir.close();
  });

  it("never gives out a revision twice, whether its writes were kept or not", async () => {
    let folder = newFolder();
    let highest = 0;
    for (let round = 0; round < 4; round++) {
      const { dataDir, store } = await openStore(folder);
      const table = store.table("", "configmaps");
      for (let value = 0; value < 700; value++) {
        const { revision } = table.put(object("a", value), table.get("default", "a"));
        if (value === 0) expect(revision).toBeGreaterThan(highest);
        highest = revision;
        if (value % 300 === 0) await store.settled();
      }
      folder = killed(folder);
      dataDir.close();
    }
  });

  it("lets watches of quiet resources go on after a restart, and tells the others that their version is gone", async () => {
    const folder = newFolder();
    const { dataDir, store } = await openStore(folder);
    const secret = store.table("", "secrets").put(object("quiet"), undefined);
    const table = store.table("", "configmaps");
    const first = table.put(object("a"), undefined);
    const removal = table.remove(first);
    await store.settled();
    const copy = killed(folder);
    dataDir.close();

    const again = await openStore(copy);
    const secrets = again.store.table("", "secrets").events;
    const configMaps = again.store.table("", "configmaps").events;
    expect(secrets.since(secret.revision)).toEqual([]);
    expect(configMaps.since(removal.revision)).toEqual([]);
    expect(() => configMaps.since(first.revision)).toThrow(RevisionGoneError);
    const next = again.store.table("", "secrets").put(object("next"), undefined);
    expect(secrets.since(secret.revision).map(({ revision }) => revision)).toEqual([next.revision]);
    again.dataDir.close();
  });

  it("is after a kill in the state of the last commit, whatever was written", async () => {
    const operation = fc.record({
      plural: fc.constantFrom("configmaps", "secrets"),
      name: fc.constantFrom("a", "b", "c"),
      remove: fc.boolean(),
      value: fc.nat(99),
      settle: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
        const folder = newFolder();
        const { dataDir, store } = await openStore(folder);
        let kept: string[] = [];
        for (const { plural, name, remove, value, settle } of operations) {
          const table = store.table("", plural);
          const seen = table.get("default", name);
          if (remove && seen) table.remove(seen);
          else if (!remove) table.put(object(name, value), seen);
          if (!settle) continue;
          await store.settled();
          kept = texts(store);
        }
        const copy = killed(folder);
        dataDir.close();
        const again = await openStore(copy);
        expect(texts(again.store)).toEqual(kept);
        again.dataDir.close();
        rmSync(copy, { recursive: true });
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 30 },
    );
  });
});
