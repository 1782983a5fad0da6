import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Kubectl } from "../e2e/kubectl.ts";
import { type Manager, outrigger, startManager } from "../e2e/outrigger.ts";
import { type ContainerCluster, run as program, startContainerCluster } from "./parts.ts";
import { bucketTests } from "./pod-logs-bucket.ts";

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
  // Small enough to be filled up.
  await program("mount", ["-t", "tmpfs", "-o", "size=64m", "archive", folder]);
  manager = await start();
  await apply({ apiVersion: "outrigger.dev/v1alpha1", kind: "PodLogArchive", metadata: { name: "all" }, spec: {} });
  await kubectl("wait", "--for=condition=Ready", "podlogarchive/all", "--timeout=60s");
}, 240_000);
afterAll(async () => {
  await manager?.stop();
  await cluster?.down();
  if (folder) await program("umount", [folder]);
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

const pod = (name: string, command: string[], spec: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: IMAGE, command }], ...spec },
});
const condition = (): Promise<string> =>
  kubectl("get", "podlogarchive", "all", "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}');

test("what nobody could read while no manager ran is a gap with its times", { timeout: 180_000 }, async () => {
  const padding = "x".repeat(90);
  const noisy = `i=1; while true; do if [ -e /go ] && [ $i -lt 160000 ]; then echo "line $i ${padding}"; else echo line $i; sleep 0.02; fi; i=$((i+1)); done`;
  await apply(pod("noisy", ["sh", "-c", noisy]));
  await apply(
    pod("doomed", count(10, "while [ ! -e /data/go ]; do sleep 0.05; done; exit 1"), {
      containers: [
        {
          name: "main",
          image: IMAGE,
          command: count(10, "while [ ! -e /data/go ]; do sleep 0.05; done; exit 1"),
          volumeMounts: [{ name: "data", mountPath: "/data" }],
        },
      ],
      volumes: [{ name: "data", emptyDir: {} }],
    }),
  );
  await eventually(async () => {
    expect((await archived("pod/noisy")).split("\n").length).toBeGreaterThan(50);
    expect(runsOf(await archived("pod/doomed"))).toEqual([counted(10)]);
    return true;
  });
  await manager.kill();
  await kubectl("exec", "doomed", "--", "touch", "/data/go");
  await kubectl("exec", "noisy", "--", "touch", "/go");
  // The kubelet rotates a log of more than 10 MiB; the next one begins behind it.
  const current = async (): Promise<string> => kubectl("logs", "noisy", "--limit-bytes=100");
  await eventually(async () => expect(await current()).not.toMatch(/^line 1\n/), { timeoutMs: 60_000 });
  await eventually(
    async () =>
      expect(Number(await kubectl("get", "pod", "doomed", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"))).toBeGreaterThan(
        2,
      ),
    { timeoutMs: 90_000 },
  );
  manager = await start();
  const doomed = await eventually(async () => {
    const said = await archived("pod/doomed");
    expect(said).toMatch(/^--- container main: runs 2 to \d+ were gone before they could be read, before \S+$/m);
    // The kubelet may have removed the run before the last one, which is a gap too.
    const runs = said.split("\n--- container ").slice(2);
    expect(runs.length).toBeGreaterThan(1);
    for (const run of runs)
      if (!run.includes("--- lines may be missing from the beginning until "))
        expect(runsOf(`\n--- container ${run}`)).toEqual([counted(10)]);
    return said;
  });
  expect(runsOf(doomed)[1]).toEqual(counted(10));
  expect(doomed).toMatch(/^--- lines may be missing after \S+Z: the log was gone before its end was read$/m);

  const read = async (): Promise<{ numbers: number[]; gaps: string[]; times: Map<number, string> }> => {
    const { stdout } = await outrigger([
      "logs",
      "pod/noisy",
      "-n",
      "default",
      "--folder",
      folder,
      "--timestamps",
      "--kubeconfig",
      cluster.kubeconfigFile,
    ]);
    const lines = [...stdout.matchAll(/^(\S+) line (\d+)/gm)].map(([, time = "", number]) => [Number(number), time] as const);
    return { numbers: lines.map(([number]) => number), gaps: stdout.match(/^--- lines may be missing.*$/gm) ?? [], times: new Map(lines) };
  };
  const { numbers, gaps, times } = await eventually(async () => {
    const now = await read();
    expect(now.numbers.at(-1)).toBeGreaterThan(160_000);
    return now;
  });
  const jumps = numbers.flatMap((number, index) =>
    index > 0 && number !== numbers[index - 1]! + 1 ? [[numbers[index - 1]!, number] as const] : [],
  );
  expect(jumps).toHaveLength(1);
  const [[before, after]] = jumps as [readonly [number, number]];
  expect(gaps).toEqual([
    `--- lines may be missing after ${times.get(before)} until ${times.get(after)}: the kubelet rotated the log while nobody followed it`,
  ]);
  await kubectl("delete", "pod", "noisy", "doomed", "--wait=true");
});

test("a deleted pod is held back until its log is kept, a full folder holds it no longer than the deadline, and what was full goes on", {
  timeout: 180_000,
}, async () => {
  await apply({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "PodLogArchive",
    metadata: { name: "all" },
    spec: { finalizer: { deadlineSeconds: 5 }, maxBytesPerRun: "64Ki" },
  });
  await apply(pod("held", count(5000, "sleep 3600")));
  await eventually(async () =>
    expect(await kubectl("get", "pod", "held", "-o", "jsonpath={.metadata.finalizers}")).toContain("outrigger.dev/log-archive"),
  );
  await eventually(async () => expect(runsOf(await archived("pod/held"))[0]?.length).toBeGreaterThan(1000));
  await kubectl("delete", "pod", "held", "--wait=true");
  const held = await eventually(async () => {
    const said = await archived("pod/held");
    expect(said).not.toContain("still followed");
    return said;
  });
  const [run = []] = runsOf(held);
  expect(run).toEqual(counted(run.length));
  expect(run.length).toBeLessThan(5000);
  expect(held).toMatch(/^--- lines may be missing after \S+ until \S+: spec.maxBytesPerRun was reached$/m);
  expect(held).toMatch(/run 1: Error, exit code 137/);

  writeFileSync(join(folder, "filler"), "");
  await program("sh", ["-c", `dd if=/dev/zero of=${join(folder, "filler")} bs=1M 2>/dev/null; true`]);
  await apply(pod("full", ["sh", "-c", "echo line 1; sleep 3600"]));
  await eventually(async () => expect(await condition()).toBe("CannotKeep"));
  await kubectl("wait", "--for=condition=Ready", "pod/full", "--timeout=60s");
  const began = performance.now();
  await kubectl("delete", "pod", "full", "--wait=true");
  // The deadline, and what a busy machine takes besides.
  expect(performance.now() - began).toBeLessThan(30_000);
  await apply(pod("later", ["sh", "-c", "echo line 1; sleep 3600"]));
  rmSync(join(folder, "filler"));
  await eventually(async () => expect(runsOf(await archived("pod/later"))).toEqual([[1]]));
  await eventually(async () => expect(await condition()).toBe("Following"), { timeoutMs: 60_000 });

  // The retention takes what finished first, and nothing that runs.
  await apply({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "PodLogArchive",
    metadata: { name: "all" },
    spec: { retention: { maxBytes: "1" } },
  });
  await eventually(() => expect(readdirSync(join(folder, "default")).map((name) => name.split("_")[0])).toEqual(["later"]));
  await eventually(async () => expect(await kubectl("get", "pod", "later", "-o", "jsonpath={.metadata.finalizers}")).toBe(""));
  expect(await kubectl("get", "podlogarchives")).toMatch(/^NAME +FOLLOWING +PODS +BYTES +GAPS +READY +AGE\nall +1 +1 +\d+ +0 +True /);
});

let objects: string;
beforeAll(async () => {
  objects = mkdtempSync(join(tmpdir(), "outrigger-objects-"));
  await program("mount", ["-t", "tmpfs", "-o", "size=16m", "objects", objects]);
});
afterAll(async () => {
  await program("umount", [objects]);
  rmSync(objects, { recursive: true, force: true });
});
bucketTests({
  kubectl: () => kubectl,
  manager: () => manager,
  restartManager: async () => {
    manager = await start();
  },
  apply,
  archived,
  image: IMAGE,
  folder: () => objects,
});
