import { join } from "node:path";
import { runManager } from "@outrigger/operator";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { TestAgent } from "../packages/operator/test/agents.ts";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { outrigger, quickstart, repository, startCluster } from "./outrigger.ts";

interface NetworkFault {
  metadata: { finalizers?: string[] };
  status?: { state?: string; applied?: string; pods?: { name: string; state: string; reason?: string; message?: string }[] };
}

const namespace = "tidb-cluster";
/** Pods of these clusters run nothing, so each pod's agent listens on loopback. */
const agents = new Map<string, TestAgent>();
const stopping = new AbortController();
let cluster: TestCluster;
let kubectl: Kubectl;
let managing: Promise<void>;
let pods: string[];

beforeAll(async () => {
  cluster = await startCluster();
  kubectl = kubectlFor(cluster.kubeconfigFile);
  await new Promise<void>((resolve, reject) => {
    managing = runManager({
      kubeconfig: { file: cluster.kubeconfigFile },
      namespace: "outrigger-system",
      webhook: { mode: "url", host: "127.0.0.1", port: 0 },
      temporary: true,
      signal: stopping.signal,
      report: () => {},
      onReady: resolve,
      faults: {
        ttlMs: 10_000,
        timeoutMs: 2000,
        retryMs: 100,
        dial: ({ name }) => ({ host: "127.0.0.1", port: agents.get(name)?.port ?? 1 }),
      },
    });
    managing.catch(reject);
  });
  await kubectl("apply", "-k", join(repository, "deploy/network-fault"));
  await kubectl("create", "namespace", namespace);
  await kubectl("label", "namespace", namespace, "outrigger.dev/network-faults=enabled");
  await kubectl("apply", "-f", join(quickstart, "06-tidb-cluster.yaml"));
  pods = await eventually(
    async () => {
      const { items } = JSON.parse(await kubectl("-n", namespace, "get", "pods", "-o", "json")) as {
        items: { metadata: { name: string }; status: { phase: string; podIP?: string } }[];
      };
      const running = items.filter(({ status }) => status.phase === "Running" && status.podIP);
      return running.length === 4 ? running.map(({ metadata }) => metadata.name) : undefined;
    },
    { timeoutMs: 90_000 },
  );
  for (const pod of pods) agents.set(pod, await new TestAgent().start());
});
afterAll(async () => {
  stopping.abort();
  await managing?.catch(() => {});
  await Promise.all([...agents.values()].map((agent) => agent.stop()));
  await cluster?.close();
});
beforeEach(async () => {
  await kubectl("-n", namespace, "delete", "networkfaults", "--all");
});

const apply = (spec: object, name = "slow") =>
  kubectl.feed(
    JSON.stringify({
      apiVersion: "outrigger.dev/v1alpha1",
      kind: "NetworkFault",
      metadata: { name, namespace },
      spec: { selector: { matchLabels: { "app.kubernetes.io/instance": "basic" } }, fault: { delay: { time: "20ms" } }, ...spec },
    }),
    ...["apply", "-f", "-"],
  );
const fault = async (name = "slow"): Promise<NetworkFault> =>
  JSON.parse(await kubectl("-n", namespace, "get", "networkfault", name, "-o", "json")) as NetworkFault;
const until = (state: string) =>
  eventually(async () => {
    const now = await fault();
    expect(now.status?.state).toBe(state);
    return now;
  });
const disturbed = (): string[] =>
  [...agents]
    .filter(([, { faults }]) => faults.length > 0)
    .map(([name]) => name)
    .sort();

test("the SidecarSet gives every TiDB pod the agent, as a native sidecar with NET_ADMIN alone and a place for its state", async () => {
  for (const pod of pods) {
    const { spec } = JSON.parse(await kubectl("-n", namespace, "get", "pod", pod, "-o", "json")) as {
      spec: { initContainers?: { name: string; restartPolicy: string; securityContext: { capabilities: object } }[]; volumes: object[] };
    };
    const agent = spec.initContainers?.find(({ name }) => name === "network-fault-agent");
    expect(agent).toMatchObject({
      restartPolicy: "Always",
      ports: [{ containerPort: 2332 }],
      securityContext: { capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] }, readOnlyRootFilesystem: true },
      volumeMounts: expect.arrayContaining([{ name: "network-fault-agent", mountPath: "/run/outrigger-agent" }]),
    });
    expect(spec.volumes).toContainEqual({ name: "network-fault-agent", emptyDir: { sizeLimit: "4Mi" } });
    // A namespace without the Secret has agents without a token.
    expect(spec.volumes).toContainEqual({
      name: "network-fault-agent-token",
      secret: { secretName: "outrigger-agent-token", optional: true, defaultMode: 0o400 },
    });
  }
});

test("a fault on two of the pods shows each, is renewed, ends with its duration, and starts again when it changes", async () => {
  await apply({ mode: "fixed", value: 2, duration: "20s" });
  const { status, metadata } = await until("Applied");
  expect(status?.pods).toMatchObject([{ state: "Applied" }, { state: "Applied" }]);
  expect(disturbed()).toEqual(status?.pods?.map(({ name }) => name));
  expect(metadata.finalizers).toEqual(["outrigger.dev/networkfault"]);
  expect(await kubectl("-n", namespace, "get", "nf")).toMatch(
    /^NAME\s+FAULT\s+MODE\s+STATE\s+APPLIED\s+ENDS\s+AGE\nslow\s+delay 20ms\s+fixed\s+Applied\s+2\/2\s+\d{4}-/,
  );
  await kubectl("-n", namespace, "wait", "nf/slow", "--for=condition=Recovered", "--timeout=60s");
  expect(disturbed()).toEqual([]);
  const ended = await eventually(async () => {
    const now = await fault();
    return now.metadata.finalizers === undefined ? now : undefined;
  });
  expect(ended.status).toMatchObject({
    state: "Ended",
    applied: "0/2",
    pods: [{ state: "Recovered", reason: "Ended" }, { reason: "Ended" }],
  });
  await apply({ mode: "fixed", value: 2, duration: "1h" });
  await until("Applied");
  expect(disturbed()).toHaveLength(2);
});

test("kubectl delete takes the fault off its pods before the object goes", async () => {
  await apply({});
  await until("Applied");
  expect(disturbed()).toEqual([...pods].sort());
  await kubectl("-n", namespace, "delete", "networkfault", "slow", "--timeout=30s");
  expect(disturbed()).toEqual([]);
  const events = await eventually(async () => {
    const lines = await kubectl("-n", namespace, "get", "events", "--field-selector=involvedObject.kind=NetworkFault");
    return lines.includes("(Deleted)") ? lines : undefined;
  });
  expect(events).toMatch(/Normal\s+Applied\s+networkfault\/slow\s+delay 20ms on /);
});

test("an agent that cannot be reached is Failed with the reason, tried again, and holds up no deletion for long", async () => {
  const [pod = ""] = pods;
  const there = agents.get(pod)!;
  agents.delete(pod);
  await apply({ selector: { names: [pod] } });
  const { status } = await until("Failed");
  expect(status?.pods).toMatchObject([{ name: pod, state: "Failed", reason: "Unreachable" }]);
  expect(await kubectl("-n", namespace, "describe", "networkfault", "slow")).toMatch(
    /Warning\s+Failed\s.*cannot be reached \(ECONNREFUSED\)/,
  );
  agents.set(pod, there);
  await until("Applied");
  there.hold = new Promise(() => {});
  const asked = Date.now();
  await kubectl("-n", namespace, "delete", "networkfault", "slow", "--timeout=60s");
  expect(Date.now() - asked).toBeGreaterThan(1000);
  there.hold = undefined;
});

test("a pod that comes back under its name is disturbed again", async () => {
  await apply({ selector: { names: ["basic-tikv-0"] }, mode: "one" });
  await until("Applied");
  const before = agents.get("basic-tikv-0")!.requests.length;
  await kubectl("-n", namespace, "delete", "pod", "basic-tikv-0");
  await eventually(() => agents.get("basic-tikv-0")!.requests.slice(before).includes("PUT"), { timeoutMs: 60_000 });
  await eventually(async () => expect(await fault()).toMatchObject({ status: { state: "Applied", applied: "1/1" } }));
});

test("the API server refuses what the schema can see is wrong", async () => {
  for (const [spec, why] of [
    [{ mode: "fixed" }, "modes fixed and percent need a value"],
    [{ fault: {} }, "a fault has at least one of"],
    [{ fault: { delay: { time: "soon" } } }, "spec.fault.delay.time"],
    [{ duration: "10ms" }, "a run lasts at least 1s"],
    [{ schedule: "0 * * * *" }, "a schedule needs a duration"],
  ] as const) {
    const { exitCode, stderr } = await apply(spec);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(why);
  }
});

test("outrigger fault sets, lists and clears", async () => {
  const run = (...args: string[]) => outrigger(["fault", ...args, "--kubeconfig", cluster.kubeconfigFile, "-n", namespace]);
  const set = await run("set", "latency=20ms", "jitter=2ms", "-l", "app.kubernetes.io/instance=basic", "--count", "2", "--name", "by-hand");
  expect(set).toMatchObject({ exitCode: 0, stderr: "" });
  expect(set.stdout).toMatch(/^by-hand: delay 20ms±2ms; Applied 2\/2; ends .*Z\nPOD\s+STATE\s+WHY\nbasic-\S+\s+Applied\n/);
  expect(disturbed()).toHaveLength(2);
  expect((await run("list")).stdout).toMatch(
    /^NAME\s+FAULT\s+PODS\s+STATE\s+APPLIED\s+ENDS\nby-hand\s+delay 20ms±2ms\s+2\s+Applied\s+2\/2\s+ends /,
  );
  expect(await run("clear", "by-hand")).toEqual({ exitCode: 0, stdout: "networkfault/by-hand cleared\n", stderr: "" });
  expect(disturbed()).toEqual([]);
  expect(await run("clear", "by-hand")).toMatchObject({
    exitCode: 1,
    stderr: `outrigger: there is no NetworkFault by-hand in namespace ${namespace}: outrigger fault list shows what is there\n`,
  });
  expect(await run("set", "lateness=5")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/^outrigger: lateness is no fault: write latency=20ms, .*\n$/),
  });
});

test("outrigger fault set puts a fault on pods again that has ended, and fails where no pod had it", async () => {
  const set = (labels: string, duration: string) =>
    outrigger([
      ...["fault", "set", "latency=20ms", "-l", labels, "--duration", duration, "--name", "again"],
      ...["--kubeconfig", cluster.kubeconfigFile, "-n", namespace],
    ]);
  const ended = () => eventually(async () => (await fault("again")).status?.state === "Ended", { timeoutMs: 60_000 });
  for (const _ of [1, 2]) {
    const { exitCode, stdout } = await set("app.kubernetes.io/component=tikv", "10s");
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/^again: delay 20ms; Applied 1\/1; ends /) });
    expect(disturbed()).toEqual(["basic-tikv-0"]);
    await ended();
  }
  expect(await set("app=none", "1s")).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(/^again: delay 20ms; Ended 0\/0; ended /),
    stderr: "outrigger: networkfault/again ended and no pod had it: no running pod matches\n",
  });
});

test("outrigger fault set --ephemeral gives a pod without an agent one", async () => {
  await kubectl("-n", namespace, "run", "bare", "--image=busybox:1.36", "--labels=outrigger.dev/network-faults=disabled");
  await kubectl("-n", namespace, "wait", "pod/bare", "--for=condition=Ready", "--timeout=60s");
  const args = ["set", "loss=10%", "pod/bare", "--kubeconfig", cluster.kubeconfigFile, "-n", namespace, "--timeout", "20s"];
  const running = outrigger(["fault", ...args, "--ephemeral"]);
  const containers = () => kubectl("-n", namespace, "get", "pod", "bare", "-o", "jsonpath={.spec.ephemeralContainers[*].name}");
  await eventually(async () => (await containers()) === "network-fault-agent");
  agents.set("bare", await new TestAgent().start());
  const { exitCode, stdout, stderr } = await running;
  expect(stderr).toBe("pod/bare: the agent was added as an ephemeral container\n");
  expect(stdout).toMatch(/^loss-\w+: loss 10%; Applied 1\/1; /);
  expect(exitCode).toBe(0);
});
