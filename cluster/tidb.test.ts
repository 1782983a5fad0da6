// A sidecar injector's own deployment, unchanged: the manager's image and the agent's stand where its images were.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildImage, type ContainerCluster, ROOT, run, saveImage, sleepers, startContainerCluster } from "./parts.ts";

const INJECTOR = "127.0.0.1:5080/kube-sidecar-injector:v2";
const AGENT = "127.0.0.1:5080/network-delay-exec:v1";
/** Whatever stands in these runs for ever. */
const TIDB = ["pingcap/pd:v4.0.4", "pingcap/tikv:v4.0.4", "pingcap/tidb:v4.0.4", "pingcap/tidb-operator:v1.1.3", "library/busybox:1.26.2"];
const LONG = { timeoutMs: 120_000, intervalMs: 250 };

let it: ContainerCluster;
let registry: ChildProcess | undefined;
beforeAll(async () => {
  await buildImage(INJECTOR, "packages/operator/Dockerfile");
  await buildImage(AGENT, "packages/agent/Dockerfile");
  const standIns = TIDB.map((name) => `docker.io/${name}`);
  await sleepers(...standIns);
  it = await startContainerCluster();
  await it.load(INJECTOR, ...standIns);
  // The sidecar is pulled whenever it starts: its template says `imagePullPolicy: Always`.
  const images = join(it.folder, "registry");
  await saveImage(AGENT, images, "v1");
  const namespace = readFileSync(join(it.folder, "netns"), "utf8").trim();
  const server = join(import.meta.dirname, "tidb/registry.ts");
  registry = spawn("nsenter", [`--net=/run/netns/${namespace}`, process.execPath, server, images, "5080"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(registry.stdout!, "data");
}, 600_000);
afterAll(async () => {
  registry?.kill();
  await it?.down();
}, 120_000);

const outrigger = (...args: string[]): Promise<string> =>
  run(process.execPath, [join(ROOT, "packages/cli/bin/outrigger.js"), ...args, "--kubeconfig", it.kubeconfigFile]);
const CERTS = ["--secret", "sidecar-injector-webhook-certs", "-n", "kube-sidecar-injector"];

test("the injector's own manifests work, with a certificate by two commands where there were two scripts", async () => {
  await it.kubectl("create", "namespace", "kube-sidecar-injector");
  await outrigger("certs", "create", "--service", "sidecar-injector-webhook-svc", ...CERTS, "--file-names", "cert.pem,key.pem");
  const patched = join(it.folder, "injection-ca-bundle.yaml");
  writeFileSync(patched, await outrigger("certs", "patch", "-f", join(import.meta.dirname, "tidb/injection.yaml"), ...CERTS));
  await it.kubectl("create", "-f", patched);
  await it.kubectl("-n", "kube-sidecar-injector", "rollout", "status", "deployment", "--timeout=120s");
});

test("every pod of the TiDB cluster runs with the agent as its last container", async () => {
  await it.kubectl("create", "namespace", "tidb-cluster");
  await it.kubectl("label", "namespace", "tidb-cluster", "sidecar-injection=enabled");
  // The webhook is in force a moment after it was written.
  await eventually(
    async () =>
      (await it.kubectl("run", "probe", "--image=x", "-n", "tidb-cluster", "--dry-run=server", "-o", "json")).includes("network-delay"),
    LONG,
  );
  await it.kubectl("apply", "-f", join(ROOT, "packages/cli/quickstart/06-tidb-cluster.yaml"));
  const expected = {
    "basic-discovery": "2/2 Running discovery network-delay-sidecar",
    "basic-pd-0": "2/2 Running pd network-delay-sidecar",
    "basic-tidb-0": "3/3 Running slowlog tidb network-delay-sidecar",
    "basic-tikv-0": "2/2 Running tikv network-delay-sidecar",
  };
  await eventually(async () => {
    const shown = (await it.kubectl("get", "pods", "-n", "tidb-cluster", "--no-headers")).trim().split("\n");
    const found = await Promise.all(
      shown.map(async (line) => {
        const [pod = "", ready, phase] = line.split(/\s+/);
        const names = await it.kubectl("get", "pod", pod, "-n", "tidb-cluster", "-o", "jsonpath={.spec.containers[*].name}");
        return [pod.replace(/^(basic-discovery)-.*/, "$1"), `${ready} ${phase} ${names}`] as const;
      }),
    );
    expect(Object.fromEntries(found)).toEqual(expected);
    return true;
  }, LONG);
}, 180_000);

test("the agent in a pod sets a delay by one GET, or names the module that this kernel lacks", async () => {
  const address = await it.kubectl("get", "pod", "basic-pd-0", "-n", "tidb-cluster", "-o", "jsonpath={.status.podIP}");
  const answer = await eventually(() => fetch(`http://${address}:2332/latency/20ms`).catch(() => undefined), LONG);
  const text = await answer.text();
  if (answer.ok) expect(text).toMatch(/"tc command":".*tc qdisc add dev eth0 root .*netem delay 20ms"/);
  else expect(text).toMatch(/modprobe sch_/);
});
