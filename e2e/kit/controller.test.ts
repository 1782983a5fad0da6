import { ConfigMap, controller, defineResource, installDefinitions, Pod, requeue, Secret, setCondition, t } from "@outrigger/kit";
import { informers } from "@outrigger/kit/cache";
import { type Client, connect, type Transport, type TransportRequest } from "@outrigger/kit/client";
import {
  type Controller,
  generationChanged,
  type ReconcileOutcome,
  type RunningController,
  startController,
} from "@outrigger/kit/controller";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

const Fleet = defineResource({
  group: "controller.outrigger.dev",
  version: "v1",
  kind: "Fleet",
  spec: t.Object({ ships: t.Array(t.String()), flag: t.Default(t.String(), "none") }),
  status: t.Object({
    afloat: t.Array(t.String()),
    conditions: t.Optional(t.Conditions()),
  }),
});

let cluster: TestCluster;
let client: Client;
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  client = cluster.client;
  await installDefinitions(client, [Fleet]);
});
afterAll(() => cluster?.close());

const fleet = (namespace: string, name: string, ...ships: string[]) =>
  client.create(Fleet, { apiVersion: "controller.outrigger.dev/v1", kind: "Fleet", metadata: { name, namespace }, spec: { ships } });
const ship = (name: string) => ({ apiVersion: "v1" as const, kind: "ConfigMap" as const, metadata: { name }, data: {} });

/** Runs a controller until the test ends, and keeps what became of its reconciles. */
async function run(one: Controller, over: Client = client): Promise<{ controller: RunningController; outcomes: ReconcileOutcome[] }> {
  const all = informers(over, { onError: () => {} });
  const running = startController(one, { client: over, informers: all });
  all.start();
  const outcomes: ReconcileOutcome[] = [];
  const reading = (async () => {
    for await (const outcome of running.results()) outcomes.push(outcome);
  })();
  onTestFinished(async () => {
    await running.stop();
    await reading;
    await all.stop();
  });
  await running.ready;
  return { controller: running, outcomes };
}

/** The client's transport, with a look at each request before it goes. */
function through(look: (request: TransportRequest) => Promise<void>): Transport {
  return {
    async request(request) {
      await look(request);
      return client.transport.request(request);
    },
    close: async () => {},
  };
}

test("owned objects are applied and pruned, the status is applied beside, and writes that change nothing wake nothing", async () => {
  const namespace = await cluster.namespace("fleet");
  const { controller: running, outcomes } = await run(
    controller(Fleet, { select: { namespace } })
      .owns(ConfigMap, { select: { namespace } })
      .reconcile(async ({ spec }, ctx) => {
        await ctx.apply(spec.ships.map(ship), { prune: [ConfigMap] });
        await ctx.status({ afloat: [...spec.ships] });
      }),
  );
  const { metadata } = await fleet(namespace, "a", "x", "y");
  const afloat = async () => (await client.get(Fleet, { namespace, name: "a" })).status?.afloat;
  await eventually(async () => (await afloat())?.length === 2);
  const reference = { apiVersion: "controller.outrigger.dev/v1", kind: "Fleet", name: "a", uid: metadata.uid };
  expect((await client.get(ConfigMap, { namespace, name: "x" })).metadata.ownerReferences).toEqual([
    { ...reference, controller: true, blockOwnerDeletion: true },
  ]);
  await eventually(() => running.idle);
  const before = (await client.get(ConfigMap, { namespace, name: "y" })).metadata.resourceVersion;
  running.enqueue({ namespace, name: "a" });
  const count = outcomes.length;
  await eventually(() => outcomes.length > count && running.idle);
  expect((await client.get(ConfigMap, { namespace, name: "y" })).metadata.resourceVersion).toBe(before);
  await client.patch(Fleet, { namespace, name: "a" }, { type: "merge", patch: { spec: { ships: ["y", "z"] } } });
  await eventually(async () => (await afloat())?.join() === "y,z");
  await eventually(async () => (await client.find(ConfigMap, { namespace, name: "x" })) === undefined);
  expect(outcomes.every(({ result }) => result === "success")).toBe(true);
});

test("a reconcile never acts on a cache that lacks its own last write, however late the watch is", async () => {
  const namespace = await cluster.namespace("fleet");
  // Children have names of the server's choice, so that a reconcile that does not see the first makes a second.
  const held = Promise.withResolvers<void>();
  const slow: Transport = {
    async request(request) {
      const response = await client.transport.request(request);
      if (!/\/secrets\?.*watch=/.test(request.path)) return response;
      return { ...response, text: () => response.text(), lines: () => late(response.lines(), held.promise) };
    },
    close: async () => {},
  };
  let made = 0;
  const reads: number[] = [];
  const { controller: running } = await run(
    controller(Fleet, { select: { namespace }, workers: 4 })
      .owns(Secret, { select: { namespace } })
      .reconcile(async (_fleet, ctx) => {
        const { length } = ctx.owned(Secret);
        reads.push(length);
        if (length > 0) return;
        await ctx.create(Secret, { apiVersion: "v1", kind: "Secret", metadata: { name: `treasure-${made++}` } });
        return requeue.after(1);
      }),
    connect(slow),
  );
  await fleet(namespace, "a");
  await eventually(() => made === 1);
  for (let i = 0; i < 10; i++) {
    running.enqueue({ namespace, name: "a" });
    await client.patch(Fleet, { namespace, name: "a" }, { type: "merge", patch: { spec: { flag: `${i}` } } });
  }
  expect(running.idle).toBe(false);
  expect(reads).toEqual([0]);
  held.resolve();
  await eventually(() => running.idle && reads.length > 1);
  expect(reads.slice(1).every((count) => count === 1)).toBe(true);
  expect((await client.list(Secret, { namespace })).items).toHaveLength(1);
});

/** The lines as they come until the first list is through, and the rest when `released`. */
async function* late(lines: AsyncIterable<string>, released: Promise<void>): AsyncIterable<string> {
  let initial = true;
  for await (const line of lines) {
    if (!initial) await released;
    yield line;
    if (line.includes("k8s.io/initial-events-end")) initial = false;
  }
}

test("what a write took out of the selection is gone from the cache before the next reconcile", async () => {
  const namespace = await cluster.namespace("fleet");
  const seen: string[][] = [];
  const { controller: running } = await run(
    controller(Fleet, { select: { namespace } })
      .owns(ConfigMap, { select: { namespace, labelSelector: "moored=yes" } })
      .reconcile(async ({ spec }, ctx) => {
        const moored = ctx.owned(ConfigMap).map(({ metadata }) => metadata.name);
        seen.push(moored);
        const labels = { moored: spec.flag === "go" ? "no" : "yes" };
        await ctx.apply(spec.ships.map((name) => ({ ...ship(name), metadata: { name, labels } })));
      }),
  );
  await fleet(namespace, "a", "x");
  await eventually(() => running.idle && seen.at(-1)?.length === 1);
  await client.patch(Fleet, { namespace, name: "a" }, { type: "merge", patch: { spec: { flag: "go" } } });
  const before = seen.length;
  await eventually(() => running.idle && seen.length > before);
  running.enqueue({ namespace, name: "a" });
  await eventually(() => running.idle && seen.at(-1)?.length === 0);
  expect(seen.slice(before + 1).every((moored) => moored.length === 0)).toBe(true);
});

test("an object to which others write all the time is applied all the same, and the reconcile does not learn of it", async () => {
  const namespace = await cluster.namespace("fleet");
  let others = 3;
  const restless = through(async ({ method, path, body }) => {
    if (method !== "PATCH" || !path.includes("/configmaps/x") || !String(body).includes('"raised"') || others === 0) return;
    const patch = { data: { others: `${others--}` } };
    await client.patch(ConfigMap, { namespace, name: "x" }, { type: "merge", patch });
  });
  const { controller: running, outcomes } = await run(
    controller(Fleet, { select: { namespace } })
      .owns(ConfigMap, { select: { namespace } })
      .reconcile(({ spec }, ctx) => ctx.apply(spec.ships.map((name) => ({ ...ship(name), data: { flag: spec.flag } })))),
    connect(restless),
  );
  const { metadata } = await fleet(namespace, "a", "x");
  const x = () => client.find(ConfigMap, { namespace, name: "x" });
  await eventually(async () => (await x())?.metadata.ownerReferences?.[0]?.uid === metadata.uid && running.idle);
  await client.patch(Fleet, { namespace, name: "a" }, { type: "merge", patch: { spec: { flag: "raised" } } });
  await eventually(async () => (await x())?.data?.["flag"] === "raised" && running.idle);
  expect((await x())?.data).toEqual({ flag: "raised", others: "1" });
  expect(outcomes.filter(({ result }) => result !== "success")).toEqual([]);
});

test("a deletion that orphans leaves the dependents, whatever a reconcile under way applies and prunes", async () => {
  const namespace = await cluster.namespace("fleet");
  const underWay = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  let held = false;
  // Once it is held, the cache goes on showing the ships as the fleet's.
  const slow: Transport = {
    async request(request) {
      const response = await client.transport.request(request);
      if (!/\/configmaps\?.*watch=/.test(request.path)) return response;
      const lines = async function* () {
        for await (const line of response.lines()) {
          if (held) await released.promise;
          yield line;
        }
      };
      return { ...response, text: () => response.text(), lines };
    },
    close: async () => {},
  };
  const { controller: running, outcomes } = await run(
    controller(Fleet, { select: { namespace } })
      .owns(ConfigMap, { select: { namespace } })
      .reconcile(async ({ metadata, spec }, ctx) => {
        if (metadata.deletionTimestamp) return;
        if (spec.flag === "raised") {
          underWay.resolve();
          await goOn.promise;
        }
        await ctx.apply(
          spec.ships.map((name) => ({ ...ship(name), data: { flag: spec.flag } })),
          { prune: [ConfigMap] },
        );
      }),
    connect(slow),
  );
  const key = { namespace, name: "a" };
  const ships = async () => (await client.list(ConfigMap, { namespace })).items.filter(({ data }) => data?.["flag"]);
  await fleet(namespace, "a", "x", "y", "z");
  await eventually(async () => (await ships()).length === 3 && running.idle);
  await client.patch(Fleet, key, { type: "merge", patch: { spec: { flag: "raised", ships: ["x", "y"] } } });
  await underWay.promise;
  held = true;
  await client.delete(Fleet, key, { propagationPolicy: "Orphan" });
  // Here is no garbage collector; this is what it does.
  for (const { metadata } of await ships()) {
    const patch = { metadata: { ownerReferences: null } };
    await client.patch(ConfigMap, { namespace, name: metadata.name }, { type: "merge", patch });
  }
  const count = outcomes.length;
  goOn.resolve();
  await eventually(() => outcomes.length > count);
  await client.patch(Fleet, key, { type: "merge", patch: { metadata: { finalizers: null } } });
  await eventually(async () => (await client.find(Fleet, key)) === undefined);
  released.resolve();
  await eventually(() => running.idle);
  const left = await ships();
  expect(left.map(({ metadata, data }) => [metadata.name, metadata.ownerReferences ?? [], data?.["flag"]])).toEqual([
    ["x", [], "none"],
    ["y", [], "none"],
    ["z", [], "none"],
  ]);
  expect(outcomes.filter(({ result }) => result !== "success")).toEqual([]);
});

test("an object with a cleanup stays until it succeeded, and its failure is tried again", async () => {
  const namespace = await cluster.namespace("fleet");
  let harbour = "closed";
  const { outcomes } = await run(
    controller(Fleet, { select: { namespace }, predicate: generationChanged })
      .cleanup(async () => {
        if (harbour === "closed") throw new Error("the harbour is closed");
      })
      .reconcile(async () => {}),
  );
  await fleet(namespace, "a");
  const key = { namespace, name: "a" };
  await eventually(async () => (await client.get(Fleet, key)).metadata.finalizers?.includes("controller.outrigger.dev/fleet"));
  await client.delete(Fleet, key);
  await eventually(() => outcomes.filter(({ error }) => (error as Error | undefined)?.message === "the harbour is closed").length >= 3);
  expect((await client.get(Fleet, key)).metadata.deletionTimestamp).toBeDefined();
  harbour = "open";
  await eventually(async () => (await client.find(Fleet, key)) === undefined);
});

test("a kind that is watched by its metadata alone costs no bodies, and its changes wake as any other's", async () => {
  const namespace = await cluster.namespace("fleet");
  const accepts: string[] = [];
  const looking = through(async ({ path, headers }) => {
    if (path.includes("/configmaps?")) accepts.push(String(headers?.["accept"]));
  });
  const woken: string[] = [];
  await run(
    controller(Fleet, { select: { namespace } })
      .watches(
        ConfigMap,
        ({ metadata }, before) =>
          [metadata.labels?.["of"], before?.metadata.labels?.["of"]].flatMap((name) => (name ? [{ namespace, name }] : [])),
        { select: { namespace, metadataOnly: true } },
      )
      .reconcile(async ({ metadata }, ctx) => {
        const [one] = ctx.list(ConfigMap);
        woken.push(`${metadata.name} sees ${one?.metadata.name} with data ${JSON.stringify(one?.data)}`);
      }),
    connect(looking),
  );
  await fleet(namespace, "a");
  await fleet(namespace, "b");
  await eventually(() => woken.length === 2);
  await client.create(ConfigMap, { ...ship("x"), metadata: { name: "x", namespace, labels: { of: "a" } }, data: { large: "body" } });
  await eventually(() => woken.length === 3);
  await client.patch(ConfigMap, { namespace, name: "x" }, { type: "merge", patch: { metadata: { labels: { of: "b" } } } });
  await eventually(() => woken.length === 5);
  expect(woken.slice(2).sort()).toEqual(["a sees x with data undefined", "a sees x with data undefined", "b sees x with data undefined"]);
  expect(accepts.every((accept) => accept.includes("PartialObjectMetadata"))).toBe(true);
});

test("conditions keep their time until their status changes", async () => {
  const namespace = await cluster.namespace("fleet");
  await run(
    controller(Fleet, { select: { namespace }, predicate: generationChanged }).reconcile(async ({ spec, status }, ctx) => {
      const ready = {
        type: "Ready",
        status: spec.ships.length > 0 ? "True" : "False",
        reason: "Counted",
        message: `${spec.ships.length} ships`,
      } as const;
      await ctx.status({ afloat: [...spec.ships], conditions: [...setCondition(status?.conditions, ready)] });
    }),
  );
  await fleet(namespace, "a", "x");
  const condition = async (message: string) =>
    eventually(async () => (await client.get(Fleet, { namespace, name: "a" })).status?.conditions?.find((one) => one.message === message));
  const first = await condition("1 ships");
  await client.patch(Fleet, { namespace, name: "a" }, { type: "merge", patch: { spec: { ships: ["x", "y"] } } });
  expect(await condition("2 ships")).toEqual({ ...first, message: "2 ships" });
  await client.patch(Fleet, { namespace, name: "a" }, { type: "merge", patch: { spec: { ships: [] } } });
  expect(await condition("0 ships")).toMatchObject({ status: "False" });
});

test("what the API server refuses is the reconcile's error, with the server's words", async () => {
  const namespace = await cluster.namespace("fleet");
  const { outcomes } = await run(
    controller(Fleet, { select: { namespace } })
      .owns(Pod, { select: { namespace } })
      .reconcile(async ({ metadata }, ctx) => {
        await ctx.apply({ apiVersion: "v1", kind: "Pod", metadata: { name: metadata.name }, spec: { containers: [] } });
      }),
  );
  await fleet(namespace, "a");
  await eventually(() => outcomes.length > 0);
  expect(outcomes[0]?.error).toMatchObject({ code: "ERR_INVALID", message: expect.stringContaining("spec.containers: Required value") });
});

test("hundreds of objects with several workers: each comes to its wanted state, and no key is with two", async () => {
  const namespace = await cluster.namespace("fleet");
  const inside = new Set<string>();
  let most = 0;
  const { controller: running, outcomes } = await run(
    controller(Fleet, { select: { namespace }, workers: 8 })
      .owns(ConfigMap, { select: { namespace } })
      .reconcile(async ({ metadata, spec }, ctx) => {
        expect(inside).not.toContain(metadata.name);
        inside.add(metadata.name);
        most = Math.max(most, inside.size);
        try {
          await ctx.apply(spec.ships.map(ship), { prune: [ConfigMap] });
          await ctx.status({
            afloat: ctx
              .owned(ConfigMap)
              .map((one) => one.metadata.name)
              .sort(),
          });
        } finally {
          inside.delete(metadata.name);
        }
      }),
  );
  const names = Array.from({ length: 200 }, (_, index) => `f${index}`);
  for (let at = 0; at < names.length; at += 20)
    await Promise.all(names.slice(at, at + 20).map((name) => fleet(namespace, name, `${name}-x`)));
  for (let at = 0; at < names.length; at += 20)
    await Promise.all(
      names
        .slice(at, at + 20)
        .map((name) => client.patch(Fleet, { namespace, name }, { type: "merge", patch: { spec: { ships: [`${name}-y`] } } })),
    );
  await eventually(
    async () => {
      const { items } = await client.list(Fleet, { namespace });
      for (const { metadata, status } of items) expect(status?.afloat).toEqual([`${metadata.name}-y`]);
      expect(
        (await client.list(ConfigMap, { namespace, labelSelector: "" })).items.filter(({ metadata }) => metadata.ownerReferences),
      ).toHaveLength(200);
      return running.idle;
    },
    { timeoutMs: 90_000, intervalMs: 200 },
  );
  expect(most).toBeGreaterThan(1);
  expect(outcomes.filter(({ error }) => (error as Error | undefined)?.name === "AssertionError")).toEqual([]);
});
