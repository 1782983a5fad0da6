import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDevcluster } from "@outrigger/devcluster";
import { type Client, connect } from "@outrigger/kit/client";
import { Namespace, Pod, ServiceAccount } from "@outrigger/kit/kinds";
import { SidecarSets } from "@outrigger/operator";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Manager, startCluster, startManager } from "./outrigger.ts";

/** Small in CI; `OUTRIGGER_CHAOS_PODS=500 OUTRIGGER_CHAOS_KILLS=20` is the whole of it. */
const PODS = Number(process.env["OUTRIGGER_CHAOS_PODS"] ?? 60);
const KILLS = Number(process.env["OUTRIGGER_CHAOS_KILLS"] ?? 4);
const MAX_UNAVAILABLE = Math.max(3, Math.ceil(PODS / 20));
const PODS_PER_NODE = 200;
const HASH = "kruise.io/sidecarset-hash";

interface Cluster {
  readonly kubeconfigFile: string;
  readonly client: Client;
  close(): Promise<void>;
}

let cluster: Cluster;
let manager: Manager;
beforeAll(async () => {
  cluster = process.env["OUTRIGGER_E2E_CLUSTER"] === "real" ? await startCluster() : await devcluster();
  manager = await startManager(cluster);
});
afterAll(async () => {
  await manager?.stop();
  await cluster?.close();
});

async function devcluster(): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-chaos-"));
  const kubeconfigFile = join(folder, "kubeconfig");
  const server = await startDevcluster({ controllers: { nodes: Math.ceil(PODS / PODS_PER_NODE) }, kubeconfigFile });
  const client = connect({ text: server.kubeconfig }, { onWarning: () => {} });
  return {
    kubeconfigFile,
    client,
    async close() {
      await client.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Seen {
  readonly image: string;
  readonly hash: string;
  readonly ready: boolean;
  /** The image that the container really runs, as its status says. */
  readonly runs: string;
}

function look(pod: { metadata: { annotations?: Readonly<Record<string, string>> }; spec: unknown; status?: unknown }): Seen {
  const { containers } = pod.spec as { containers: { name: string; image: string }[] };
  const status = (pod.status ?? {}) as {
    conditions?: { type: string; status: string }[];
    containerStatuses?: { name: string; image: string; ready: boolean }[];
  };
  const agent = status.containerStatuses?.find(({ name }) => name === "agent");
  return {
    image: containers.find(({ name }) => name === "agent")?.image ?? "",
    hash: (JSON.parse(pod.metadata.annotations?.[HASH] ?? "{}") as Record<string, { hash: string }>)["chaos"]?.hash ?? "",
    ready: (status.conditions ?? []).some(({ type, status: value }) => type === "Ready" && value === "True") && agent?.ready === true,
    runs: agent?.image ?? "",
  };
}

const set = (image: string) => ({
  apiVersion: SidecarSets.apiVersion,
  kind: "SidecarSet" as const,
  metadata: { name: "chaos" },
  spec: {
    selector: { matchLabels: { app: "chaos" } },
    containers: [{ name: "agent", image }],
    updateStrategy: { maxUnavailable: MAX_UNAVAILABLE },
  },
});

test(`while ${PODS} pods roll, the manager is killed ${KILLS} times: never more than maxUnavailable are down, no pod is half done, and the rollout ends`, async () => {
  const { client } = cluster;
  const namespace = "chaos";
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } as never);
  await eventually(async () => (await client.find(ServiceAccount, { namespace, name: "default" })) !== undefined);
  await client.create(SidecarSets, set("agent:1") as never);
  for (let index = 0; index < PODS; index++) {
    const metadata = { name: `p${index}`, namespace, labels: { app: "chaos" } };
    await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [{ name: "app", image: "app:1" }] } } as never);
  }
  const pods = async (): Promise<Map<string, Seen>> => {
    const { items } = await client.list(Pod, { namespace });
    return new Map(items.map((pod) => [pod.metadata.name, look(pod as never)]));
  };
  await eventually(async () => [...(await pods()).values()].filter(({ ready, image }) => ready && image === "agent:1").length === PODS, {
    timeoutMs: 120_000,
  });

  // Every state of every pod, in the order of the server's log.
  const log: { readonly name: string; readonly seen: Seen }[] = [];
  const start = await client.list(Pod, { namespace });
  for (const pod of start.items) log.push({ name: pod.metadata.name, seen: look(pod as never) });
  const done = new AbortController();
  const watching = (async () => {
    for await (const event of client.watch(Pod, {
      namespace,
      resourceVersion: start.resourceVersion,
      timeoutSeconds: 3600,
      signal: done.signal,
    }))
      if (event.type !== "BOOKMARK") log.push({ name: event.object.metadata.name, seen: look(event.object as never) });
  })().catch((error: unknown) => {
    if (!done.signal.aborted) throw error;
  });

  // Says no resourceVersion: the manager may write the set's status meanwhile.
  const { spec } = set("agent:2") as { readonly spec: object };
  await client.patch(SidecarSets, { name: "chaos" }, { type: "merge", patch: { spec } });
  const isDone = async (): Promise<boolean> =>
    [...(await pods()).values()].every(({ image, runs, ready }) => image === "agent:2" && runs.endsWith("agent:2") && ready);
  for (let kill = 0; kill < KILLS; kill++) {
    // At a random point of the share of the rollout that is this kill's.
    const from = log.length;
    const share = Math.ceil((PODS * 2) / KILLS);
    const events = 1 + Math.floor(Math.random() * share);
    await eventually(async () => log.length - from >= events || (await isDone()), { timeoutMs: 120_000, intervalMs: 1 });
    await manager.kill();
    manager = await startManager(cluster);
  }
  await eventually(isDone, { timeoutMs: 300_000 });
  await eventually(
    async () =>
      ((await client.get(SidecarSets, { name: "chaos" })).status as unknown as { updatedReadyPods?: number }).updatedReadyPods === PODS,
    { timeoutMs: 60_000 },
  );
  done.abort();
  await watching;

  const state = new Map<string, Seen>();
  const down = new Set<string>();
  const hashes = new Map<string, string>();
  let most = 0;
  for (const { name, seen } of log) {
    const before = state.get(name);
    state.set(name, seen);
    // One hash for one image: images and records change in one write.
    hashes.set(seen.image, hashes.get(seen.image) ?? seen.hash);
    expect(`${seen.image} ${seen.hash}`).toBe(`${seen.image} ${hashes.get(seen.image)}`);
    if (before !== undefined && before.image !== seen.image && before.ready) down.add(name);
    if (seen.ready && seen.runs.endsWith(seen.image)) down.delete(name);
    most = Math.max(most, down.size);
  }
  expect(most).toBeLessThanOrEqual(MAX_UNAVAILABLE);
  expect(most).toBeGreaterThan(0);
  expect(hashes.size).toBe(2);
}, 900_000);
