import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { eventually, startRealCluster, type TestCluster } from "@outrigger/testing";
import type { LoggedPod } from "../../packages/operator/src/logs/pod-runs.ts";
import { Contender } from "../contender.ts";
import type { Figure } from "../main.ts";
import { childNamed, cpuSeconds, sharedMib } from "../processes.ts";
import type { KubeletState } from "./kubelet.ts";

const PODS = 200;
const LINES_PER_SECOND = 50;

interface Cost {
  readonly cpu: number;
  readonly memory: number;
  readonly serverCpu: number;
  readonly serverMemory: number;
  /** Lines that were followed meanwhile. */
  readonly lines: number;
}

/** What it costs to follow the logs of 200 pods, ourselves and a real API server, beside 200 `kubectl logs -f`. */
export async function run(seconds: number): Promise<Figure[]> {
  if (!process.env["KUBEBUILDER_ASSETS"]) {
    console.log("logs: left out; set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl");
    return [];
  }
  const ours = await measure(seconds, archiver);
  const theirs = await measure(seconds, kubectls);
  const row = (what: string, unit: string, mine: number, others: number, limit = 1): Figure => ({
    what: `${what} while ${PODS} pods with ${LINES_PER_SECOND} lines a second each are followed`,
    value: `${(mine / others).toFixed(2)} × ${PODS} kubectl logs -f (${mine.toFixed(1)} against ${others.toFixed(1)} ${unit})`,
    goal: `≤ ${limit} ×`,
    met: mine <= others * limit,
  });
  // Per line: on a busy machine fewer are written.
  const perLine = (value: number, { lines }: Cost): number => (value / lines) * 1_000_000;
  const second = "µs a line";
  return [
    row("API server's CPU", second, perLine(ours.serverCpu, ours), perLine(theirs.serverCpu, theirs)),
    // Nine tenths of it are the API server's own, and change with its garbage.
    row("API server's memory", "MiB", ours.serverMemory, theirs.serverMemory, 1.1),
    row("archive's CPU", second, perLine(ours.cpu, ours), perLine(theirs.cpu, theirs)),
    row("archive's memory", "MiB", ours.memory, theirs.memory),
  ];
}

/** @returns the processes that follow, and what ends them */
type Way = (cluster: TestCluster, pods: readonly LoggedPod[]) => Promise<{ pids: readonly number[]; end(): Promise<void> }>;

const archiver: Way = async ({ kubeconfigFile }, pods) => {
  const contender = Contender.start("logs/archiver-contender.ts");
  return { pids: [await contender.ask<number>({ kubeconfigFile, pods })], end: () => contender.end() };
};

const kubectls: Way = async ({ kubeconfigFile }, pods) => {
  const kubectl = process.env["KUBECTL"] ?? join(process.env["KUBEBUILDER_ASSETS"] ?? "", "kubectl");
  const children: ChildProcess[] = pods.map(({ metadata: { name } }) =>
    spawn(kubectl, ["--kubeconfig", kubeconfigFile, "logs", "-f", "--timestamps", name], { stdio: "ignore" }),
  );
  return {
    pids: children.map(({ pid }) => pid!),
    async end() {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, "exit")));
    },
  };
};

async function measure(seconds: number, way: Way): Promise<Cost> {
  const kubelet = Contender.start("logs/kubelet.ts");
  const cluster = await startRealCluster({ controllers: false, node: false });
  try {
    const { port } = await kubelet.ask<KubeletState>({ linesPerSecond: LINES_PER_SECOND });
    const pods = await makePods(cluster, port);
    const server = childNamed("kube-apiserver");
    const { pids, end } = await way(cluster, pods);
    try {
      await eventually(async () => (await kubelet.ask<KubeletState>({})).open >= PODS, { timeoutMs: 300_000 });
      const used = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
      const before = { cpu: used(), server: cpuSeconds(server), lines: (await kubelet.ask<KubeletState>({})).lines };
      await wait(seconds * 1000);
      return {
        cpu: used() - before.cpu,
        serverCpu: cpuSeconds(server) - before.server,
        lines: (await kubelet.ask<KubeletState>({})).lines - before.lines,
        memory: pids.reduce((sum, pid) => sum + sharedMib(pid), 0),
        serverMemory: sharedMib(server),
      };
    } finally {
      await end();
    }
  } finally {
    await cluster.close();
    await kubelet.end();
  }
}

/** A Node whose kubelet is ours, and pods that run there. */
async function makePods({ client }: TestCluster, port: number): Promise<LoggedPod[]> {
  const send = (method: string, path: string, body: object, type = "application/json") =>
    client.request({ method, path, headers: { "content-type": type }, body: JSON.stringify(body) });
  const patch = "application/merge-patch+json";
  await send("POST", "/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "n" } });
  const addresses = [{ type: "InternalIP", address: "127.0.0.1" }];
  await send("PATCH", "/api/v1/nodes/n/status", { status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } } }, patch);
  const pods: LoggedPod[] = [];
  for (let index = 0; index < PODS; index++) {
    const name = `pod-${index}`;
    const spec = { nodeName: "n", containers: [{ name: "main", image: "a" }] };
    await send("POST", "/api/v1/namespaces/default/pods", { apiVersion: "v1", kind: "Pod", metadata: { name }, spec });
    const state = { running: { startedAt: "2026-01-01T00:00:00Z" } };
    const main = { name: "main", image: "a", imageID: "", ready: true, restartCount: 0, containerID: `containerd://${index}`, state };
    const status = { phase: "Running", containerStatuses: [main] };
    pods.push((await send("PATCH", `/api/v1/namespaces/default/pods/${name}/status`, { status }, patch)) as LoggedPod);
  }
  return pods;
}
