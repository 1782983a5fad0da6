import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubeObject } from "@outrigger/kit/api";
import { Pod } from "@outrigger/kit/kinds";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { check, type PodView } from "../packages/cli/src/quickstart/promises.ts";
import { PodLoad } from "./load.ts";
import { everyObject } from "./objects.ts";
import { buildImage, type ContainerCluster, inspectImage, ROOT, relabelled, run, startContainerCluster } from "./parts.ts";
import { quickstartObjects } from "./quickstart.ts";

const MANAGER = "docker.io/outrigger/manager";
/** As deploy/network-fault names it. */
const AGENT = "ghcr.io/outrigger-dev/agent:0.1.0";
const NAMESPACE = "outrigger-system";
const LONG = { timeoutMs: 90_000, intervalMs: 250 };
const chart = join(ROOT, "deploy/helm/outrigger");
const install = (tag: string): string[] => [
  ...["upgrade", "--install", "outrigger", chart, "-n", NAMESPACE, "--create-namespace", "--wait", "--timeout", "3m"],
  ...["--set", `image.repository=${MANAGER},image.tag=${tag}`],
  ...["--set", "environment.io\\.contiv\\.tenant=default,environment.io\\.contiv\\.network=vlan-202"],
];

let it: ContainerCluster;
let before: Set<string>;
beforeAll(async () => {
  await buildImage(`${MANAGER}:one`, "packages/operator/Dockerfile");
  await buildImage(AGENT, "packages/agent/Dockerfile");
  await relabelled(`${MANAGER}:one`, `${MANAGER}:two`);
  it = await startContainerCluster();
  await it.load(`${MANAGER}:one`, `${MANAGER}:two`, AGENT);
  // What Kubernetes itself makes in its first seconds.
  await eventually(async () => (await it.kubectl("get", "configmap", "-n", "default", "kube-root-ca.crt", "-o", "name")) !== "", LONG);
  before = await everyObject(it.kubectl);
}, 600_000);
afterAll(async () => it?.down(), 120_000);

const apply = async (objects: readonly KubeObject[]): Promise<void> => {
  const file = join(it.folder, "apply.json");
  writeFileSync(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  await it.kubectl("apply", "-f", file);
};
const managers = async (): Promise<PodView[]> =>
  (
    (await it.client.list(Pod, { namespace: NAMESPACE, labelSelector: "app.kubernetes.io/name=outrigger-manager" }))
      .items as unknown as PodView[]
  ).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
const kill = async (pod: PodView): Promise<void> => {
  const { containerStatuses = [] } = pod.status as { containerStatuses?: { containerID?: string }[] };
  process.kill(await it.processOf(containerStatuses[0]?.containerID ?? ""), "SIGKILL");
};

const outrigger = (...args: string[]): Promise<string> =>
  run(process.execPath, [join(ROOT, "packages/cli/bin/outrigger.js"), ...args, "--kubeconfig", it.kubeconfigFile]);

test("the image is small, runs as nobody, has no shell, and says what it is", async () => {
  const { bytes, config } = await inspectImage(`${MANAGER}:one`);
  expect(bytes).toBeLessThan(250e6);
  expect(config).toMatchObject({
    User: "65532:65532",
    StopSignal: "SIGTERM",
    Labels: { "org.opencontainers.image.title": "Outrigger manager" },
  });
});

test("Helm installs two replicas, which become ready", async () => {
  await it.helm(...install("one"));
  await eventually(async () => (await managers()).filter(({ status }) => status?.containerStatuses?.[0]?.ready).length === 2, LONG);
});

test("the quickstart's objects run, with their sidecars and their network's labels", async () => {
  const objects = quickstartObjects();
  const isRule = ({ kind }: KubeObject): boolean => ["PodDefaults", "SidecarSet", "ConfigMap", "Namespace"].includes(kind);
  await apply(objects.filter(isRule));
  // Labels and templates come into force a moment after they were applied; a SidecarSet before it is.
  for (const namespace of ["default", "tidb-cluster"])
    await eventually(
      async () =>
        (await it.kubectl("run", "probe", "--image=x", "-n", namespace, "--dry-run=server", "-o", "json")).includes(
          "outrigger.dev/injection",
        ),
      LONG,
    );
  await apply(objects.filter((object) => !isRule(object)));
  await eventually(async () => {
    const pods = ((await it.client.list(Pod)).items as unknown as PodView[]).filter(({ metadata }) => metadata.namespace !== NAMESPACE);
    expect(check(pods).filter(({ broken }) => broken.length > 0)).toEqual([]);
    return true;
  }, LONG);
});

test("a Deployment that is scaled and rolled out gets its labels in every pod", async () => {
  await it.kubectl("scale", "deployment/nginx-test", "--replicas=3");
  await it.kubectl("rollout", "restart", "deployment/nginx-test");
  await it.kubectl("rollout", "status", "deployment/nginx-test", "--timeout=90s");
  const pods = (await it.client.list(Pod, { namespace: "default", labelSelector: "app=nginx-test,io.contiv.network=vlan-202" })).items;
  expect(pods.length).toBeGreaterThanOrEqual(3);
});

test("a network fault reaches an agent in a real pod, and ends", async () => {
  await it.kubectl("apply", "-k", join(ROOT, "deploy/network-fault"));
  await it.kubectl("create", "namespace", "faults");
  await it.kubectl("label", "namespace", "faults", "outrigger.dev/network-faults=enabled");
  const busybox = ["--image=docker.io/library/busybox:1", "-n", "faults", "--restart=Never", "--command", "--", "sleep", "3600"];
  await eventually(
    async () =>
      (await it.kubectl("run", "probe", "--image=x", "-n", "faults", "--dry-run=server", "-o", "json")).includes("network-fault-agent"),
    LONG,
  );
  await it.kubectl("run", "target", "--labels=app=target", ...busybox);
  await it.kubectl("run", "other", "--labels=app=other", ...busybox);
  await it.kubectl("wait", "pod", "--all", "--for=condition=Ready", "-n", "faults", "--timeout=90s");
  const address = await it.kubectl("get", "pod", "other", "-n", "faults", "-o", "jsonpath={.status.podIP}");
  const ping = async (): Promise<boolean> =>
    (await it.kubectl.try("exec", "-n", "faults", "target", "-c", "target", "--", "ping", "-c1", "-W1", address)).exitCode === 0;
  expect(await ping()).toBe(true);
  // It fails, with the agent's own words, where this machine's kernel lacks what a partition is made of.
  await outrigger("fault", "set", "partition", "-n", "faults", "-l", "app=target", "--name", "cut", "--duration", "5m").catch(
    (error: Error) => expect(error.message).toMatch(/modprobe sch_/),
  );
  const status = (path: string) => it.kubectl("get", "networkfault", "cut", "-n", "faults", "-o", `jsonpath={.status.${path}}`);
  const state = await eventually(async () => /^(Applied|Failed)$/.exec(await status("state"))?.[0], LONG);
  // Where this machine's kernel lacks what a partition is made of, the agent names it: it was reached all the same.
  if (state === "Failed") expect(await status("pods[0].message")).toMatch(/modprobe sch_/);
  else expect(await ping()).toBe(false);
  await outrigger("fault", "clear", "cut", "-n", "faults");
  await eventually(ping, LONG);
  await it.kubectl("delete", "namespace", "faults", "--timeout=60s");
}, 240_000);

describe("while pods are made", () => {
  beforeAll(async () => {
    await it.kubectl("create", "namespace", "load");
    const set = (name: string, policy: string): KubeObject => ({
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name, annotations: { "outrigger.dev/failure-policy": policy } },
      spec: { selector: { matchLabels: { app: name } }, containers: [{ name: "sidecar", image: "docker.io/library/busybox:1" }] },
    });
    await apply([set("must", "Fail"), set("may", "Ignore")]);
    await settled();
  });

  const labels = [{ app: "must" }, { app: "may" }];
  const start = (prefix: string): PodLoad => new PodLoad(it.client, "load", prefix, labels).start();
  /** Both rules reach pods, whichever replica is asked. */
  const settled = (): Promise<unknown> =>
    eventually(async () => {
      const load = start(`settle-${Date.now()}`);
      await eventually(() => load.made.length >= 20, LONG);
      expect((await load.stop()).filter(({ containers = [] }) => !containers.includes("sidecar"))).toEqual([]);
      return true;
    }, LONG);

  test("one replica and then the other is killed: policy Ignore refuses no pod, policy Fail admits none without its sidecar", async () => {
    const load = start("killed");
    const [first, second] = await managers();
    await eventually(() => load.made.length >= 40, LONG);
    await kill(first!);
    await eventually(() => load.made.length >= 100, LONG);
    await eventually(async () => (await managers()).every(({ status }) => status?.containerStatuses?.[0]?.ready), LONG);
    await kill(second!);
    await eventually(() => load.made.length >= 200, LONG);
    const made = await load.stop();
    const must = made.filter(({ name }) => name && Number(name.split("-").at(-1)) % 2 === 0);
    const may = made.filter((one) => !must.includes(one));
    expect(may.filter(({ refused }) => refused !== undefined)).toEqual([]);
    expect(must.filter(({ containers }) => containers !== undefined && !containers.includes("sidecar"))).toEqual([]);
    expect(must.filter(({ containers }) => containers !== undefined).length).toBeGreaterThan(10);
    await eventually(async () => (await managers()).every(({ status }) => status?.containerStatuses?.[0]?.ready), LONG);
  }, 180_000);

  test("the chart is upgraded to another image: every pod gets its sidecar", async () => {
    await settled();
    const load = start("upgraded");
    await it.helm(...install("two"));
    await eventually(async () => (await managers()).length === 2, LONG);
    const made = await load.stop();
    expect(made.length).toBeGreaterThan(50);
    expect(made.filter(({ containers = [] }) => !containers.includes("sidecar"))).toEqual([]);
    for (const pod of await managers()) expect((pod.spec.containers[0] as unknown as { image: string }).image).toBe(`${MANAGER}:two`);
  }, 240_000);

  test("the API server is killed and comes back: what it admits then has its sidecar", async () => {
    await it.restart("kube-apiserver");
    await eventually(async () => (await it.kubectl.try("get", "--raw", "/readyz")).exitCode === 0, LONG);
    await settled();
  }, 180_000);

  test("a webhook configuration that is emptied or deleted is put right again", async () => {
    const expected = async (): Promise<number> => {
      const text = await it.kubectl(
        "get",
        "mutatingwebhookconfigurations",
        "outrigger-pods",
        "-o",
        "jsonpath={.webhooks[*].clientConfig.caBundle}",
      );
      return text.split(" ").filter(Boolean).length;
    };
    const entries = await expected();
    expect(entries).toBeGreaterThan(0);
    await it.kubectl(
      "patch",
      "mutatingwebhookconfiguration",
      "outrigger-pods",
      "--type=json",
      '-p=[{"op":"remove","path":"/webhooks/0/clientConfig/caBundle"}]',
    );
    await eventually(async () => (await expected()) === entries, LONG);
    await it.kubectl("delete", "mutatingwebhookconfiguration", "outrigger-pods");
    await eventually(
      async () =>
        (await it.kubectl.try("get", "mutatingwebhookconfiguration", "outrigger-pods")).exitCode === 0 && (await expected()) === entries,
      LONG,
    );
    await it.kubectl("delete", "validatingwebhookconfiguration", "outrigger-sidecarsets");
    await eventually(
      async () => (await it.kubectl.try("get", "validatingwebhookconfiguration", "outrigger-sidecarsets")).exitCode === 0,
      LONG,
    );
  });
});

test("the kubelet is killed and comes back: the managers go on serving, and a new pod gets its labels and runs", async () => {
  await it.restart("kubelet");
  await it.kubectl("scale", "deployment/nginx-test", "--replicas=4");
  await it.kubectl("rollout", "status", "deployment/nginx-test", "--timeout=90s");
  await eventually(async () => {
    const ready = await it.kubectl("get", "node", "node-1", "-o", 'jsonpath={.status.conditions[?(@.type=="Ready")].status}');
    expect(ready).toBe("True");
    expect((await managers()).map(({ status }) => status?.containerStatuses?.[0]?.ready)).toEqual([true, true]);
    return true;
  }, LONG);
});

test("helm uninstall ends in under a minute, and leaves the cluster as it was but for the definitions and what people wrote", async () => {
  const start = performance.now();
  await it.helm("uninstall", "outrigger", "-n", NAMESPACE, "--wait", "--timeout", "2m");
  const seconds = (performance.now() - start) / 1000;
  expect(seconds).toBeLessThan(60);
  // The rules stay, can be read in both versions, and go when somebody deletes them.
  expect(await it.kubectl("get", "sidecarsets.v1alpha1.apps.kruise.io,sidecarsets.v1beta1.apps.kruise.io", "-o", "name")).toContain(
    "logtail",
  );
  const free = await it.kubectl.try("run", "free", "--image=docker.io/library/busybox:1", "--labels=app=must", "-n", "load");
  expect(free.stderr).toBe("");
  await it.kubectl("delete", "sidecarsets,poddefaults,networkfaults", "--all", "-A", "--timeout=30s");
  await it.kubectl("delete", "-n", "default", "deployment/nginx-test", "service/nginx-test", "pod/test-pod", "--timeout=60s");
  await it.kubectl("delete", "-k", join(ROOT, "deploy/network-fault"), "--ignore-not-found", "--timeout=30s");
  await it.kubectl("delete", "namespace", "load", "tidb-cluster", NAMESPACE, "--timeout=90s");
  // Those that were kept, whatever features brought them.
  await it.kubectl("delete", "crd", "-l", "app.kubernetes.io/part-of=outrigger", "--timeout=60s");
  await eventually(async () => {
    const after = await everyObject(it.kubectl);
    expect([...after].filter((name) => !before.has(name))).toEqual([]);
    expect([...before].filter((name) => !after.has(name))).toEqual([]);
    return true;
  }, LONG);
}, 300_000);
