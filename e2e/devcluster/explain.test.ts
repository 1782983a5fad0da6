import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Kubectl, kubectlFor, kubectlPath, kubectlPaths } from "../kubectl.ts";

// What `kubectl explain` says of the devcluster's kinds: sentences of our own, from either version of OpenAPI.
const folder = mkdtempSync(join(tmpdir(), "outrigger-explain-"));
const kubeconfigFile = join(folder, "kubeconfig");
let cluster: Devcluster;
beforeAll(async () => {
  cluster = await startDevcluster({ kubeconfigFile });
  const widgets = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "widgets.example.com" },
    spec: {
      group: "example.com",
      names: { kind: "Widget", plural: "widgets" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              description: "A widget of the test.",
              properties: { data: { type: "object", description: "Anything.", "x-kubernetes-preserve-unknown-fields": true } },
            },
          },
        },
      ],
    },
  };
  const kubectl = kubectlFor(kubeconfigFile);
  const { exitCode, stderr } = await kubectl.feed(JSON.stringify(widgets), "create", "-f", "-");
  expect(exitCode, stderr).toBe(0);
  await kubectl("wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=60s");
});
afterAll(async () => {
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

const said: readonly (readonly [path: string, ...sentences: string[]])[] = [
  ["pod", "One or more containers that run together on one node", "The desired state."],
  ["pod.spec", "What a pod runs, where it may run, and how it starts and stops.", "Node that the pod runs on."],
  ["pod.spec.containers", "Image to run, such as `nginx:1.29`.", "Check that the container still works;"],
  ["pod.metadata.labels", "Key and value pairs that selectors match"],
  ["deployment.spec.strategy.rollingUpdate", "How many pods may exist beyond `replicas`"],
  ["deploy.spec.template.spec.containers.resources.limits", "Resources that may not be exceeded"],
  ["hpa.spec.maxReplicas", "Highest number of pods."],
  ["crd.spec.names.shortNames", "Short names for commands."],
  ["widget", "A widget of the test.", "Group and version in which the object is written"],
  ["widget.metadata.name", "unique among objects of its kind in its namespace"],
  ["widget.data", "Anything."],
];

/** Also with other versions of kubectl, and from `/openapi/v2`: a kind, a field that refers to a schema, a custom kind, and what version 2 cannot say. */
const briefly = said.filter(([field]) => ["pod", "pod.spec.containers", "widget", "widget.data"].includes(field));

const paths = process.env["OUTRIGGER_E2E_KUBECTL"] === "one" ? [kubectlPath()] : kubectlPaths();
for (const [index, path] of paths.entries()) {
  describe(`${basename(path)} (${index})`, () => {
    let kubectl: Kubectl;
    beforeAll(() => {
      kubectl = kubectlFor(kubeconfigFile, path);
    });
    /** Kubectl breaks lines. */
    const explain = async (...args: string[]): Promise<string> => (await kubectl("explain", ...args)).replace(/\s+/g, " ");

    test.each(index === 0 ? said : briefly)("explain %s", async (field, ...sentences) => {
      const text = await explain(field);
      for (const sentence of sentences) expect(text).toContain(sentence);
    });

    test.each(briefly)("explain %s --output=plaintext-openapiv2", async (field, ...sentences) => {
      const text = await explain(field, "--output=plaintext-openapiv2");
      for (const sentence of sentences) expect(text).toContain(sentence);
    });

    test("the values of a field are listed: in the description too, since kubectl up to 1.29 shows no others", async () => {
      const version = JSON.parse(await kubectl("version", "--client", "-o", "json")) as { clientVersion: { gitVersion: string } };
      const minor = Number(version.clientVersion.gitVersion.split(".")[1]);
      const text = await explain("pod.spec.preemptionPolicy");
      expect(text).toContain("One of `Never`, `PreemptLowerPriority`.");
      expect(text.includes("ENUM: Never PreemptLowerPriority ")).toBe(minor >= 30);
    });
  });
}
