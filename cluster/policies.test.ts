import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runManager } from "@outrigger/operator";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Kubectl } from "../e2e/kubectl.ts";
import { type ContainerCluster, startContainerCluster } from "./parts.ts";

// Policies against a real kubelet and real containers: what the API alone cannot show.
const IMAGE = "docker.io/library/busybox:1";
let stopping = new AbortController();
let cluster: ContainerCluster;
let kubectl: Kubectl;
let managing: Promise<void> | undefined;

beforeAll(async () => {
  cluster = await startContainerCluster();
  kubectl = cluster.kubectl;
  await startManager();
}, 240_000);

async function startManager(): Promise<void> {
  stopping = new AbortController();
  await new Promise<void>((resolve, reject) => {
    managing = runManager({
      kubeconfig: { file: cluster.kubeconfigFile },
      namespace: "outrigger-system",
      webhook: { mode: "url", host: readFileSync(join(cluster.folder, "host-address"), "utf8").trim(), port: 0 },
      features: ["all"],
      temporary: true,
      signal: stopping.signal,
      report: () => {},
      onReady: resolve,
    });
    managing.catch(reject);
  });
}
afterAll(async () => {
  stopping.abort();
  await managing?.catch(() => {});
  await cluster?.down();
}, 60_000);

async function apply(object: object): Promise<void> {
  const { exitCode, stderr } = await kubectl.feed(JSON.stringify(object), "apply", "-f", "-");
  expect(exitCode, stderr).toBe(0);
}
interface PodObject {
  metadata: { name: string };
  status: { phase: string; reason?: string; containerStatuses?: { restartCount: number; containerID?: string }[] };
}
const pods = async (selector: string): Promise<PodObject[]> =>
  (JSON.parse(await kubectl("get", "pods", "-l", selector, "-o", "json")) as { items: PodObject[] }).items;
const milli = (text: string): number => (text.endsWith("m") ? Number(text.slice(0, -1)) : Number(text) * 1000);
const cpu = async (): Promise<number> => milli(await kubectl("get", "node", "node-1", "-o", "jsonpath={.status.allocatable.cpu}"));

test("pods beyond the true and below the amplified CPU run, and a kubelet that restarts ends none of them", async () => {
  const truth = await cpu();
  await apply({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "NodeOvercommit",
    metadata: { name: "double" },
    spec: { ratios: { cpu: 2 } },
  });
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
  for (const name of ["one", "two", "three"])
    await apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, labels: { app: "idle" } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "idle",
            image: IMAGE,
            imagePullPolicy: "IfNotPresent",
            command: ["sleep", "3600"],
            resources: { requests: { cpu: `${Math.floor(truth * 0.6)}m` } },
          },
        ],
      },
    });
  const started = await eventually(
    async () => {
      const all = await pods("app=idle");
      return all.length === 3 && all.every(({ status }) => status.phase === "Running") ? all : undefined;
    },
    { timeoutMs: 90_000 },
  );
  const identities = (all: readonly PodObject[]): unknown[] =>
    all.map(({ metadata, status }) => [
      metadata.name,
      status.phase,
      status.containerStatuses?.map(({ restartCount, containerID }) => [restartCount, containerID]),
    ]);
  // The kubelet writes every ten seconds, since its own value is another: it is amplified each time, once.
  const writes = async (): Promise<string> =>
    kubectl("get", "node", "node-1", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].lastHeartbeatTime}");
  for (let beat = 0; beat < 2; beat++) {
    const before = await writes();
    await eventually(async () => (await writes()) !== before, { timeoutMs: 60_000 });
    expect(await cpu()).toBe(truth * 2);
  }
  await cluster.restart("kubelet");
  const before = await writes();
  await eventually(async () => (await writes()) !== before, { timeoutMs: 90_000 });
  // After a restart the kubelet has admitted its pods anew once it reports them; a further heartbeat later nothing has changed.
  const again = await writes();
  await eventually(async () => (await writes()) !== again, { timeoutMs: 60_000 });
  expect(identities(await pods("app=idle"))).toEqual(identities(started));
  expect(await cpu()).toBe(truth * 2);
  await kubectl("delete", "pods", "-l", "app=idle", "--grace-period=0", "--force");
  await kubectl("delete", "nodeovercommit", "double", "--timeout=60s");
  await eventually(async () => expect(await cpu()).toBe(truth));
}, 400_000);

test("a Job fails exactly as often as the policy says", async () => {
  await apply({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "JobPolicy",
    metadata: { name: "twice" },
    spec: { backoffLimit: { mode: "cap", value: 1 } },
  });
  const job = (name: string): object => ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: {
      template: {
        spec: {
          restartPolicy: "Never",
          containers: [{ name: "fail", image: IMAGE, imagePullPolicy: "IfNotPresent", command: ["false"] }],
        },
      },
    },
  });
  await eventually(async () => {
    await kubectl("delete", "job", "fails", "--ignore-not-found");
    await apply(job("fails"));
    return (await kubectl("get", "job", "fails", "-o", "jsonpath={.spec.backoffLimit}")) === "1";
  });
  const failed = await eventually(
    async () => {
      const { status } = JSON.parse(await kubectl("get", "job", "fails", "-o", "json")) as {
        status: { failed?: number; conditions?: { type: string; reason: string }[] };
      };
      return status.conditions?.some(({ type }) => type === "Failed") ? status : undefined;
    },
    { timeoutMs: 180_000 },
  );
  expect(failed.conditions?.find(({ type }) => type === "Failed")?.reason).toBe("BackoffLimitExceeded");
  expect(failed.failed).toBe(2);
  expect((await pods("job-name=fails")).map(({ status }) => status.phase)).toEqual(["Failed", "Failed"]);
}, 300_000);

test("a Service gets a pod with the readiness gate only when its injected containers are ready and the manager says so", async () => {
  await apply({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "gated" },
    spec: {
      selector: { matchLabels: { app: "gated" } },
      containers: [
        {
          name: "proxy",
          image: IMAGE,
          imagePullPolicy: "IfNotPresent",
          command: ["sleep", "3600"],
          readinessProbe: { exec: { command: ["test", "-e", "/ready"] }, periodSeconds: 1 },
        },
      ],
    },
  });
  await apply({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "PodDefaults",
    metadata: { name: "gated" },
    spec: { selector: { matchLabels: { app: "gated" } }, sidecarReadinessGate: true },
  });
  await apply({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "gated" },
    spec: { selector: { app: "gated" }, ports: [{ port: 80 }] },
  });
  const made = await eventually(async () => {
    await kubectl("delete", "pod", "gated", "--ignore-not-found", "--grace-period=0", "--force");
    await apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "gated", labels: { app: "gated" } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "web", image: IMAGE, imagePullPolicy: "IfNotPresent", command: ["sleep", "3600"] }],
      },
    });
    const { spec } = JSON.parse(await kubectl("get", "pod", "gated", "-o", "json")) as {
      spec: { containers: { name: string }[]; readinessGates?: { conditionType: string }[] };
    };
    return spec.containers.length === 2 && spec.readinessGates !== undefined ? spec : undefined;
  });
  expect(made.readinessGates).toEqual([{ conditionType: "outrigger.dev/sidecars-ready" }]);
  const state = async (): Promise<{ conditions: Record<string, string>; inService: boolean }> => {
    const slices = JSON.parse(await kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=gated", "-o", "json")) as {
      items: { endpoints?: { conditions: { ready?: boolean } }[] }[];
    };
    const { status } = JSON.parse(await kubectl("get", "pod", "gated", "-o", "json")) as {
      status: { conditions: { type: string; status: string }[] };
    };
    return {
      conditions: Object.fromEntries(status.conditions.map(({ type, status }) => [type, status])),
      inService: slices.items.some(({ endpoints }) => endpoints?.some(({ conditions }) => conditions.ready)),
    };
  };
  const waiting = { Ready: "False", "outrigger.dev/sidecars-ready": "False" };
  await eventually(
    async () => {
      expect(await kubectl("get", "pod", "gated", "-o", 'jsonpath={.status.containerStatuses[?(@.name=="web")].ready}')).toBe("true");
      expect(await state()).toMatchObject({ conditions: waiting, inService: false });
      return true;
    },
    { timeoutMs: 60_000 },
  );
  // Without a manager ready containers are not enough: it is the gate that holds the pod back.
  stopping.abort();
  await managing;
  await kubectl("exec", "gated", "-c", "proxy", "--", "touch", "/ready");
  await eventually(async () => expect((await state()).conditions["ContainersReady"]).toBe("True"), { timeoutMs: 60_000 });
  expect(await state()).toMatchObject({ conditions: waiting, inService: false });
  await startManager();
  await eventually(async () => expect(await state()).toMatchObject({ conditions: { Ready: "True" }, inService: true }), {
    timeoutMs: 60_000,
  });
  await kubectl("exec", "gated", "-c", "proxy", "--", "rm", "/ready");
  await eventually(async () => expect(await state()).toMatchObject({ conditions: waiting, inService: false }), { timeoutMs: 60_000 });
}, 300_000);
