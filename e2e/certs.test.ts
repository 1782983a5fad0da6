import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { CertificateSigningRequest } from "@outrigger/kit/kinds";
import { createCa, signCsr } from "@outrigger/kit/pki";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { command } from "./outrigger.ts";

// The command line starts slowly on a busy machine.
const LONG = { timeoutMs: 60_000 };
let cluster: TestCluster;
let kubectl: Kubectl;
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  kubectl = kubectlFor(cluster.kubeconfigFile);
});
afterAll(() => cluster?.close());

const certs = (...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    const all = [command, "certs", ...args, "--secret", "hook-tls", "-n", "default", "--kubeconfig", cluster.kubeconfigFile];
    execFile(process.execPath, all, { timeout: 60_000 }, (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(stdout)));
  });
const secret = async (key: string): Promise<string> =>
  kubectl("get", "secret", "hook-tls", "-o", `jsonpath={.data.${key.replace(".", "\\.")}}`);

const MANIFESTS = `# my webhooks
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: mine}
webhooks:
  - name: a.example.com # the first
    clientConfig: {service: {namespace: default, name: hook}}
    sideEffects: None
    admissionReviewVersions: [v1]
    failurePolicy: Ignore
    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
`;

test("a certificate is made once for a Service, and its authority put into manifests and objects", async () => {
  await expect(certs("patch", "--mutating", "mine")).rejects.toThrow("outrigger certs create makes one");
  expect(await certs("create", "--service", "hook")).toContain("a certificate of hook.default.svc until ");
  const first = await secret("tls.crt");
  expect(await certs("create", "--service", "hook")).toContain("kept");
  expect(await secret("tls.crt")).toBe(first);
  expect(await certs("create", "--service", "hook", "--renew-before", "400")).toContain("a certificate of");
  expect(await secret("tls.crt")).not.toBe(first);

  expect(await certs("create", "--service", "hook", "--file-names", "cert.pem,key.pem")).toContain("a certificate of");
  expect(await certs("create", "--service", "hook", "--file-names", "cert.pem,key.pem")).toContain("kept");
  expect(await secret("cert.pem")).toBe(await secret("tls.crt"));
  expect(await secret("key.pem")).toBe(await secret("tls.key"));
  await expect(certs("create", "--service", "hook", "--file-names", "cert.pem")).rejects.toThrow("as cert.pem,key.pem");

  const file = join(cluster.kubeconfigFile, "..", "hooks.yaml");
  writeFileSync(file, MANIFESTS);
  const patched = await certs("patch", "-f", file);
  expect(patched).toContain("# my webhooks");
  expect(patched).toContain("# the first");
  const [configuration, other] = parseAllDocuments(patched).map((document) => document.toJS());
  expect(configuration.webhooks[0].clientConfig.caBundle).toBe(await secret("ca.crt"));
  expect(other).toEqual({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "other" } });

  // As they were written before Kubernetes 1.22.
  writeFileSync(file, MANIFESTS.replace("k8s.io/v1", "k8s.io/v1beta1").replace(/ {4}(sideEffects|admission|failure).*\n/g, ""));
  const renewed = await certs("patch", "-f", file);
  expect(renewed).toContain("# the first");
  expect(parseAllDocuments(renewed)[0]!.toJS()).toMatchObject({
    apiVersion: "admissionregistration.k8s.io/v1",
    webhooks: [{ sideEffects: "None", admissionReviewVersions: ["v1", "v1beta1"], failurePolicy: "Ignore", matchPolicy: "Exact" }],
  });
  writeFileSync(file, renewed);
  await kubectl("apply", "--dry-run=server", "-f", file);
  writeFileSync(file, MANIFESTS.replace("k8s.io/v1", "k8s.io/v1beta1").replace("sideEffects: None", "sideEffects: Some"));
  await expect(certs("patch", "-f", file)).rejects.toThrow("webhooks[0].sideEffects is Some");

  writeFileSync(file, MANIFESTS);
  await kubectl("apply", "-f", file);
  await certs("patch", "--mutating", "mine");
  expect(await kubectl("get", "mutatingwebhookconfiguration", "mine", "-o", "jsonpath={.webhooks[0].clientConfig.caBundle}")).toBe(
    await secret("ca.crt"),
  );
});

/** Answers the one request of a signer, as whoever runs it does. */
async function answer(signerName: string, status: (csr: string) => object, subresource: "status" | "approval"): Promise<void> {
  const [request] = await eventually(async () => {
    const { items } = await cluster.client.list(CertificateSigningRequest, { fieldSelector: `spec.signerName=${signerName}` });
    const decided = (items[0]?.status?.conditions ?? []).length > 0;
    return items.length > 0 && (subresource === "approval" || decided) && items;
  }, LONG);
  const csr = Buffer.from(request!.spec.request, "base64").toString();
  await cluster.client.update(CertificateSigningRequest, { ...request, status: { ...request!.status, ...status(csr) } } as never, {
    subresource,
  });
}

test("a certificate is requested of a signer of Kubernetes' API, and approved when that is asked for", async () => {
  const authority = createCa({ commonName: "the cluster's own" });
  const creating = certs("create", "--service", "asks", "--signer", "example.com/hooks", "--approve", "--renew-before", "400");
  creating.catch(() => {});
  const issue = (csr: string): string => signCsr(authority, csr, { usages: ["server auth"] }) + authority.certificate;
  await answer("example.com/hooks", (csr) => ({ certificate: Buffer.from(issue(csr)).toString("base64") }), "status");
  expect(await creating).toContain("a certificate of asks.default.svc until ");
  expect(Buffer.from(await secret("ca.crt"), "base64").toString()).toBe(authority.certificate);
});

test("a signer that refuses or never answers is one line that says what to do", async () => {
  const asked = certs("create", "--service", "no", "--signer", "example.com/never", "--renew-before", "400", "--wait", "2s");
  await expect(asked).rejects.toThrow(/kubectl certificate approve .*the signer example.com\/never issued nothing in 2s: does it run/s);
  const refused = certs("create", "--service", "no", "--signer", "example.com/strict", "--renew-before", "400");
  refused.catch(() => {});
  const denied = { conditions: [{ type: "Denied", status: "True", reason: "NotOurs", message: "not from here" }] };
  await answer("example.com/strict", () => denied, "approval");
  await expect(refused).rejects.toThrow(/of example.com\/strict: Denied \(NotOurs\) not from here/);
  await expect(certs("create", "--service", "no", "--signer", "strict", "--renew-before", "400")).rejects.toThrow(/signerName/);
});
