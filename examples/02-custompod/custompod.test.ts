import { InvalidError, installDefinitions, type Manager, manager, Pod } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CustomPod, customPods } from "./custompod.ts";

let cluster: TestCluster;
let namespace: string;
let operator: Manager;
let done: Promise<void>;
const stop = new AbortController();
const demo = { apiVersion: "zhhnzw.mock.com/v1", kind: "CustomPod" } as const;

beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.namespace("custompod");
  await installDefinitions(cluster.client, [CustomPod]);
  const parts = { controllers: [customPods] };
  operator = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "02-custompod" }), ...parts, log: false });
  done = operator.run(stop.signal);
  await operator.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
});

const create = (name: string, replicas: number) =>
  cluster.client.create(CustomPod, { ...demo, metadata: { name, namespace }, spec: { replicas } });
const scale = (name: string, replicas: number) =>
  cluster.client.patch(CustomPod, { namespace, name }, { type: "merge", patch: { spec: { replicas } } });
const pods = async (owner: string) => {
  const { items } = await cluster.client.list(Pod, { namespace, labelSelector: `custompod=${owner}` });
  return items.filter(({ metadata }) => !metadata.deletionTimestamp);
};
/** Pods and status agree with the number wanted. */
const has = (name: string, count: number) =>
  eventually(async () => {
    const names = Array.from({ length: count }, (_, ordinal) => `${name}-${ordinal}`);
    expect((await pods(name)).map(({ metadata }) => metadata.name).sort()).toEqual(names);
    expect((await cluster.client.get(CustomPod, { namespace, name })).status).toEqual({ replicas: count, podNames: names });
    return true;
  });

test("pods follow the replicas, from 1 to 3 to 1, and the status names those that run", async () => {
  await create("demo", 1);
  await has("demo", 1);
  await scale("demo", 3);
  await has("demo", 3);
  await scale("demo", 1);
  await has("demo", 1);
  await scale("demo", 0);
  await has("demo", 0);
});

test("a pod that is deleted, and one that has ended, are replaced", async () => {
  await create("kept", 2);
  await has("kept", 2);
  const [first, second] = await pods("kept");
  await cluster.client.delete(Pod, { namespace, name: first!.metadata.name }, { gracePeriodSeconds: 0 });
  await cluster.client.patch(
    Pod,
    { namespace, name: second!.metadata.name },
    { type: "merge", patch: { status: { phase: "Failed", reason: "Evicted" } } },
    { subresource: "status" },
  );
  await eventually(async () => {
    const uids = (await pods("kept")).map(({ metadata }) => metadata.uid);
    expect(uids).toHaveLength(2);
    expect(uids).not.toContain(first!.metadata.uid);
    expect(uids).not.toContain(second!.metadata.uid);
    return true;
  });
  await has("kept", 2);
});

test("each pod is owned, so that the garbage collector takes it with its owner", async () => {
  const { metadata } = await create("owner", 1);
  await has("owner", 1);
  expect((await pods("owner"))[0]!.metadata.ownerReferences).toEqual([
    { ...demo, name: "owner", uid: metadata.uid, controller: true, blockOwnerDeletion: true },
  ]);
  if (!cluster.controllers) return;
  await cluster.client.delete(CustomPod, { namespace, name: "owner" });
  // A garbage collector looks for new kinds every 30 seconds, and waits for none that it does not know.
  await eventually(async () => (await pods("owner")).length === 0, { timeoutMs: 90_000 });
});

test("a deletion that waits for the pods ends, and one that orphans them leaves them", async () => {
  if (!cluster.controllers) return;
  await create("first", 2);
  await create("orphans", 2);
  await has("first", 2);
  await has("orphans", 2);
  await cluster.client.delete(CustomPod, { namespace, name: "first" }, { propagationPolicy: "Foreground" });
  await cluster.client.delete(CustomPod, { namespace, name: "orphans" }, { propagationPolicy: "Orphan" });
  const gone = (name: string) =>
    eventually(async () => (await cluster.client.find(CustomPod, { namespace, name })) === undefined, { timeoutMs: 90_000 });
  await gone("first");
  expect(await pods("first")).toEqual([]);
  await gone("orphans");
  expect((await pods("orphans")).map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[], []]);
});

test("a spec that makes no sense is refused, with what is wrong with it", async () => {
  await expect(create("wrong", -1)).rejects.toThrow(InvalidError);
  await expect(create("wrong", "three" as never)).rejects.toThrow("spec.replicas in body must be of type integer");
});

test("its scale can be read and set", async () => {
  await create("scaled", 1);
  await has("scaled", 1);
  const key = { namespace, name: "scaled" };
  await cluster.client.patch(CustomPod, key, { type: "merge", patch: { spec: { replicas: 2 } } }, { subresource: "scale" });
  await has("scaled", 2);
});
