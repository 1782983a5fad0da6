// A NetworkFault from the API to the ping: devcluster, manager, and an agent in the network namespace of each pod.
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import { type Client, connect, NotFoundError } from "@outrigger/kit/client";
import { Pod as PodKind } from "@outrigger/kit/kinds";
import { NetworkFault, type NetworkFaultObject, runManager } from "@outrigger/operator";
import { median, Pod, pause, ping, until } from "./net.ts";

/** How long a fault holds without its manager, milliseconds. */
const TTL_MS = 12_000;
const namespace = "default";
const name = "slow";
const SLOW_MACHINE_MS = 90_000;
/** Which pods are slow is the question here; how exactly is that of agent.guest.ts. */
const TOLERANCE_MS = 2;

let cluster: Devcluster;
let client: Client;
let kubeconfigFile: string;
let manager: { stop(): Promise<void> };
const pods: Pod[] = [];

describe("a NetworkFault", () => {
  before(async () => {
    pods.push(new Pod("f0", 20), new Pod("f1", 21), new Pod("f2", 22));
    const agents = pods.map((pod) => pod.agent({ watchdog: true }));
    cluster = await startDevcluster({ bare: true });
    kubeconfigFile = join(mkdtempSync("/tmp/fault-"), "kubeconfig");
    writeFileSync(kubeconfigFile, cluster.kubeconfig);
    client = connect({ text: cluster.kubeconfig });
    manager = await startManager();
    for (const pod of pods) await createPod(pod);
    await Promise.all(agents);
  });
  after(async () => {
    await manager?.stop();
    await client?.close();
    await cluster?.close();
    for (const pod of pods) pod.delete();
  });

  afterEach(deleteFault);

  test("of 20 ms on two of three pods is 20 ms on those two, for its duration and no longer", async () => {
    const plain = await roundTrips();
    await createFault({ mode: "fixed", value: 2, duration: "30s" });
    const { status } = await state("Applied");
    const chosen = status?.pods?.map((entry) => entry.name) ?? [];
    assert.equal(chosen.length, 2);
    const slow = await roundTrips();
    const end = Date.parse(status?.run?.endTime ?? "");
    assert.ok(Date.now() < end, "the pings were to be over before the fault");
    const over = pods.map((pod, index) => ({ pod: pod.name, over: slow[index]! - plain[index]! }));
    console.log(`# chosen ${chosen.join(", ")}; over plain: ${over.map((one) => `${one.pod} ${one.over.toFixed(2)} ms`).join(", ")}`);
    for (const one of over) {
      const wanted = chosen.includes(one.pod) ? 20 : 0;
      assert.ok(Math.abs(one.over - wanted) <= TOLERANCE_MS, `${one.pod}: ${one.over} ms over plain, not ${wanted}`);
    }

    await state("Ended");
    for (const [index, pod] of pods.entries())
      assert.ok(median(await pings(pod, 8)) - plain[index]! <= TOLERANCE_MS, `${pod.name} is still slow`);
    console.log(`# ended ${Date.now() - end} ms after its time, pings included`);
  });

  test("is changed in place, and off the pods before the object is gone", async () => {
    const [pod] = pods as [Pod];
    const plain = median(await pings(pod, 15));
    await createFault({});
    await state("Applied");
    await client.patch(NetworkFault, { namespace, name }, { type: "merge", patch: { spec: { fault: { delay: { time: "50ms" } } } } });
    await until("50 ms", async () => Math.abs(median(await pings(pod, 5)) - plain - 50) <= 2, SLOW_MACHINE_MS);
    await deleteFault();
    assert.ok(median(await pings(pod, 8)) - plain <= TOLERANCE_MS, "the object went and the delay stayed");
    for (const one of pods) assert.deepEqual((await one.call("GET", "/v1/faults")).body["faults"], []);
  });

  test("with targets disturbs the traffic with them alone", async () => {
    const [pod] = pods as [Pod];
    const wanted = median(await pings(pod, 15, pod.peer));
    const other = median(await pings(pod, 15, pod.otherPeer));
    await createFault({ selector: { names: [pod.name] }, targets: { cidrs: [`${pod.peer}/32`] } });
    await state("Applied");
    const over = [median(await pings(pod, 15, pod.peer)) - wanted, median(await pings(pod, 15, pod.otherPeer)) - other];
    console.log(`# target ${over[0]!.toFixed(2)} ms over plain, other ${over[1]!.toFixed(2)}`);
    assert.ok(Math.abs(over[0]! - 20) <= TOLERANCE_MS, `target: ${over[0]}`);
    assert.ok(Math.abs(over[1]!) <= TOLERANCE_MS, `other: ${over[1]}`);
  });

  test("ends by itself when its manager is no more", async () => {
    const [pod] = pods as [Pod];
    const plain = median(await pings(pod, 15));
    await createFault({});
    await state("Applied");
    await manager.stop();
    const stopped = Date.now();
    assert.ok(median(await pings(pod, 8)) - plain > 15, "it holds without its manager at first");
    await until("the plain round trip", async () => median(await pings(pod, 5)) - plain <= TOLERANCE_MS, TTL_MS + 30_000);
    const after = Date.now() - stopped;
    console.log(`# off ${after} ms after the manager stopped; the time limit is ${TTL_MS}`);
    assert.ok(after <= TTL_MS + 2000, `${after} ms`);
    manager = await startManager();
  });
});

/** Each pod's round trip, milliseconds: the median of the least disturbed of three rounds. */
async function roundTrips(): Promise<number[]> {
  const least = pods.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 3; round++)
    for (const [index, pod] of pods.entries()) least[index] = Math.min(least[index]!, median(await pings(pod, 8)));
  return least;
}

/** `ping` stands still for this whole process, in which the manager must come to its renewals too. */
async function pings(pod: Pod, count: number, from?: string): Promise<number[]> {
  const times = ping(pod.address, count, from === undefined ? {} : { from });
  await pause(100);
  return times;
}

async function startManager(): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController();
  const { promise: ready, resolve } = Promise.withResolvers<void>();
  const running = runManager({
    kubeconfig: { file: kubeconfigFile },
    namespace: "outrigger-system",
    webhook: { mode: "url", host: "127.0.0.1", port: 0 },
    temporary: true,
    signal: stopping.signal,
    report: (line) => console.log(`# ${line}`),
    onReady: resolve,
    faults: { ttlMs: TTL_MS },
  });
  await Promise.race([ready, running]);
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** The API's pod to a network namespace, as a kubelet reports it. */
async function createPod({ name, address, address6 }: Pod): Promise<void> {
  const pod = await client.create(PodKind, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels: { app: "tikv" } },
    spec: { containers: [{ name: "tikv", image: "tikv" }] },
  });
  const status = { phase: "Running", podIP: address, podIPs: [{ ip: address }, { ip: address6 }] };
  await client.update(PodKind, { ...pod, status } as never, { subresource: "status" });
}

async function createFault(spec: object): Promise<void> {
  await client.create(NetworkFault, {
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "NetworkFault",
    metadata: { name, namespace },
    spec: { selector: { matchLabels: { app: "tikv" } }, fault: { delay: { time: "20ms" } }, ...spec },
  } as never);
}

async function state(wanted: string): Promise<NetworkFaultObject> {
  let last: NetworkFaultObject | undefined;
  await until(
    `state ${wanted}`,
    async () => {
      last = await client.get(NetworkFault, { namespace, name });
      return last.status?.state === wanted;
    },
    SLOW_MACHINE_MS,
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it is ${JSON.stringify(last?.status)}`);
  });
  return last!;
}

async function deleteFault(): Promise<void> {
  await client.delete(NetworkFault, { namespace, name }).catch((error: unknown) => {
    if (!(error instanceof NotFoundError)) throw error;
  });
  await until("the object's end", async () => (await client.find(NetworkFault, { namespace, name })) === undefined, SLOW_MACHINE_MS);
}
