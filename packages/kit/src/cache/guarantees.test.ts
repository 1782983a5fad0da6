import { expect, test } from "vitest";
import { type ApiServer, refuse, startApiServer, until } from "../../test/api-server.ts";
import type { KubeObject } from "../api/index.ts";
import { connect, dynamicResource } from "../client/index.ts";
import { HandlerBehindError, IndexError, type Informers, type InformersOptions, informers, UndeclaredInformerError } from "./index.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");
const Gone = dynamicResource("example.com/v1", "Gone", "gones", "Namespaced");

function start(server: ApiServer, options: InformersOptions = {}): Informers & { readonly errors: unknown[] } & AsyncDisposable {
  const client = connect({ text: server.kubeconfig() });
  const errors: unknown[] = [];
  const all = informers(client, { onError: (error) => errors.push(error), backoff: { baseMs: 5, maxMs: 20 }, ...options });
  return Object.assign(all, {
    errors,
    async [Symbol.asyncDispose]() {
      await all.stop();
      await client.close();
    },
  });
}
const versionOf = (object: unknown): string => (object as KubeObject).metadata.resourceVersion ?? "";

test("while a handler's buffer is full the next event is not read; then everything comes, in order", async () => {
  await using server = await startApiServer();
  await using all = start(server, { handlerBuffer: 10 });
  const informer = all.for(ConfigMap);
  const slow: string[] = [];
  const quick: string[] = [];
  let release = (): void => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  informer.addHandler({
    onUpdate: (now) => {
      slow.push(versionOf(now));
      return held;
    },
  });
  informer.addHandler({ onUpdate: (now) => void quick.push(versionOf(now)) });
  all.start();
  await all.synced();
  server.put("a");
  for (let i = 0; i < 200; i++) server.put("a", { data: { padding: "x".repeat(10_000) } });
  await until(() => all.errors.length === 1);
  expect(all.errors[0]).toBeInstanceOf(HandlerBehindError);
  // A bookmark would be read if anything were.
  server.bookmark();
  const reached = informer.lastSyncedResourceVersion;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(informer.lastSyncedResourceVersion).toBe(reached);
  expect(quick.length).toBeLessThan(20);
  release();
  await until(() => slow.length === 200);
  expect(slow).toEqual(Array.from({ length: 200 }, (_, index) => String(102 + index)));
  expect(quick).toEqual(slow);
});

test("the first list never fills a handler's buffer, however long it is", async () => {
  await using server = await startApiServer();
  for (let i = 0; i < 50; i++) server.put(`a${i}`);
  await using all = start(server, { handlerBuffer: 10 });
  const informer = all.for(ConfigMap);
  const heard: string[] = [];
  const gate = Promise.withResolvers<void>();
  informer.addHandler({ onAdd: () => gate.promise });
  informer.addHandler({ onAdd: ({ metadata }) => void heard.push(metadata.name) });
  all.start();
  await until(() => heard.length === 50);
  server.put("late");
  await until(() => heard.includes("late"));
  expect(all.errors).toEqual([]);
  gate.resolve();
});

test("an informer that is dropped ends its watch and is forgotten, and its handlers hear nothing more", async () => {
  await using server = await startApiServer();
  server.put("a");
  await using all = start(server);
  const informer = all.for(ConfigMap);
  const heard: string[] = [];
  const registration = informer.addHandler({ onAdd: ({ metadata }) => void heard.push(metadata.name) });
  all.start();
  await registration.synced();
  await all.drop(informer);
  await until(() => server.watchers === 0);
  server.put("b");
  const next = all.for(ConfigMap);
  expect(next).not.toBe(informer);
  await next.synced();
  expect(next.lister.list()).toHaveLength(2);
  expect(informer.lister.list()).toHaveLength(1);
  expect(heard).toEqual(["a"]);
});

test("an informer of a kind that is served no longer is tried again and again, until it is dropped", async () => {
  await using server = await startApiServer();
  await using all = start(server);
  const informer = all.for(Gone);
  all.start();
  await until(() => all.errors.length >= 3);
  const waiting = expect(informer.synced()).rejects.toThrow("the informer of gones was stopped");
  await all.drop(informer);
  await waiting;
  const count = server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(server.requests.length).toBe(count);
});

test("reading a kind that no informer was declared for is an error that names the declaration and the verbs, and no request", async () => {
  await using server = await startApiServer();
  await using all = start(server);
  all.for(ConfigMap);
  expect(all.lister(ConfigMap)).toBe(all.for(ConfigMap).lister);
  expect(() => all.lister(Lease)).toThrow(UndeclaredInformerError);
  expect(() => all.lister(Lease, { namespace: "a" })).toThrow(
    'no informer of Lease (coordination.k8s.io/v1) is declared with {"namespace":"a"}: declare it with informers.for(Lease, {"namespace":"a"}), or in a controller with .owns, .watches or .uses, and grant the verbs list and watch on leases in the API group "coordination.k8s.io"',
  );
  all.start();
  await all.synced();
  expect(server.requests.every(({ url }) => url.pathname.endsWith("/configmaps"))).toBe(true);
});

test("a metadata-only informer keeps metadata alone, even from a server that sends everything", async () => {
  await using server = await startApiServer();
  server.put("a", { metadata: { labels: { app: "x" }, managedFields: [{ manager: "m" }] }, data: { secret: "s" } });
  await using all = start(server);
  const informer = all.for(ConfigMap, { metadataOnly: true });
  all.start();
  await all.synced();
  server.put("b", { data: { secret: "s" } });
  await until(() => informer.lister.list().length === 2);
  for (const object of informer.lister.list()) expect(Object.keys(object).sort()).toEqual(["apiVersion", "kind", "metadata"]);
  expect(server.requests[0]?.headers.accept).toMatch(/PartialObjectMetadata/);
  expect((informer.lister.get({ namespace: "default", name: "a" }) as unknown as KubeObject).metadata).not.toHaveProperty("managedFields");
});

test("a transform decides what is stored; one that throws is reported, and the object stored as it is", async () => {
  await using server = await startApiServer();
  server.put("a", { data: { keep: "1", drop: "2" } });
  server.put("odd");
  await using all = start(server);
  const informer = all.for(ConfigMap, {
    transform: (object) => {
      const { drop: _, ...data } = object["data"] as Record<string, string>;
      return { ...object, data };
    },
  });
  all.start();
  await all.synced();
  expect(informer.lister.get({ namespace: "default", name: "a" })?.["data"]).toEqual({ keep: "1" });
  expect(informer.lister.get({ namespace: "default", name: "odd" })).toBeDefined();
  expect(all.errors).toEqual([expect.any(TypeError)]);
});

test("an index function that throws is reported, and keeps no object out of the store", async () => {
  await using server = await startApiServer();
  server.put("a", { data: { x: "1" } });
  server.put("odd");
  await using all = start(server);
  const informer = all.for(ConfigMap);
  informer.addIndex("x", (object) => [(object["data"] as { x: string }).x]);
  all.start();
  await all.synced();
  expect(informer.lister.list()).toHaveLength(2);
  expect(informer.lister.byIndex("x", "1")).toHaveLength(1);
  expect(all.errors).toEqual([expect.any(IndexError)]);
  server.remove("odd");
  await until(() => informer.lister.list().length === 1);
});

test("handlers are told after store and indexes changed", async () => {
  await using server = await startApiServer();
  await using all = start(server);
  const informer = all.for(ConfigMap);
  informer.addIndex("x", (object) => [(object["data"] as { x: string }).x]);
  const found: number[] = [];
  const look = (object: unknown): void =>
    void found.push(informer.lister.byIndex("x", ((object as KubeObject)["data"] as { x: string }).x).length);
  informer.addHandler({ onAdd: look, onUpdate: look, onDelete: look });
  all.start();
  await all.synced();
  server.put("a", { data: { x: "1" } });
  await until(() => found.length === 1);
  server.put("a", { data: { x: "2" } });
  await until(() => found.length === 2);
  server.remove("a");
  await until(() => found.length === 3);
  expect(found).toEqual([1, 1, 0]);
});

test("who waits for the first list is told when it will never come", async () => {
  await using server = await startApiServer();
  server.interceptions.push(() => true);
  await using all = start(server);
  const informer = all.for(ConfigMap);
  const removed = informer.addHandler({});
  all.start();
  const ends = [
    expect(removed.synced()).rejects.toThrow("the handler was removed"),
    expect(informer.synced()).rejects.toThrow("the informer of configmaps was stopped"),
    expect(informer.synced(AbortSignal.timeout(20))).rejects.toThrow(/timeout/),
  ];
  await ends[2];
  removed.remove();
  await all.stop();
  await Promise.all(ends);
});

test("stop waits for the calls under way, and handlers hear nothing more, neither what was waiting nor what is there", async () => {
  await using server = await startApiServer();
  for (const name of ["a", "b", "c"]) server.put(name);
  await using all = start(server);
  const informer = all.for(ConfigMap);
  const gate = Promise.withResolvers<void>();
  const heard: string[] = [];
  const registration = informer.addHandler({
    async onAdd({ metadata }) {
      heard.push(metadata.name);
      await gate.promise;
      heard.push("end");
    },
  });
  all.start();
  await until(() => heard.length === 1);
  let stopped = false;
  const stopping = all.stop().then(() => {
    stopped = true;
  });
  await expect(registration.synced()).rejects.toThrow("the informer of configmaps was stopped");
  await until(() => server.watchers === 0);
  expect(stopped).toBe(false);
  gate.resolve();
  await stopping;
  const late = informer.addHandler({ onAdd: () => void heard.push("late") });
  await expect(late.synced()).rejects.toThrow("the informer of configmaps was stopped");
  expect(heard).toEqual(["a", "end"]);
  expect(informer.lister.list()).toHaveLength(3);
});

test("an onError that throws ends neither the handler whose failure it was told of nor the watch", async () => {
  await using server = await startApiServer();
  server.put("a");
  const warnings: string[] = [];
  const warn = (warning: Error): void => void (warning.name === "InformerWarning" && warnings.push(warning.message));
  process.on("warning", warn);
  let failures = 1;
  server.interceptions.push((_, response) => {
    if (failures-- <= 0) return false;
    refuse(response, 500, "InternalError", "a bad moment");
    return true;
  });
  await using all = start(server, {
    watchList: false,
    onError: () => {
      throw new Error("no log");
    },
  });
  const heard: string[] = [];
  all.for(ConfigMap).addHandler({
    onAdd({ metadata }) {
      heard.push(metadata.name);
      throw new Error(`not ${metadata.name}`);
    },
  });
  all.start();
  await until(() => heard.length === 1);
  server.put("b");
  await until(() => heard.length === 2);
  const bad = ["configmaps: a bad moment", "configmaps: not a", "configmaps: not b"];
  await until(() => warnings.length === 6);
  process.off("warning", warn);
  expect(warnings).toEqual(bad.flatMap((text) => [text, "configmaps: no log"]));
});

test("texts that objects have in common are kept once, and stay what they were", async () => {
  await using server = await startApiServer();
  for (const name of ["a", "b"])
    server.put(name, { metadata: { labels: { app: "a-label-that-is-long", own: name }, annotations: { note: `of ${name}` } } });
  await using all = start(server);
  const informer = all.for(ConfigMap);
  all.start();
  await all.synced();
  const labels = informer.lister.list().map(({ metadata }) => metadata.labels);
  expect(labels).toEqual([
    { app: "a-label-that-is-long", own: "a" },
    { app: "a-label-that-is-long", own: "b" },
  ]);
});
