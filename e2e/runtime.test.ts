import { type Client, controller, defineResource, informers, installDefinitions, manager, Pod, t } from "@outrigger/kit";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster } from "./outrigger.ts";

const CustomPod = defineResource({
  group: "zhhnzw.mock.com",
  version: "v1",
  kind: "CustomPod",
  spec: t.Object({ replicas: t.Integer({ minimum: 0 }) }),
  status: t.Object({ replicas: t.Integer(), podNames: t.Array(t.String()) }),
});

let cluster: TestCluster;
let client: Client;
let namespace: string;

beforeAll(async () => {
  cluster = await startCluster();
  client = cluster.client;
  namespace = await cluster.namespace("runtime");
  await installDefinitions(client, [CustomPod]);
});
afterAll(() => cluster?.close());

/** The seed's operator: as many pods as the spec says, each owned, their names in the status. */
const customPods = controller(CustomPod)
  .owns(Pod)
  .cleanup(async () => {})
  .reconcile(async (customPod, ctx) => {
    const names = Array.from({ length: customPod.spec.replicas }, (_, index) => `${customPod.metadata.name}-${index}`);
    await ctx.apply(
      names.map((name) => ({
        apiVersion: "v1" as const,
        kind: "Pod" as const,
        metadata: { name },
        spec: { containers: [{ name: "main", image: "registry.k8s.io/pause:3.10" }] },
      })),
    );
    for (const pod of ctx.owned(Pod))
      if (!names.includes(pod.metadata.name) && !pod.metadata.deletionTimestamp) await ctx.delete(pod, { gracePeriodSeconds: 0 });
    const present = ctx.owned(Pod).filter((pod) => names.includes(pod.metadata.name));
    await ctx.status({ replicas: present.length, podNames: present.map((pod) => pod.metadata.name).sort() });
  });

test("an operator of twenty lines keeps pods, status and finalizer in order", async () => {
  const running = manager({ client, controllers: [customPods], log: false, leaderElection: { name: "custom-pods", namespace } });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await running.ready;

  const pods = async (): Promise<readonly string[]> =>
    (await client.list(Pod, { namespace })).items
      .filter((pod) => !pod.metadata.deletionTimestamp)
      .map((pod) => pod.metadata.name)
      .sort();
  const has = (count: number): Promise<true> =>
    eventually(async () => {
      const { status, metadata } = await client.get(CustomPod, { namespace, name: "demo" });
      const names = Array.from({ length: count }, (_, index) => `demo-${index}`);
      expect(status).toEqual({ replicas: count, podNames: names });
      expect(metadata.finalizers).toEqual(["zhhnzw.mock.com/custompod"]);
      expect(await pods()).toEqual(names);
      return true as const;
    });

  await client.create(CustomPod, {
    apiVersion: "zhhnzw.mock.com/v1",
    kind: "CustomPod",
    metadata: { name: "demo", namespace },
    spec: { replicas: 1 },
  });
  await has(1);
  await client.patch(CustomPod, { namespace, name: "demo" }, { type: "merge", patch: { spec: { replicas: 3 } } });
  await has(3);
  const before = await client.get(Pod, { namespace, name: "demo-1" });
  await client.delete(Pod, { namespace, name: "demo-1" }, { gracePeriodSeconds: 0 });
  await eventually(async () => (await client.find(Pod, { namespace, name: "demo-1" }))?.metadata.uid !== before.metadata.uid);
  await has(3);
  await client.patch(CustomPod, { namespace, name: "demo" }, { type: "merge", patch: { spec: { replicas: 1 } } });
  await has(1);
  await client.delete(CustomPod, { namespace, name: "demo" });
  await eventually(async () => (await client.find(CustomPod, { namespace, name: "demo" })) === undefined);

  stop.abort();
  await done;
});

test("an informer of many objects is whole, in either way of listing, and with metadata alone", async () => {
  const { ConfigMap } = await import("@outrigger/kit");
  const count = 700;
  const names = Array.from({ length: count }, (_, index) => `many-${index}`);
  for (let at = 0; at < count; at += 50) {
    await Promise.all(
      names.slice(at, at + 50).map((name) =>
        client.create(ConfigMap, {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name, namespace, labels: { many: "yes" } },
          data: { name },
        }),
      ),
    );
  }
  for (const [watchList, metadataOnly] of [
    [true, false],
    [false, false],
    [true, true],
  ] as const) {
    const all = informers(client, { watchList });
    const informer = all.for(ConfigMap, { namespace, labelSelector: "many=yes", metadataOnly });
    all.start();
    await informer.synced();
    const objects = informer.lister.list();
    expect(objects.map(({ metadata }) => metadata.name).sort()).toEqual([...names].sort());
    expect(objects.every((object) => object.kind === "ConfigMap" && (object.data === undefined) === metadataOnly)).toBe(true);
    await client.patch(ConfigMap, { namespace, name: "many-0" }, { type: "merge", patch: { metadata: { labels: { many: "no" } } } });
    await eventually(() => informer.lister.get({ namespace, name: "many-0" }) === undefined);
    await client.patch(ConfigMap, { namespace, name: "many-0" }, { type: "merge", patch: { metadata: { labels: { many: "yes" } } } });
    await eventually(() => informer.lister.get({ namespace, name: "many-0" }) !== undefined);
    await all.stop();
  }
});
