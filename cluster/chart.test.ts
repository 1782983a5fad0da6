import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { startRealCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { type Kubectl, kubectlFor } from "../e2e/kubectl.ts";
import { controlPlane, helmPath, ROOT, run } from "./parts.ts";

const chart = join(ROOT, "deploy/helm/outrigger");
let helm: string;
let cluster: TestCluster;
let kubectl: Kubectl;
beforeAll(async () => {
  helm = await helmPath();
  const assets = await controlPlane();
  cluster = await startRealCluster({ assets, controllers: false, node: false });
  kubectl = kubectlFor(cluster.kubeconfigFile, join(assets, "kubectl"));
  await kubectl("create", "namespace", "outrigger-system");
  // Kinds of others, as far as a strict validation of what is ours needs them.
  await kubectl("apply", "-f", join(ROOT, "cluster/definitions-of-others.yaml"));
}, 600_000);
afterAll(() => cluster?.close());

const template = (...args: string[]): Promise<string> =>
  run(helm, ["template", "outrigger", chart, "-n", "outrigger-system", "--kube-version", "1.36.3", "--no-hooks", ...args]);
const objects = (text: string): Map<string, KubeObject> =>
  new Map(
    parseAllDocuments(text)
      .map((document) => document.toJS() as KubeObject | null)
      .filter((object) => object !== null)
      .map((object) => [`${object.kind}/${object.metadata.name}`, object]),
  );
function writeFile(name: string, content: unknown): string {
  const file = join(cluster.kubeconfigFile, "..", name);
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

test("chart, kustomize tree and the file of all objects are the same", async () => {
  const all = objects(readFileSync(join(ROOT, "deploy/outrigger.yaml"), "utf8"));
  const built = objects(await kubectl("kustomize", join(ROOT, "deploy/kustomize/default")));
  const rendered = objects(await template());
  const differing = (some: Map<string, KubeObject>): string[] =>
    [...new Set([...all.keys(), ...some.keys()])].filter((name) => !isDeepStrictEqual(all.get(name), some.get(name)));
  expect(differing(built)).toEqual([]);
  // Helm is told to make the namespace, or not.
  expect(differing(rendered)).toEqual(["Namespace/outrigger-system"]);
});

test("a second rendering is the same to the last byte, also as an upgrade: nothing is random, nothing asks the cluster", async () => {
  expect(await template("--is-upgrade")).toBe(await template());
});

describe("the API server takes, with strict validation,", () => {
  const { properties } = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8")) as Schema;
  const choices = [...choicesOf(properties)].filter((choice) => !isDefault(choice));
  // What a choice needs beside it.
  const beside: Readonly<Record<string, string>> = {
    "webhook.certificates.mode=files": "webhook.certificates.secret=mine",
    "webhook.certificates.csr.approve=false": "webhook.certificates.mode=csr",
  };
  test.each(["", ...choices])("the defaults with %j", async (choice) => {
    const text = await template(...[choice, beside[choice] ?? ""].flatMap((set) => (set === "" ? [] : ["--set", set])));
    await kubectl("apply", "--dry-run=server", "--validate=strict", "-f", writeFile("rendered.yaml", text));
  });
  test("all that can be set as an object or a list", async () => {
    const values = {
      image: { digest: `sha256:${"0".repeat(64)}`, pullSecrets: [{ name: "pull" }] },
      environment: { "io.contiv.tenant": "default", NUMBER: "1" },
      webhook: { namespaceSelector: { matchLabels: { stage: "production" } } },
      priorityClassName: "system-cluster-critical",
      nodeSelector: { "kubernetes.io/os": "linux" },
      tolerations: [{ key: "a", operator: "Exists" }],
      podLabels: { team: "a" },
      podAnnotations: { note: "b" },
      metrics: {
        readers: [{ kind: "ServiceAccount", name: "prometheus-k8s", namespace: "monitoring" }],
        serviceMonitor: { enabled: true, labels: { release: "prometheus" } },
      },
    };
    const text = await template("-f", writeFile("values.json", values));
    await kubectl("apply", "--dry-run=server", "--validate=strict", "-f", writeFile("rendered.yaml", text));
    const deployment = JSON.stringify(objects(text).get("Deployment/outrigger-manager"));
    for (const part of [
      `manager@sha256:0`,
      '"io.contiv.tenant","value":"default"',
      '"NUMBER","value":"1"',
      '"team":"a"',
      '"note":"b"',
      "system-cluster-critical",
    ])
      expect(deployment).toContain(part);
    expect(deployment).toContain(JSON.stringify('--namespace-selector={"matchLabels":{"stage":"production"}}'));
  });
});

test.each<[object, readonly string[], readonly string[]]>([
  [{ mode: "files", secret: "mine" }, ['"secretName":"mine"', "--certificate-folder="], ['"secrets"', "--certificate-signer"]],
  [{ mode: "cert-manager" }, ['"secretName":"outrigger-webhook-serving"', '"selfSigned":{}', "--certificate-folder="], ['"secrets"']],
  [{ mode: "cert-manager", certManager: { issuerRef: { name: "mine" } } }, ['"issuerRef":{"name":"mine"}'], ['"selfSigned"', '"secrets"']],
  [{ mode: "csr" }, ["--certificate-approve=true", '"signers"', '"sign"', '"approve"'], ["outrigger-webhook-tls"]],
  [
    { mode: "csr", csr: { signerName: "example.com/a", approve: false, authorityConfigMap: "ca" } },
    ['"configMap":{"name":"ca"}', "--certificate-authority=", '"failureThreshold":3600'],
    ['"sign"', '"approve"', "outrigger-webhook-ca"],
  ],
])("certificates %j are taken by the API server, with the rights that they need and no others", async (certificates, has, hasNot) => {
  const text = await template("-f", writeFile("values.json", { webhook: { certificates } }));
  await kubectl("apply", "--dry-run=server", "--validate=strict", "-f", writeFile("rendered.yaml", text));
  const all = JSON.stringify([...objects(text).values()].filter(({ kind }) => kind !== "CustomResourceDefinition"));
  for (const part of has) expect(all).toContain(part);
  const [role] = [...objects(text).values()].filter(({ kind }) => kind === "Role");
  for (const part of hasNot) expect(part === '"secrets"' ? withoutToken(role) : all).not.toContain(part);
});

test("mode files without its Secret is refused with what is missing", async () => {
  await expect(template("--set", "webhook.certificates.mode=files")).rejects.toThrow(
    /webhook.certificates.secret is empty: name the Secret/,
  );
});

test.each([
  ["image.tag=latest"],
  ["replicas=0"],
  ["logLevel=loud"],
  ["replica=3"],
  ["image.digest=sha256:short"],
  ["webhook.certificates.mode=magic"],
])("the schema refuses %s", async (value) => {
  await expect(template("--set", value)).rejects.toThrow(/schema|validation|additional/i);
});

/** The rules but for the token of network-fault agents, a Secret that is read in every mode. */
function withoutToken(role: KubeObject | undefined): string {
  const rules = (role?.["rules"] as { resourceNames?: string[] }[] | undefined) ?? [];
  return JSON.stringify(rules.filter(({ resourceNames = [] }) => !resourceNames.includes("outrigger-agent-token")));
}

function isDefault(choice: string): boolean {
  const [path = "", wanted] = choice.split("=");
  const found = path
    .split(".")
    .reduce<unknown>((values, name) => (values as Record<string, unknown>)[name], parse(readFileSync(join(chart, "values.yaml"), "utf8")));
  return String(found) === wanted;
}

interface Schema {
  readonly properties: Readonly<Record<string, Property>>;
}
type Property = { readonly type?: string; readonly enum?: readonly string[]; readonly properties?: Readonly<Record<string, Property>> };

/** Each choice that the schema offers, as `--set` takes it. */
function* choicesOf(properties: Schema["properties"], path = ""): Generator<string> {
  for (const [name, property] of Object.entries(properties)) {
    for (const choice of property.enum ?? (property.type === "boolean" ? ["true", "false"] : [])) yield `${path}${name}=${choice}`;
    if (property.properties) yield* choicesOf(property.properties, `${path}${name}.`);
  }
}
