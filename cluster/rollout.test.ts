import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { busyboxWith, type ContainerCluster, ROOT, startContainerCluster, tagImage } from "./parts.ts";

const SIDECAR = "docker.io/outrigger/rollout-sidecar";
const EMPTY = "docker.io/outrigger/rollout-empty:1";
const LONG = { timeoutMs: 90_000, intervalMs: 250 };

let it: ContainerCluster;
let manager: ChildProcess;
const said: string[] = [];
beforeAll(async () => {
  await busyboxWith("VERSION=one", `${SIDECAR}:one`);
  await busyboxWith("VERSION=two", `${SIDECAR}:two`);
  await busyboxWith("VERSION=empty", EMPTY);
  await tagImage(`${SIDECAR}:two`, `${SIDECAR}:two-again`);
  it = await startContainerCluster();
  await it.load(`${SIDECAR}:one`, `${SIDECAR}:two`, `${SIDECAR}:two-again`, EMPTY);
  const host = readFileSync(join(it.folder, "host-address"), "utf8").trim();
  const args = [join(ROOT, "packages/cli/bin/outrigger.js"), "run", "--kubeconfig", it.kubeconfigFile, "--webhook-host", host];
  manager = spawn(process.execPath, args, { cwd: it.folder, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  for (const stream of [manager.stdout, manager.stderr]) stream?.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    manager.on("message", (message) => message === "ready" && resolve());
    manager.on("exit", (code) => reject(new Error(`the manager ended with ${code}:\n${said.join("")}`)));
  });
}, 600_000);
afterAll(async () => {
  if (manager && manager.exitCode === null) {
    manager.kill("SIGTERM");
    await once(manager, "exit");
  }
  await it?.down();
}, 120_000);

async function set(name: string, image: string, more: object = {}, annotations: object = {}): Promise<void> {
  const file = join(it.folder, `${name}.json`);
  const container = {
    name: "side",
    image,
    command: ["sh", "-c", 'echo "version $VERSION"; trap "exit 0" TERM; while true; do sleep 1; done'],
    imagePullPolicy: "IfNotPresent",
    ...more,
  };
  const spec = { selector: { matchLabels: { app: name } }, containers: [container] };
  writeFileSync(file, JSON.stringify({ apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", metadata: { name, annotations }, spec }));
  await it.kubectl("apply", "-f", file);
}

async function run(name: string): Promise<void> {
  const args = ["--image=docker.io/library/busybox:1", `--labels=app=${name}`, "--image-pull-policy=IfNotPresent"];
  await it.kubectl("run", name, ...args, "--command", "--", "sh", "-c", "while true; do date +%s; sleep 1; done");
  await it.kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=90s");
}

interface Status {
  name: string;
  restartCount: number;
  containerID: string;
  image: string;
}
const statuses = async (name: string): Promise<Record<string, Status>> => {
  const { status } = JSON.parse(await it.kubectl("get", "pod", name, "-o", "json")) as { status: { containerStatuses: Status[] } };
  return Object.fromEntries(status.containerStatuses.map((one) => [one.name, one]));
};
const upToDate = (name: string): Promise<unknown> =>
  eventually(async () => {
    const condition = JSON.parse(await it.kubectl("get", "sidecarset", name, "-o", "json")) as {
      metadata: { generation: number };
      status: { observedGeneration: number; conditions: { type: string; reason: string; message: string }[] };
    };
    const ready = condition.status.conditions.find(({ type }) => type === "Ready");
    expect(`${ready?.reason} ${condition.status.observedGeneration}: ${ready?.message}`).toMatch(
      new RegExp(`^UpToDate ${condition.metadata.generation}`),
    );
    return true;
  }, LONG);

test("a real container restarts with the new image, its log shows it, and the app's container keeps running", async () => {
  await set("cold", `${SIDECAR}:one`);
  await run("cold");
  await upToDate("cold");
  const before = await statuses("cold");
  expect(await it.kubectl("logs", "cold", "-c", "side")).toBe("version one\n");
  const logBefore = (await it.kubectl("logs", "cold", "-c", "cold")).trim().split("\n");

  await set("cold", `${SIDECAR}:two`);
  await eventually(async () => (await it.kubectl("logs", "cold", "-c", "side")) === "version two\n", LONG);
  await upToDate("cold");
  const after = await statuses("cold");
  expect(after["side"]).toMatchObject({ restartCount: 1, image: `${SIDECAR}:two` });
  expect(after["cold"]).toEqual(before["cold"]);
  // The app's clock has ticked on, every second of it.
  const ticks = (await it.kubectl("logs", "cold", "-c", "cold")).trim().split("\n").map(Number);
  expect(ticks.length).toBeGreaterThan(logBefore.length);
  for (let index = 1; index < ticks.length; index++) expect(ticks[index]! - ticks[index - 1]!).toBeLessThanOrEqual(3);
});

test("another name of the same image is a rollout that ends too", async () => {
  await set("cold", `${SIDECAR}:two-again`);
  await eventually(async () => (await statuses("cold"))["side"]!.restartCount === 2, LONG);
  await upToDate("cold");
});

test("an image that is not there stops the rollout with the runtime's reason, and the one before mends it", async () => {
  await set("cold", `${SIDECAR}:absent`);
  await eventually(async () => {
    const wide = await it.kubectl("get", "sidecarset", "cold", "-o", "wide");
    expect(wide).toMatch(/UpdateFailing.*container side: (ErrImagePull|ImagePullBackOff)/);
    return true;
  }, LONG);
  await set("cold", `${SIDECAR}:two`);
  await upToDate("cold");
  expect(await it.kubectl("logs", "cold", "-c", "side")).toBe("version two\n");
}, 240_000);

test("a hot upgrade: the old container works until the new one does, then idles", async () => {
  const hot = { upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: EMPTY } };
  await set("hot", `${SIDECAR}:one`, hot);
  await run("hot");
  await upToDate("hot");
  expect(await it.kubectl("logs", "hot", "-c", "side-1")).toBe("version one\n");
  await set("hot", `${SIDECAR}:two`, hot);
  await eventually(async () => (await it.kubectl("logs", "hot", "-c", "side-1")) === "version empty\n", LONG);
  expect(await it.kubectl("logs", "hot", "-c", "side-2")).toBe("version two\n");
  await upToDate("hot");
}, 240_000);

test("a native sidecar restarts with the new image while the app runs on, and a Job that has one ends", async () => {
  const native = { "outrigger.dev/run-as": "native-sidecar" };
  await set("native", `${SIDECAR}:one`, {}, native);
  await run("native");
  const app = (await statuses("native"))["native"];
  await set("native", `${SIDECAR}:two`, {}, native);
  await upToDate("native");
  expect(await it.kubectl("logs", "native", "-c", "side")).toBe("version two\n");
  expect((await statuses("native"))["native"]).toEqual(app);
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "native-job" },
    spec: {
      template: {
        metadata: { labels: { app: "native" } },
        spec: {
          restartPolicy: "Never",
          containers: [{ name: "work", image: "docker.io/library/busybox:1", imagePullPolicy: "IfNotPresent", command: ["true"] }],
        },
      },
    },
  };
  const file = join(it.folder, "native-job.json");
  writeFileSync(file, JSON.stringify(job));
  await it.kubectl("apply", "-f", file);
  await it.kubectl("wait", "--for=condition=Complete", "job/native-job", "--timeout=90s");
  expect(await it.kubectl("get", "pods", "-l", "job-name=native-job", "-o", "jsonpath={.items[*].spec.initContainers[*].name}")).toBe(
    "side",
  );
}, 240_000);
