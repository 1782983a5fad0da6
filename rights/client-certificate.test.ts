// API servers that identify themselves to webhooks, as docs/guide/webhook-client-certificates.md says.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dynamicResource } from "@outrigger/kit/client";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { runManager } from "@outrigger/operator";
import { eventually, startRealCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
let cluster: TestCluster;
let running: Promise<void> | undefined;
const stopping = new AbortController();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "outrigger-client-certificate-"));
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  const ca = createCa({ commonName: "webhook clients" });
  const client = issueCertificate(ca, { commonName: "kube-apiserver", dnsNames: [], usages: ["client auth"] });
  const user = { "client-certificate": file("client.crt", client.certificate), "client-key": file("client.key", client.key) };
  const kubeConfigFile = file("webhooks.kubeconfig", JSON.stringify({ apiVersion: "v1", kind: "Config", users: [{ name: "*", user }] }));
  const configuration = { apiVersion: "apiserver.config.k8s.io/v1", kind: "WebhookAdmissionConfiguration", kubeConfigFile };
  const admission = file(
    "admission.yaml",
    JSON.stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "AdmissionConfiguration",
      plugins: ["MutatingAdmissionWebhook", "ValidatingAdmissionWebhook"].map((name) => ({ name, configuration })),
    }),
  );
  cluster = await startRealCluster({ controllers: false, node: false, apiServerFlags: [`--admission-control-config-file=${admission}`] });
  const ready = Promise.withResolvers<void>();
  running = runManager({
    kubeconfig: { file: cluster.kubeconfigFile },
    namespace: "outrigger-system",
    webhook: { mode: "url", host: "127.0.0.1", port: 0 },
    webhookClientCa: file("clients.crt", ca.certificate),
    signal: stopping.signal,
    onReady: () => ready.resolve(),
    report: () => {},
  });
  running.catch(ready.reject);
  await ready.promise;
});
afterAll(async () => {
  stopping.abort();
  await running;
  await cluster?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test("an API server with a client certificate is answered, and nobody else", async () => {
  const { client } = cluster;
  const sets = dynamicResource("apps.kruise.io/v1beta1", "SidecarSet", "sidecarsets", "Cluster");
  const spec = { selector: { matchLabels: { app: "web" } }, containers: [{ name: "agent", image: "busybox:1.36" }] };
  await client.create(sets, { apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", metadata: { name: "set" }, spec } as never);
  const pods = dynamicResource("v1", "Pod", "pods", "Namespaced");
  const pod = (name: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default", labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "busybox:1.36" }] },
  });
  const made = (await client.create(pods, pod("web") as never)) as unknown as { spec: { containers: { name: string }[] } };
  expect(made.spec.containers.map(({ name }) => name)).toEqual(["agent", "main"]);
  // The old version goes through the conversion webhook, to which API servers present no certificate.
  const old = dynamicResource("apps.kruise.io/v1alpha1", "SidecarSet", "sidecarsets", "Cluster");
  expect((await client.get(old, { name: "set" })).apiVersion).toBe("apps.kruise.io/v1alpha1");

  const configurations = dynamicResource(
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "mutatingwebhookconfigurations",
    "Cluster",
  );
  const { webhooks } = (await eventually(() => client.get(configurations, { name: "outrigger-sidecarsets" }))) as unknown as {
    webhooks: { clientConfig: { url: string } }[];
  };
  const forged = request(webhooks[0]!.clientConfig.url, {
    method: "POST",
    rejectUnauthorized: false,
    headers: { "content-type": "application/json" },
  });
  const status = new Promise((resolve, reject) => forged.on("response", ({ statusCode }) => resolve(statusCode)).on("error", reject));
  forged.end("{}");
  expect(await status).toBe(401);
});
