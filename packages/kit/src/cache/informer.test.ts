import { describe, expect, test, vi } from "vitest";
import { type ApiServer, refuse, startApiServer, until } from "../../test/api-server.ts";
import type { KubeObject } from "../api/index.ts";
import { connect, dynamicResource } from "../client/index.ts";
import { type EventHandler, type Informer, type InformersOptions, informers } from "./index.ts";
import { Reflector } from "./reflector.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
type Seen = { readonly metadata: { readonly name: string; readonly resourceVersion: string } };

async function start(
  server: ApiServer,
  options: InformersOptions = {},
): Promise<{ informer: Informer<typeof ConfigMap>; errors: unknown[] } & AsyncDisposable> {
  const client = connect({ text: server.kubeconfig() });
  const errors: unknown[] = [];
  const all = informers(client, { onError: (error) => errors.push(error), ...options });
  const informer = all.for(ConfigMap);
  all.start();
  return {
    informer,
    errors,
    async [Symbol.asyncDispose]() {
      await all.stop();
      await client.close();
    },
  };
}
const names = (informer: Informer<typeof ConfigMap>): string[] =>
  informer.lister
    .list()
    .map((object) => object.metadata.name)
    .sort();

/** Writes down what a handler is told, one line an event. */
function recorder(): EventHandler<Seen> & { readonly lines: string[] } {
  const lines: string[] = [];
  const say = ({ metadata }: Seen): string => `${metadata.name}@${metadata.resourceVersion}`;
  return {
    lines,
    onAdd: (object, initial) => void lines.push(`add ${say(object)}${initial ? " initial" : ""}`),
    onUpdate: (now, before) => void lines.push(`update ${say(before)} → ${say(now)}`),
    onDelete: (last) => void lines.push(`delete ${say(last)}`),
  };
}

describe.each([
  ["WatchList", true],
  ["LIST and watch", false],
])("an informer that starts with %s", (_, watchList) => {
  test("holds what the server holds, and follows it", async () => {
    await using server = await startApiServer();
    server.put("a", { data: { x: "1" } });
    await using running = await start(server, { watchList });
    const { informer } = running;
    const handler = recorder();
    const registration = informer.addHandler(handler);
    await registration.synced();
    expect(informer.hasSynced()).toBe(true);
    expect(names(informer)).toEqual(["a"]);
    server.put("b");
    server.put("a", { data: { x: "2" } });
    server.remove("b");
    await until(() => handler.lines.length === 4);
    expect(handler.lines).toEqual(["add a@101 initial", "add b@102", "update a@101 → a@103", "delete b@104"]);
    expect(informer.lister.get({ namespace: "default", name: "a" })?.["data"]).toEqual({ x: "2" });
    expect(informer.lastSyncedResourceVersion).toBe("104");
    server.bookmark();
    await until(() => informer.lastSyncedResourceVersion === "105");
  });
});

test("starts with one WatchList from the most recent state, and goes on in the same stream", async () => {
  await using server = await startApiServer();
  await using running = await start(server);
  await running.informer.synced();
  server.put("a");
  await until(() => names(running.informer).length === 1);
  expect(server.requests).toHaveLength(1);
  const { searchParams } = server.requests[0]!.url;
  expect(Object.fromEntries(searchParams)).toMatchObject({
    watch: "true",
    sendInitialEvents: "true",
    resourceVersionMatch: "NotOlderThan",
    allowWatchBookmarks: "true",
  });
  expect(searchParams.has("resourceVersion")).toBe(false);
  expect(Number(searchParams.get("timeoutSeconds"))).toBeGreaterThanOrEqual(300);
  expect(Number(searchParams.get("timeoutSeconds"))).toBeLessThanOrEqual(600);
});

test("lists where WatchList is refused: in pages of 500 at the most recent version, then watches from it", async () => {
  await using server = await startApiServer();
  server.watchList = false;
  for (let i = 0; i < 501; i++) server.put(`a${i}`);
  await using running = await start(server);
  await running.informer.synced();
  expect(running.informer.lister.list()).toHaveLength(501);
  await until(() => server.watchers === 1);
  const lists = server.requestsOf("GET", false);
  expect(
    lists.map(({ url }) => [url.searchParams.get("limit"), url.searchParams.get("resourceVersion"), url.searchParams.get("continue")]),
  ).toEqual([
    ["500", null, null],
    ["500", null, "500"],
  ]);
  expect(server.requestsOf("GET", true).at(-1)?.url.searchParams.get("resourceVersion")).toBe("601");
  expect(running.errors).toEqual([]);
});

test("a server that takes WatchList for a plain watch does not hang it", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.interceptions.push(({ url }, response) => {
    if (!url.searchParams.has("sendInitialEvents")) return false;
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  const sink = {
    prepare: (object: KubeObject) => object,
    room: () => undefined,
    replace: vi.fn(),
    set: vi.fn(),
    delete: vi.fn(),
    bookmark: vi.fn(),
  };
  const stop = new AbortController();
  const running = new Reflector(client, ConfigMap, sink, { watchList: true, onError: () => {}, watchListQuietMs: 50 }).run(stop.signal);
  await until(() => sink.replace.mock.calls.length === 1);
  expect(sink.replace.mock.calls[0]?.[0]).toHaveLength(1);
  stop.abort();
  await running;
  await client.close();
});

test("a broken watch is resumed at the last version, without a list, and nothing is lost or told twice", async () => {
  await using server = await startApiServer();
  server.put("a");
  await using running = await start(server);
  const handler = recorder();
  await running.informer.addHandler(handler).synced();
  server.put("a");
  await until(() => handler.lines.length === 2);
  server.cutWatches('{"type":"MODIF');
  await until(() => server.watchers === 0);
  server.put("a");
  server.put("b");
  await until(() => handler.lines.length === 4);
  expect(handler.lines).toEqual(["add a@101 initial", "update a@101 → a@102", "update a@102 → a@103", "add b@104"]);
  expect(server.requestsOf("GET", false)).toEqual([]);
  expect(server.requestsOf("GET", true).map(({ url }) => url.searchParams.get("resourceVersion"))).toEqual([null, "102"]);
});

test("after 410 it takes the most recent state at once, and tells what vanished meanwhile with its last known state", async () => {
  await using server = await startApiServer();
  server.put("gone");
  server.put("changed");
  server.put("same");
  await using running = await start(server);
  const handler = recorder();
  await running.informer.addHandler(handler).synced();
  // While the watch is down the history is forgotten, too.
  let hold = true;
  server.interceptions.push(({ url }, response) => {
    if (!hold || !url.searchParams.has("resourceVersion")) return false;
    hold = false;
    server.compact();
    refuse(response, 410, "Expired", "too old resource version");
    return true;
  });
  for (const change of [() => server.cutWatches(), () => server.remove("gone"), () => server.put("changed")]) change();
  await until(() => handler.lines.length === 5);
  expect(handler.lines.slice(3)).toEqual(["update changed@102 → changed@105", "delete gone@101"]);
  expect(names(running.informer)).toEqual(["changed", "same"]);
});

test("a watch that starts with an ERROR event of 410 leads to a new list as well", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.watchList = false;
  let errors = 1;
  server.interceptions.push(({ url }, response) => {
    if (!url.searchParams.has("watch") || url.searchParams.has("sendInitialEvents") || errors-- <= 0) return false;
    response.end(
      `${JSON.stringify({ type: "ERROR", object: { kind: "Status", status: "Failure", reason: "Expired", message: "old", code: 410 } })}\n`,
    );
    return true;
  });
  await using running = await start(server);
  await until(() => server.watchers === 1);
  expect(server.requestsOf("GET", false).map(({ url }) => url.searchParams.get("resourceVersion"))).toEqual([null, null]);
  expect(names(running.informer)).toEqual(["a"]);
});

test("a version that is too large for the server leads to a list of the most recent state", async () => {
  await using server = await startApiServer();
  await using running = await start(server);
  await running.informer.synced();
  let refusals = 1;
  server.interceptions.push(({ url }, response) => {
    if (!url.searchParams.has("resourceVersion") || refusals-- <= 0) return false;
    refuse(
      response,
      504,
      "Timeout",
      "Too large resource version",
      {},
      { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] },
    );
    return true;
  });
  server.endWatches();
  await until(() => server.requests.length >= 2);
  server.put("a");
  await until(() => names(running.informer).length === 1);
});

test("while the server is away, or says 429, it waits and resumes, without a list", async () => {
  await using server = await startApiServer();
  await using running = await start(server);
  await running.informer.synced();
  let refusals = 1;
  server.interceptions.push((_, response) => {
    if (refusals-- <= 0) return false;
    refuse(response, 429, "TooManyRequests", "too many");
    return true;
  });
  server.endWatches();
  await until(() => running.errors.length === 1);
  server.put("a");
  await until(() => names(running.informer).length === 1);
  expect(server.requestsOf("GET", false)).toEqual([]);
  expect(server.requestsOf("GET", true).map(({ url }) => url.searchParams.get("resourceVersion"))).toEqual([null, "100", "100"]);
});

test("a silent watch of a server that sends bookmarks counts as dead and is resumed", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const sink = {
    prepare: (object: KubeObject) => object,
    room: () => undefined,
    replace: vi.fn(),
    set: vi.fn(),
    delete: vi.fn(),
    bookmark: vi.fn(),
  };
  const stop = new AbortController();
  const running = new Reflector(client, ConfigMap, sink, { watchList: true, onError: () => {}, quietMs: 500 }).run(stop.signal);
  await until(() => server.watchers === 1);
  server.bookmark();
  // It says nothing more, and the reflector's end of it is closed.
  await until(() => server.requests.length >= 2);
  expect(server.requests[1]?.url.searchParams.get("resourceVersion")).toBe("101");
  expect(sink.bookmark.mock.calls).toEqual([["101"]]);
  stop.abort();
  await running;
  await client.close();
});

test("a handler that is slow hears everything in order, one at a time, and holds up nobody", async () => {
  await using server = await startApiServer();
  await using running = await start(server);
  const fast = recorder();
  const gate = Promise.withResolvers<void>();
  let inside = 0;
  const slow: string[] = [];
  const tell = async (object: Seen): Promise<void> => {
    expect(++inside).toBe(1);
    await gate.promise;
    slow.push(object.metadata.resourceVersion);
    inside--;
  };
  running.informer.addHandler({ onAdd: tell, onUpdate: tell });
  await running.informer.addHandler(fast).synced();
  for (let i = 0; i < 20; i++) server.put("a");
  await until(() => fast.lines.length === 20);
  expect(slow).toEqual([]);
  gate.resolve();
  await until(() => slow.length === 20);
  expect(slow).toEqual(Array.from({ length: 20 }, (_, i) => String(101 + i)));
});

test("a handler that throws is reported and hears the next event all the same", async () => {
  await using server = await startApiServer();
  await using running = await start(server);
  const heard: string[] = [];
  running.informer.addHandler({
    onAdd: ({ metadata }) => {
      heard.push(metadata.name);
      throw new Error(`not ${metadata.name}`);
    },
  });
  await running.informer.synced();
  server.put("a");
  server.put("b");
  await until(() => heard.length === 2);
  expect(running.errors.map(String)).toEqual(["Error: not a", "Error: not b"]);
});

test("a late handler gets what is there as adds, and one that was removed gets nothing more", async () => {
  await using server = await startApiServer();
  server.put("a");
  await using running = await start(server);
  await running.informer.synced();
  const late = recorder();
  const registration = running.informer.addHandler(late);
  expect(registration.hasSynced()).toBe(false);
  await registration.synced();
  expect(late.lines).toEqual(["add a@101 initial"]);
  registration.remove();
  server.put("b");
  await until(() => names(running.informer).length === 2);
  expect(late.lines).toHaveLength(1);
});

test("objects come without managedFields, deeply frozen, and the same one each time", async () => {
  await using server = await startApiServer();
  server.put("a", {
    metadata: { managedFields: [{ manager: "x" }], annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", keep: "1" } },
    data: { x: "1" },
  });
  await using running = await start(server);
  await running.informer.synced();
  const object = running.informer.lister.get({ namespace: "default", name: "a" }) as unknown as KubeObject;
  expect(object.metadata.managedFields).toBeUndefined();
  expect(object.metadata.annotations).toEqual({ keep: "1" });
  expect(() => {
    (object["data"] as Record<string, string>)["x"] = "2";
  }).toThrow(TypeError);
  expect(running.informer.lister.list()[0]).toBe(object);
});

test("finds by namespace, labels and index", async () => {
  await using server = await startApiServer();
  server.put("a", { metadata: { labels: { app: "x", tier: "1" } } });
  server.put("b", { metadata: { labels: { app: "y" } } }, "other");
  await using running = await start(server);
  const { lister } = running.informer;
  running.informer.addIndex("app", ({ metadata }) => [metadata.labels?.["app"] ?? ""]);
  await running.informer.synced();
  const found = (objects: readonly Seen[]): string[] => objects.map(({ metadata }) => metadata.name).sort();
  expect(found(lister.list({ namespace: "other" }))).toEqual(["b"]);
  expect(found(lister.list({ labels: { app: "x" } }))).toEqual(["a"]);
  expect(found(lister.list({ labels: "app in (x,y),!tier" }))).toEqual(["b"]);
  expect(found(lister.byIndex("app", "x"))).toEqual(["a"]);
  server.put("a", { metadata: { labels: { app: "z" } } });
  await until(() => found(lister.byIndex("app", "z")).length === 1);
  expect(found(lister.byIndex("app", "x"))).toEqual([]);
});

test("one reflector serves all who ask for the same", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const all = informers(client);
  expect(all.for(ConfigMap)).toBe(all.for(ConfigMap, {}));
  expect(all.for(ConfigMap)).not.toBe(all.for(ConfigMap, { namespace: "a" }));
  all.start();
  await all.synced();
  expect(server.requests).toHaveLength(2);
  const late = all.for(ConfigMap, { namespace: "b", metadataOnly: true });
  await late.synced();
  expect(server.requests.at(-1)?.headers.accept).toContain("PartialObjectMetadata");
  await all.stop();
  await until(() => server.watchers === 0);
  await client.close();
});

test("the versions it has seen may be larger than numbers can tell apart", async () => {
  await using server = await startApiServer();
  const huge = ["9007199254740993", "9007199254740994"];
  const event = (type: string, version: string): string =>
    `${JSON.stringify({ type, object: { metadata: { name: "a", namespace: "default", uid: "u", resourceVersion: version } } })}\n`;
  server.interceptions.push(({ url }, response) => {
    if (url.searchParams.has("sendInitialEvents")) {
      response.write(event("ADDED", huge[0]!));
      response.write(
        `${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: huge[0], annotations: { "k8s.io/initial-events-end": "true" } } } })}\n`,
      );
      response.write(event("MODIFIED", huge[1]!));
    }
    return true;
  });
  await using running = await start(server);
  await until(() => running.informer.lastSyncedResourceVersion === huge[1]);
  expect(running.informer.lister.list()[0]?.metadata.resourceVersion).toBe(huge[1]);
});
