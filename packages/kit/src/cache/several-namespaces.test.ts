import { expect, test } from "vitest";
import { startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap } from "../../test/kinds.ts";
import { connect } from "../client/index.ts";
import { Namespace } from "../kinds/index.ts";
import { informers, UndeclaredInformerError } from "./index.ts";

test("several namespaces are read as one: objects, indexes, handlers; what is elsewhere is not there", async () => {
  await using server = await startApiServer();
  server.put("one", {}, "a");
  server.put("two", {}, "b");
  server.put("three", {}, "c");
  const client = connect({ text: server.kubeconfig() });
  const all = informers(client, { onError: () => {} });
  const both = all.for(ConfigMap, { namespaces: ["a", "b", "a"] });
  expect(all.for(ConfigMap, { namespaces: ["b", "a"] })).toBe(both);
  both.addIndex("length", ({ metadata }) => [String(metadata.name.length)]);
  const heard: string[] = [];
  const registration = both.addHandler({
    onAdd: ({ metadata }) => void heard.push(`+${metadata.name}`),
    onDelete: ({ metadata }) => void heard.push(`-${metadata.name}`),
  });
  expect(both.following).toBeUndefined();
  all.start();
  await registration.synced();
  expect([both.hasSynced(), registration.hasSynced()]).toEqual([true, true]);
  const names = (objects: readonly { readonly metadata: { readonly name: string } }[]): string[] =>
    objects.map(({ metadata }) => metadata.name).sort();
  expect(names(both.lister.list())).toEqual(["one", "two"]);
  expect(names(both.lister.list({ namespace: "b" }))).toEqual(["two"]);
  expect(names(both.lister.list({ namespace: "c" }))).toEqual([]);
  expect(names(both.lister.byIndex("length", "3"))).toEqual(["one", "two"]);
  expect(both.lister.get({ namespace: "b", name: "two" })?.metadata.name).toBe("two");
  expect(both.lister.get({ namespace: "c", name: "three" })).toBeUndefined();
  const object = (namespace: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace } });
  expect([both.covers(object("a")), both.covers(object("c"))]).toEqual([true, false]);
  expect(both.partOf(object("a"))?.lister.list()).toHaveLength(1);
  expect(both.partOf(object("c"))).toBeUndefined();
  // One watch for each namespace; a kind's informer of one namespace is shared with whoever asks for that alone.
  expect(all.for(ConfigMap, { namespace: "a" })).toBe(both.partOf(object("a")));
  await until(() => both.following !== undefined);

  server.put("four", {}, "b");
  server.remove("one", "a");
  await until(() => heard.length === 4);
  expect(heard.toSorted()).toEqual(["+four", "+one", "+two", "-one"]);
  expect(names(all.lister(ConfigMap, { namespaces: ["a", "b"] }).list())).toEqual(["four", "two"]);

  await all.drop(both as never);
  expect(() => all.lister(ConfigMap, { namespaces: ["a", "b"] })).toThrow(UndeclaredInformerError);
  expect(() => all.lister(ConfigMap, { namespace: "a" })).toThrow(UndeclaredInformerError);
  await all.stop();
  await client.close();
});

test("namespaces that cannot be meant are refused", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const all = informers(client);
  expect(() => all.for(ConfigMap, { namespaces: [] })).toThrow("ConfigMap: namespaces must name at least one");
  expect(() => all.for(ConfigMap, { namespaces: ["a", ""] })).toThrow(RangeError);
  expect(() => all.for(ConfigMap, { namespaces: ["a"], namespace: "b" })).toThrow("exclude each other");
  expect(() => all.for(Namespace, { namespaces: ["a"] })).toThrow("Namespace is cluster-scoped");
  await all.stop();
  await client.close();
});
