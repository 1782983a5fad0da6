// The manager under exactly the rights that its code declares, on a real Kubernetes: the audit log says what it asked for.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dynamicResource } from "@outrigger/kit/client";
import { allFeatures, featureRules, managerNamespaceRules, runManager } from "@outrigger/operator";
import { eventually, startRealCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Right, requestsOf, rightsOf, textOf, uses } from "./audit.ts";
import exceptions from "./exceptions.json" with { type: "json" };

const NAMESPACE = "outrigger-system";
const USER = `system:serviceaccount:${NAMESPACE}:outrigger-manager`;
const features = allFeatures({ namespace: NAMESPACE, excludedNamespaces: ["kube-system"], environment: {} } as never);
const on = features.filter(({ optional }) => !optional);
const off = features.filter(({ optional }) => optional);
const configured = on.flatMap((feature) => feature.configurations?.({ url: "https://localhost" }) ?? []);
const clusterRules = featureRules(on, off);
const ownRules = managerNamespaceRules(on);

let folder: string;
let cluster: TestCluster;
let auditLog: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-rights-"));
  auditLog = join(folder, "audit.log");
  const policy = join(folder, "policy.yaml");
  writeFileSync(
    policy,
    JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules: [{ level: "Metadata" }] }),
  );
  cluster = await startRealCluster({ apiServerFlags: [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog}`] });
});
afterAll(async () => {
  await cluster?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

const rbac = (kind: string) =>
  dynamicResource("rbac.authorization.k8s.io/v1", kind, `${kind.toLowerCase()}s`, /^Cluster/.test(kind) ? "Cluster" : "Namespaced");
const core = (kind: string, scope: "Cluster" | "Namespaced" = "Namespaced") => dynamicResource("v1", kind, `${kind.toLowerCase()}s`, scope);
const kinds: Record<string, ReturnType<typeof dynamicResource>> = {
  Namespace: core("Namespace", "Cluster"),
  ServiceAccount: core("ServiceAccount"),
  ConfigMap: core("ConfigMap"),
  Pod: core("Pod"),
  Secret: core("Secret"),
  Deployment: dynamicResource("apps/v1", "Deployment", "deployments", "Namespaced"),
  SidecarSet: dynamicResource("apps.kruise.io/v1beta1", "SidecarSet", "sidecarsets", "Cluster"),
  PodDefaults: dynamicResource("outrigger.dev/v1alpha1", "PodDefaults", "poddefaults", "Cluster"),
  NetworkFault: dynamicResource("outrigger.dev/v1alpha1", "NetworkFault", "networkfaults", "Namespaced"),
  JobPolicy: dynamicResource("outrigger.dev/v1alpha1", "JobPolicy", "jobpolicies", "Cluster"),
  ValidatingWebhookConfiguration: dynamicResource(
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    "validatingwebhookconfigurations",
    "Cluster",
  ),
  MutatingWebhookConfiguration: dynamicResource(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    "Cluster",
  ),
  ClusterRole: rbac("ClusterRole"),
  ClusterRoleBinding: rbac("ClusterRoleBinding"),
  Role: rbac("Role"),
  RoleBinding: rbac("RoleBinding"),
};
const make = (object: { kind: string }) => cluster.client.create(kinds[object.kind]!, object as never);

/** The ServiceAccount with exactly the rights, and a kubeconfig of it. */
async function serviceAccount(): Promise<string> {
  await make({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } } as never);
  const metadata = { name: "outrigger-manager", namespace: NAMESPACE };
  await make({ apiVersion: "v1", kind: "ServiceAccount", metadata } as never);
  const subjects = [{ kind: "ServiceAccount", ...metadata }];
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const roleRef = (kind: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind, name: metadata.name });
  await make({ apiVersion, kind: "ClusterRole", metadata: { name: metadata.name }, rules: clusterRules } as never);
  await make({
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: metadata.name },
    roleRef: roleRef("ClusterRole"),
    subjects,
  } as never);
  await make({ apiVersion, kind: "Role", metadata, rules: ownRules } as never);
  await make({ apiVersion, kind: "RoleBinding", metadata, roleRef: roleRef("Role"), subjects } as never);
  const { token } = await cluster.client.token(metadata);
  const config = JSON.parse(cluster.kubeconfig);
  config.users[0].user = { token };
  const file = join(folder, "manager.kubeconfig");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}

const containers = (image = "busybox:1.36") => [{ name: "main", image }];
async function work(): Promise<void> {
  const { client } = cluster;
  await make({ apiVersion: "v1", kind: "Namespace", metadata: { name: "kruise-system" } } as never);
  await make({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "kruise-configuration", namespace: "kruise-system" },
    data: { SidecarSet_PatchPodMetadata_WhiteList: '{"rules":[{"allowedAnnotationKeyExprs":[".*"]}]}' },
  } as never);
  const set = {
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "set" },
    spec: {
      selector: { matchLabels: { app: "web" } },
      containers: [{ name: "agent", image: "busybox:1.36" }],
      patchPodMetadata: [{ annotations: { "example.com/a": "b" }, patchPolicy: "Overwrite" }],
    },
  };
  await make(set as never);
  await make({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "PodDefaults",
    metadata: { name: "defaults" },
    spec: { selector: { matchLabels: { app: "web" } }, labels: [{ name: "tier", value: "one" }] },
  } as never);
  await make({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "template", namespace: NAMESPACE, labels: { "outrigger.dev/injection-template": "" } },
    data: { "sidecarconfig.yaml": "labels:\n  templated: yes-of-course\n" },
  } as never);
  const template = { metadata: { labels: { app: "web" } }, spec: { containers: containers() } };
  const spec = { replicas: 2, selector: { matchLabels: { app: "web" } }, template };
  await make({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "web", namespace: "default" }, spec } as never);
  // In a namespace that is younger than the manager's cache.
  await make({ apiVersion: "v1", kind: "Namespace", metadata: { name: "young" } } as never);
  await eventually(async () => {
    const { items } = await client.list(kinds["Pod"]!, { namespace: "default", labelSelector: "app=web" });
    return (
      items.length === 2 && (items as unknown as { spec: { containers: unknown[] } }[]).every((pod) => pod.spec.containers.length === 2)
    );
  });
  // Rolled out in place: the agent's image changes.
  await client.patch(
    kinds["SidecarSet"]!,
    { name: "set" },
    { type: "merge", patch: { spec: { containers: [{ name: "agent", image: "busybox:1.37" }] } } },
  );
  await make({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "NetworkFault",
    metadata: { name: "fault", namespace: "default" },
    spec: { selector: { matchLabels: { app: "web" } }, fault: { delay: { time: "10ms" } } },
  } as never);
  await make({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "JobPolicy",
    metadata: { name: "policy" },
    spec: { priority: 0, backoffLimit: { mode: "set", value: 1 } },
  } as never);
  // Broken, and put right.
  await client.delete(kinds["MutatingWebhookConfiguration"]!, { name: "outrigger-sidecarsets" });
  await eventually(
    async () => (await client.find(kinds["MutatingWebhookConfiguration"]!, { name: "outrigger-sidecarsets" })) !== undefined,
  );
  // Every configuration, twice, so that the second Event counts the first one up.
  for (const { kind, metadata } of [...configured, ...configured]) {
    const resource = kinds[kind]!;
    const key = { name: metadata.name ?? "" };
    await client.patch(resource, key, { type: "merge", patch: { webhooks: [] } });
    await eventually(async () => ((await client.get(resource, key)) as unknown as { webhooks: object[] }).webhooks.length > 0);
  }
  // An authority that is to be replaced, in Secrets that nobody can change.
  const secret = (name: string, patch: object) => client.patch(kinds["Secret"]!, { namespace: NAMESPACE, name }, { type: "merge", patch });
  await secret("outrigger-webhook-tls", { immutable: true });
  await secret("outrigger-webhook-ca", { immutable: true, data: { rotate: "eWVz" } });
  await eventually(
    async () =>
      ((await client.get(kinds["Secret"]!, { namespace: NAMESPACE, name: "outrigger-webhook-ca" })) as { immutable?: boolean })
        .immutable !== true,
    { timeoutMs: 60_000 },
  );
}

describe("the manager with exactly the rights that its code declares", () => {
  test("starts, works and stops", async () => {
    const file = await serviceAccount();
    const stopping = new AbortController();
    const said: string[] = [];
    const ready = Promise.withResolvers<void>();
    const running = runManager({
      kubeconfig: { file },
      namespace: NAMESPACE,
      webhook: { mode: "url", host: "127.0.0.1", port: 0 },
      signal: stopping.signal,
      certificate: { settleMs: 1_000, pollMs: 1_000 },
      onReady: () => ready.resolve(),
      report: (line) => said.push(line),
    });
    running.catch(ready.reject);
    try {
      await ready.promise;
      await work();
      // What comes of all that.
      const seen = (text: string) =>
        requestsOf(auditLog, USER).some(({ verb, resource, name = "" }) => `${verb} ${resource} ${name}`.startsWith(text));
      const last = [
        "patch sidecarsets/status",
        "update secrets outrigger-webhook-ca",
        "patch networkfaults/status",
        "patch jobpolicies/status",
      ];
      await eventually(async () => last.every(seen), { timeoutMs: 60_000 });
    } finally {
      stopping.abort();
      await running;
    }
    expect(said.filter((line) => /forbidden/i.test(line))).toEqual([]);
  });

  test("is refused nothing", () => {
    const refused = requestsOf(auditLog, USER).filter(({ code }) => code === 403);
    expect(refused.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
  });

  test("uses each of its rights, but for those that stand in exceptions.json with a reason", () => {
    const requests = requestsOf(auditLog, USER);
    const unused = (rules: Right[]): string[] => rules.filter((right) => !requests.some((request) => uses(request, right))).map(textOf);
    const excepted = exceptions.map(({ right }) => new RegExp(`^${right.replaceAll("[*]", ".*")}`));
    const left = [...unused(rightsOf(clusterRules)), ...unused(rightsOf(ownRules))].filter(
      (text) => !excepted.some((one) => one.test(text)),
    );
    expect(left).toEqual([]);
  });
});
