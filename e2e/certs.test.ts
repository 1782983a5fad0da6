import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { command } from "./outrigger.ts";

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
