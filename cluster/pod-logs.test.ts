import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Kubectl } from "../e2e/kubectl.ts";
import { type Manager, outrigger, startManager } from "../e2e/outrigger.ts";
import { type ContainerCluster, startContainerCluster } from "./parts.ts";

// Logs of real containers, which a real kubelet writes, rotates and removes.
const IMAGE = "docker.io/library/busybox:1";
let cluster: ContainerCluster;
let kubectl: Kubectl;
let manager: Manager;
let folder: string;

beforeAll(async () => {
  cluster = await startContainerCluster();
  kubectl = cluster.kubectl;
  folder = mkdtempSync(join(tmpdir(), "outrigger-archive-"));
  manager = await start();
  await apply({ apiVersion: "outrigger.dev/v1alpha1", kind: "PodLogArchive", metadata: { name: "all" }, spec: {} });
  await kubectl("wait", "--for=condition=Ready", "podlogarchive/all", "--timeout=60s");
}, 240_000);
afterAll(async () => {
  await manager?.stop();
  await cluster?.down();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

function start(): Promise<Manager> {
  const host = readFileSync(join(cluster.folder, "host-address"), "utf8").trim();
  return startManager(cluster, ["--webhook-host", host, "--features", "pod-logs", "--log-folder", folder]);
}
async function apply(object: object): Promise<void> {
  const { exitCode, stderr } = await kubectl.feed(JSON.stringify(object), "apply", "-f", "-");
  expect(exitCode, stderr).toBe(0);
}
async function archived(target: string): Promise<string> {
  const { stdout, exitCode, stderr } = await outrigger([
    "logs",
    target,
    "-n",
    "default",
    "--folder",
    folder,
    "--kubeconfig",
    cluster.kubeconfigFile,
  ]);
  return exitCode === 0 ? stdout : stderr;
}
/** The numbers that were logged, run by run. */
function runsOf(text: string): number[][] {
  return text
    .split("\n--- container ")
    .slice(1)
    .map((run) => [...run.matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number)));
}
const counted = (to: number): number[] => Array.from({ length: to }, (_, index) => index + 1);
const count = (to: number, then: string): string[] => [
  "sh",
  "-c",
  `i=1; while [ $i -le ${to} ]; do echo line $i; i=$((i+1)); done; ${then}`,
];
const job = (name: string, restartPolicy: string, command: string[], init: object[] = []): object => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name },
  spec: {
    backoffLimit: 2,
    template: {
      spec: {
        restartPolicy,
        initContainers: init,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "work", image: IMAGE, command }],
      },
    },
  },
});

test("a Job that fails to its limit, and is deleted at once with its pods, has all its lines of every attempt", async () => {
  await apply(job("failing", "Never", count(500, "exit 3"), [{ name: "prepare", image: IMAGE, command: ["echo", "prepared"] }]));
  await kubectl("wait", "--for=condition=Failed", "job/failing", "--timeout=110s");
  await kubectl("delete", "job", "failing", "--cascade=foreground", "--wait=true");
  expect(await kubectl("get", "pods", "-l", "job-name=failing", "-o", "name")).toBe("");
  const text = await eventually(async () => {
    const said = await archived("job/failing");
    expect(said.match(/still followed|: running/g)).toBeNull();
    return said;
  });
  expect(text.match(/^==> pod failing-\w+ \(Failed\)$/gm)).toHaveLength(3);
  expect(text.match(/^--- container work, run 1: Error, exit code 3 \(/gm)).toHaveLength(3);
  expect(text.match(/^--- container prepare, run 1: Completed, exit code 0 .*\nprepared$/gm)).toHaveLength(3);
  expect(runsOf(text).filter((run) => run.length > 0)).toEqual([counted(500), counted(500), counted(500)]);
  expect(text).not.toContain("lines may be missing");
});

test("runs of one pod that end at once and are started again are all kept, and none is taken for another", async () => {
  await apply(job("restarting", "OnFailure", count(300, "exit 4")));
  await kubectl("wait", "--for=condition=Failed", "job/restarting", "--timeout=110s");
  const text = await eventually(async () => {
    const said = await archived("job/restarting");
    expect(said.match(/still followed|: running/g)).toBeNull();
    return said;
  });
  const runs = runsOf(text);
  expect(runs.length, text).toBeGreaterThanOrEqual(2);
  for (const run of runs) expect(run, text).toEqual(counted(300));
});

test("a manager that is killed goes on where it stopped, with no line twice", async () => {
  await apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "ticking" },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "tick", image: IMAGE, command: ["sh", "-c", "i=1; while true; do echo line $i; i=$((i+1)); sleep 0.02; done"] }],
    },
  });
  const latest = async (): Promise<number> =>
    runsOf(await archived("pod/ticking"))
      .at(-1)
      ?.at(-1) ?? 0;
  await eventually(async () => expect(await latest()).toBeGreaterThan(50));
  for (let round = 0; round < 2; round++) {
    await manager.kill();
    const before = await latest();
    manager = await start();
    await eventually(async () => expect(await latest()).toBeGreaterThan(before + 100));
  }
  await kubectl("delete", "pod", "ticking", "--wait=true");
  const text = await eventually(async () => {
    const said = await archived("pod/ticking");
    expect(said).not.toContain("still followed");
    return said;
  });
  const [run = []] = runsOf(text);
  expect(run).toEqual(counted(run.length));
  expect(text).not.toContain("lines may be missing");
});
