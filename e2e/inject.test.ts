import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { type Manager, outrigger, quickstart, repository, startCluster, startManager } from "./outrigger.ts";

let cluster: TestCluster;
let kubectl: Kubectl;
let folder: string;
let manager: Manager | undefined;
beforeAll(async () => {
  cluster = await startCluster();
  kubectl = kubectlFor(cluster.kubeconfigFile);
  folder = mkdtempSync(join(tmpdir(), "outrigger-inject-"));
});
afterAll(async () => {
  await manager?.stop();
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

const apply = async (text: string): Promise<void> => {
  const { exitCode, stderr } = await kubectl.feed(text, "apply", "-f", "-");
  expect(exitCode, stderr).toBe(0);
};
interface Pod {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec: { containers: { name: string; image: string }[]; volumes?: unknown[]; [field: string]: unknown };
}
const pods = async (namespace: string): Promise<Pod[]> =>
  (JSON.parse(await kubectl("-n", namespace, "get", "pods", "-o", "json")) as { items: Pod[] }).items;

/** Files as the kubelet mounts them: links through `..data`, which is renamed for a new version. */
function mounted(name: string): (files: Readonly<Record<string, string>>) => string {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  let version = 0;
  return (files) => {
    const data = `..v${version++}`;
    mkdirSync(join(at, data));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(at, data, file), text);
    symlinkSync(data, join(at, "..next"));
    renameSync(join(at, "..next"), join(at, "..data"));
    if (version === 1) for (const file of Object.keys(files)) symlinkSync(join("..data", file), join(at, file));
    return at;
  };
}

const names = async (app: string): Promise<string | undefined> =>
  (await pods("tidb-cluster"))
    .find(({ metadata }) => metadata.name.startsWith(app))
    ?.spec.containers.map(({ name }) => name)
    .join(" ");

test("the injector that people run, by its own flags and files, in front of a TiDB cluster", async () => {
  const template = (name: string): string =>
    (/sidecarconfig\.yaml: \|\n([\s\S]*)/.exec(readFileSync(join(quickstart, "03-network-delay.yaml"), "utf8"))?.[1] ?? "")
      .replace(/^ {4}/gm, "")
      .replace("network-delay-sidecar", name);
  const authority = createCa({ commonName: "injector" });
  const pair = (): Record<string, string> => {
    const leaf = issueCertificate(authority, { commonName: "injector", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
    return { "cert.pem": leaf.certificate, "key.pem": leaf.key };
  };
  const config = mounted("config");
  const certs = mounted("certs");
  config({ "sidecarconfig.yaml": template("network-delay-sidecar") });
  certs(pair());
  // As the seed's Deployment starts the image, but for the port; `2>&1` stands there too.
  const args = [`-sidecarCfgFile=${folder}/config/sidecarconfig.yaml`, `-tlsCertFile=${folder}/certs/cert.pem`];
  const more = ["-tlsKeyFile", `${folder}/certs/key.pem`, "-alsologtostderr", "--port=0", "-v=4", "2>&1"];
  const program = spawn(process.execPath, [join(repository, "packages/operator/dist/main.js"), ...args, ...more]);
  let said = "";
  for (const stream of [program.stdout, program.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8");
    });
  const ended = once(program, "exit");
  try {
    const port = await eventually(() => /"port":(\d+)/.exec(said)?.[1]);
    expect(said).toContain("not flags, and left out: 2>&1");
    await apply(
      JSON.stringify({
        ...{
          apiVersion: "admissionregistration.k8s.io/v1",
          kind: "MutatingWebhookConfiguration",
          metadata: { name: "sidecar-injector-webhook-cfg" },
        },
        webhooks: [
          {
            ...{
              name: "sidecar-injector.mutating.webhook",
              sideEffects: "None",
              admissionReviewVersions: ["v1beta1", "v1"],
              failurePolicy: "Fail",
            },
            clientConfig: { url: `https://127.0.0.1:${port}/mutate`, caBundle: Buffer.from(authority.certificate).toString("base64") },
            rules: [{ operations: ["CREATE", "UPDATE"], apiGroups: ["apps", ""], apiVersions: ["v1"], resources: ["pods"] }],
            namespaceSelector: { matchLabels: { "sidecar-injection": "enabled" } },
          },
        ],
      }),
    );
    await apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "tidb-cluster", labels: { "sidecar-injection": "enabled" } },
      }),
    );
    await apply(readFileSync(join(quickstart, "06-tidb-cluster.yaml"), "utf8"));
    for (const [app, all] of [
      ["basic-pd", "pd network-delay-sidecar"],
      ["basic-tikv", "tikv network-delay-sidecar"],
      ["basic-tidb", "slowlog tidb network-delay-sidecar"],
    ] as const)
      await eventually(async () => (await names(app)) === all || undefined, { timeoutMs: 30_000 });

    // Files change under way: a bad one changes nothing, a good one is in force without a restart.
    certs({ ...pair(), "key.pem": pair()["key.pem"]! });
    await eventually(() => (said.includes("private key does not belong") ? true : undefined), { timeoutMs: 30_000 });
    certs(pair());
    config({ "sidecarconfig.yaml": "containers: [{nam: x}]\n" });
    await eventually(() => (said.includes("needs a name") ? true : undefined), { timeoutMs: 30_000 });
    const made = async (): Promise<string> => {
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "one" }, spec: { containers: [{ name: "one", image: "one" }] } };
      const path = "jsonpath={.spec.containers[*].name}";
      return (await kubectl.feed(JSON.stringify(pod), "-n", "tidb-cluster", "create", "--dry-run=server", "-f", "-", "-o", path)).stdout;
    };
    expect(await made()).toBe("one network-delay-sidecar");
    config({ "sidecarconfig.yaml": template("delay-2") });
    await eventually(async () => ((await made()) === "one delay-2" ? true : undefined), { timeoutMs: 60_000 });
  } finally {
    program.kill("SIGTERM");
    expect(await ended, said).toEqual([0, null]);
    await kubectl("delete", "mutatingwebhookconfiguration", "sidecar-injector-webhook-cfg", "--ignore-not-found");
  }
});

/** A pod without what differs from pod to pod: times, node, its token's volume, and revisions, which only a cluster knows. */
function essence({ metadata: { labels, annotations }, spec: { nodeName: _node, ...spec } }: Pod): unknown {
  const { "controller-revision-hash": _, ...rest } = labels ?? {};
  const isOwn = (item: unknown): boolean => !(item as { name?: string }).name?.startsWith("kube-api-access");
  return JSON.parse(
    JSON.stringify({ labels: rest, annotations, spec }, (_, value: unknown) => (Array.isArray(value) ? value.filter(isOwn) : value))
      .replaceAll(/updateTimestamp\\*":\\*"[^"\\]*/g, "")
      .replaceAll(/,\\*"controllerRevision\\*":\\*"[\w-]+\\*"/g, ""),
  );
}

const RULES = `apiVersion: apps.kruise.io/v1beta1
kind: SidecarSet
metadata: {name: logtail}
spec:
  selector: {matchLabels: {app: web}}
  initContainers: [{name: init, image: "busybox:1"}]
  containers:
    - name: logtail
      image: "logtail:1"
      volumeMounts: [{name: log, mountPath: /log}]
      transferEnv: [{sourceContainerName: web, envName: TZ}]
  volumes: [{name: log, emptyDir: {}}]
---
apiVersion: outrigger.dev/v1alpha1
kind: PodDefaults
metadata: {name: team}
spec:
  selector: {matchLabels: {app: web}}
  labels: [{name: team, value: "yes"}]
  env: [{name: WORKLOAD, valueFrom: {workloadName: true}}, {name: SA, valueFrom: {fieldPath: spec.serviceAccountName}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: proxy, namespace: outrigger-system, labels: {outrigger.dev/injection-template: "true"}}
data:
  sidecarconfig.yaml: |
    containers: [{name: proxy, image: "proxy:1"}]
    volumeMounts: [{name: run, mountPath: /run/proxy}]
    volumes: [{name: run, emptyDir: {}}]
    securityContext: {fsGroup: 5}
`;
const workload = (namespace: string): string => `apiVersion: v1
kind: Namespace
metadata: {name: ${namespace}, labels: {sidecar-injection: enabled}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: ${namespace}}
spec:
  serviceName: web
  selector: {matchLabels: &labels {app: web}}
  template:
    metadata: {labels: *labels}
    spec:
      containers:
        - name: web # ours
          image: nginx
          env: [{name: TZ, value: Asia/Shanghai}]
`;

test("what inject made is, once applied, what admission makes", async () => {
  writeFileSync(join(folder, "rules.yaml"), RULES);
  writeFileSync(join(folder, "web.yaml"), workload("by-hand"));
  const { stdout, stderr, exitCode } = await outrigger(["inject", "web.yaml", "--rules", "rules.yaml"], { cwd: folder });
  expect(exitCode, stderr).toBe(0);
  await apply(stdout);
  const only = async (namespace: string): Promise<Pod> => eventually(async () => (await pods(namespace))[0], { timeoutMs: 30_000 });
  const byHand = await only("by-hand");

  manager = await startManager(cluster);
  await apply(RULES);
  await apply(workload("admitted"));
  const admitted = await eventually(
    async () => {
      const pod = await only("admitted");
      if (pod.spec.containers.length === 3) return pod;
      // Made before the rules were in force.
      await kubectl("-n", "admitted", "delete", "pod", "web-0", "--force", "--grace-period=0");
      return undefined;
    },
    { timeoutMs: 60_000 },
  );
  expect(essence(byHand)).toEqual(essence(admitted));
  expect(byHand.spec.containers.map(({ name }) => name)).toEqual(["logtail", "web", "proxy"]);

  // With a manager the pods of the injected manifest stay as they are, and the cluster's rules give the same as the files.
  await kubectl("-n", "by-hand", "delete", "pod", "web-0", "--force", "--grace-period=0");
  expect(essence(await only("by-hand"))).toEqual(essence(byHand));
  copyFileSync(join(folder, "web.yaml"), join(folder, "same.yaml"));
  const fromCluster = await outrigger(["inject", "same.yaml", "--from-cluster", "--kubeconfig", cluster.kubeconfigFile], { cwd: folder });
  const templateOf = (text: string): unknown => {
    const [, set] = parseAllDocuments(text).map((document) => document.toJS() as { spec: { template: Pod } });
    return essence(set!.spec.template);
  };
  expect(fromCluster.exitCode, fromCluster.stderr).toBe(0);
  expect(templateOf(fromCluster.stdout)).toEqual(templateOf(stdout));
});

// The devcluster has no MutatingAdmissionPolicy.
test.runIf(process.env["OUTRIGGER_E2E_CLUSTER"] === "real")("a policy made of PodDefaults does to pods what they say", async () => {
  const defaults = `apiVersion: outrigger.dev/v1alpha1
kind: PodDefaults
metadata: {name: policy}
spec:
  selector: {matchLabels: {app: policy}}
  labels: [{name: team, value: web}, {name: example.com/tier, value: front, override: true}]
  annotations: [{name: note, value: 'it"s'}]
`;
  writeFileSync(join(folder, "policy.yaml"), defaults);
  const { stdout, stderr, exitCode } = await outrigger(["generate", "--admission-policy", "policy.yaml"], { cwd: folder });
  expect(exitCode, stderr).toBe(0);
  await apply(stdout);
  const made = async (labels: object): Promise<unknown> => {
    const spec = { containers: [{ name: "a", image: "a" }] };
    const pod = JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name: "policy", labels }, spec });
    const { stdout } = await kubectl.feed(pod, "create", "--dry-run=server", "-f", "-", "-o", "json");
    const { metadata } = JSON.parse(stdout) as Pod;
    return { labels: metadata.labels, note: metadata.annotations?.["note"] };
  };
  await eventually(
    async () => {
      expect(await made({ app: "policy", team: "own", "example.com/tier": "back" })).toEqual({
        labels: { app: "policy", team: "own", "example.com/tier": "front" },
        note: 'it"s',
      });
      return true;
    },
    { timeoutMs: 60_000 },
  );
  expect(await made({ app: "other" })).toEqual({ labels: { app: "other" }, note: undefined });
});
