import { CustomResourceDefinition, defineResource, t } from "@outrigger/kit";
import type { KubeObject, Resource } from "@outrigger/kit/api";
import { type Informers, type InformersOptions, informers } from "@outrigger/kit/cache";
import { type Client, connect, dynamicResource, NotFoundError, type Transport, type TransportRequest } from "@outrigger/kit/client";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { ApiServerProcess } from "../../soak/api-server-process.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const Namespace = dynamicResource("v1", "Namespace", "namespaces", "Cluster");
const Gauge = defineResource({ group: "cache.outrigger.dev", version: "v1", kind: "Gauge", spec: t.Object({ value: t.Integer() }) });
const run = Date.now().toString(36);
const namespace = `cache-${run}`;
const MANY = 620;

let cluster: TestCluster;
let client: Client;
let server: ApiServerProcess | undefined;

beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  server = cluster.kind === "real" ? ApiServerProcess.find() : undefined;
  client = connect({ text: cluster.kubeconfig });
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } as never);
  for (let i = 0; i < MANY; i += 20) await Promise.all(Array.from({ length: 20 }, (_, j) => put(`many-${i + j}`, "many")));
}, 120_000);
afterAll(async () => {
  if (cluster?.kind === "existing") await client.delete(Namespace, { name: namespace });
  await client?.close();
  await server?.close();
  await cluster?.close();
});

const onReal = (): boolean => server !== undefined;
function put(name: string, app: string, data: object = { text: "x".repeat(200) }): Promise<unknown> {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name, labels: { app } }, data };
  return client.apply(ConfigMap, object as never, { force: true });
}

/** A transport that shows each request first, and may change it. */
function through(look: (request: TransportRequest) => TransportRequest | Promise<TransportRequest>): Transport {
  const { transport } = client;
  return { request: async (request) => transport.request(await look(request)), close: async () => {} };
}

/** Informers that stop with the test, and what they asked for. */
function start(options: InformersOptions = {}, look: Parameters<typeof through>[0] = (request) => request) {
  const requests: URLSearchParams[] = [];
  const errors: unknown[] = [];
  const own = connect(
    through((request) => {
      requests.push(new URL(request.path, "https://server").searchParams);
      return look(request);
    }),
  );
  const all: Informers = informers(own, { onError: (error) => errors.push(error), backoff: { baseMs: 100, maxMs: 1000 }, ...options });
  onTestFinished(() => all.stop());
  return { all, requests, errors };
}

/** What a handler was told, one line an event. */
function recorder(): { readonly lines: string[]; onAdd(now: unknown): void; onUpdate(now: unknown): void; onDelete(last: unknown): void } {
  const lines: string[] = [];
  const say = (what: string, object: unknown): void => void lines.push(`${what} ${(object as KubeObject).metadata.name}`);
  return { lines, onAdd: (now) => say("add", now), onUpdate: (now) => say("update", now), onDelete: (last) => say("delete", last) };
}
const trimmed = (object: unknown): unknown => {
  const { managedFields: _, ...metadata } = (object as KubeObject).metadata;
  return { ...(object as KubeObject), metadata };
};
const byName = (a: unknown, b: unknown): number => ((a as KubeObject).metadata.name! < (b as KubeObject).metadata.name! ? -1 : 1);
async function listed(resource: Resource, labelSelector?: string): Promise<unknown[]> {
  const { items } = await client.list(resource, { namespace, ...(labelSelector ? { labelSelector } : {}) });
  return items.map(trimmed).sort(byName);
}

test.each([
  ["WatchList", true],
  ["pages of 500 and a watch", false],
])("by %s a store comes to hold what the server holds, and follows it", async (way, watchList) => {
  const { all, requests, errors } = start({ watchList });
  const informer = all.for(ConfigMap, { namespace, labelSelector: "app=many" });
  const handler = recorder();
  const registration = informer.addHandler(handler);
  all.start();
  await registration.synced();
  expect([...informer.lister.list()].sort(byName)).toEqual(await listed(ConfigMap, "app=many"));
  expect(handler.lines).toHaveLength(MANY);
  await put("many-0", "many", { text: `changed, ${way}` });
  await put("many-1", "few");
  await put("many-1", "many");
  await eventually(() => handler.lines.length === MANY + 3);
  expect(handler.lines.slice(MANY)).toEqual(["update many-0", "delete many-1", "add many-1"]);
  await eventually(async () => {
    expect([...informer.lister.list()].sort(byName)).toEqual(await listed(ConfigMap, "app=many"));
    return true;
  });
  expect(errors).toEqual([]);
  if (watchList) expect(requests).toHaveLength(1);
  else expect(requests.map((query) => (query.has("watch") ? "watch" : query.get("limit")))).toEqual(["500", "500", "watch"]);
});

test("keeps metadata alone where only metadata is wanted", async () => {
  const { all } = start();
  const informer = all.for(ConfigMap, { namespace, labelSelector: "app=many", metadataOnly: true });
  all.start();
  await all.synced();
  const wanted = ((await listed(ConfigMap, "app=many")) as KubeObject[]).map(({ apiVersion, kind, metadata }) => ({
    apiVersion,
    kind,
    metadata,
  }));
  expect([...informer.lister.list()].sort(byName)).toEqual(wanted);
});

test("learns by bookmarks how far the server has come, with nothing of its own changed", async () => {
  // A bookmark comes two seconds before the end of a watch, at the latest.
  const { all } = start({}, (request) => ({ ...request, path: request.path.replace(/timeoutSeconds=\d+/, "timeoutSeconds=5") }));
  const informer = all.for(ConfigMap, { namespace, labelSelector: "app=none" });
  all.start();
  await all.synced();
  const before = informer.lastSyncedResourceVersion;
  const written = (await put("bookmarked", "other")) as KubeObject;
  await eventually(() => informer.lastSyncedResourceVersion !== before);
  expect(BigInt(informer.lastSyncedResourceVersion) >= BigInt(written.metadata.resourceVersion!)).toBe(true);
  expect(informer.lister.list()).toEqual([]);
});

test("tells of a definition's objects that they are gone with it, tries on, and is served again when the definition is back", async () => {
  const define = async (): Promise<void> => {
    await client.apply(CustomResourceDefinition, Gauge.crd() as never, { force: true });
    await eventually(async () => (await client.list(Gauge, { namespace })).items.length === 0);
  };
  const create = (name: string): Promise<unknown> =>
    eventually(() =>
      client.create(Gauge, {
        apiVersion: "cache.outrigger.dev/v1",
        kind: "Gauge",
        metadata: { namespace, name },
        spec: { value: 1 },
      } as never),
    );
  await define();
  await create("first");
  const { all, errors } = start();
  const informer = all.for(Gauge, { namespace });
  const handler = recorder();
  informer.addHandler(handler as never);
  all.start();
  await all.synced();
  await client.delete(CustomResourceDefinition, { name: "gauges.cache.outrigger.dev" });
  await eventually(() => handler.lines.includes("delete first"));
  await eventually(() => errors.some((error) => error instanceof NotFoundError));
  await define();
  await create("second");
  await eventually(() => handler.lines.includes("add second"));
  expect(handler.lines).toEqual(["add first", "delete first", "add second"]);
  await client.delete(CustomResourceDefinition, { name: "gauges.cache.outrigger.dev" });
  await eventually(() => handler.lines.includes("delete second"));
  // Whoever knows that it will not come back ends the trying.
  await all.drop(informer as never);
  const count = errors.length;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(errors.length).toBe(count);
});

test("starts with the whole list where the version of its pages is compacted away half-way", async (context) => {
  if (!onReal()) return context.skip("only a real etcd is compacted");
  let compacted = false;
  const { all, requests } = start({ watchList: false }, async (request) => {
    if (request.path.includes("continue=") && !compacted) {
      compacted = true;
      await put("many-2", "many", { text: "after the first page" });
      await compact();
      // Since 1.34 it may answer from snapshots of its own, which a restart ends.
      await server!.restart(client);
    }
    return request;
  });
  const informer = all.for(ConfigMap, { namespace, labelSelector: "app=many" });
  all.start();
  await all.synced();
  expect(compacted).toBe(true);
  expect(requests.map((query) => (query.has("watch") ? "watch" : (query.get("limit") ?? "whole"))).slice(0, 3)).toEqual([
    "500",
    "500",
    "0",
  ]);
  expect([...informer.lister.list()].sort(byName)).toEqual(await listed(ConfigMap, "app=many"));
});

test("gets over a restart of the API server, and tells what vanished meanwhile as deleted", async (context) => {
  if (!onReal()) return context.skip("only a real API server can be started anew with what it held");
  await put("stays", "restart");
  await put("changes", "restart");
  await put("vanishes", "restart");
  let hold: Promise<void> | undefined;
  const { all, errors } = start({}, async (request) => {
    await hold;
    return request;
  });
  const informer = all.for(ConfigMap, { namespace, labelSelector: "app=restart" });
  const handler = recorder();
  const registration = informer.addHandler(handler);
  all.start();
  await registration.synced();
  const before = informer.lister.get({ namespace, name: "stays" });
  // The informer looks away until everything has happened.
  const back = Promise.withResolvers<void>();
  hold = back.promise;
  await server!.restart(client);
  await client.delete(ConfigMap, { namespace, name: "vanishes" });
  await put("changes", "restart", { text: "changed" });
  await compact();
  await server!.restart(client);
  back.resolve();
  await eventually(() => handler.lines.length === 5);
  expect(handler.lines.slice(3).sort()).toEqual(["delete vanishes", "update changes"]);
  expect(informer.lister.get({ namespace, name: "stays" })).toBe(before);
  expect([...informer.lister.list()].sort(byName)).toEqual(await listed(ConfigMap, "app=restart"));
  await put("comes", "restart");
  await eventually(() => handler.lines.includes("add comes"));
  expect(errors.length).toBeGreaterThan(0);
});

/** Forgets etcd's history up to now. */
async function compact(): Promise<void> {
  const etcd = async (path: string, body: object): Promise<{ header: { revision: string } }> =>
    (await (await fetch(`${server!.etcd}/v3/kv/${path}`, { method: "POST", body: JSON.stringify(body) })).json()) as never;
  const { header } = await etcd("range", { key: Buffer.from("/").toString("base64") });
  await etcd("compaction", { revision: header.revision, physical: true });
}
