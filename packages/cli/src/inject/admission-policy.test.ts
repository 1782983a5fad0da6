import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { admissionPolicies } from "./index.ts";

/** @param specs what stands under `spec` of PodDefaults `d0`, `d1` and so on. */
async function policies(...specs: object[]): Promise<Record<string, never>[]> {
  const folder = mkdtempSync(join(tmpdir(), "outrigger-policy-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const items = specs.map((spec, index) => ({
    apiVersion: "outrigger.dev/v1alpha1",
    kind: "PodDefaults",
    metadata: { name: `d${index}` },
    spec,
  }));
  writeFileSync(join(folder, "d.json"), JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  let out = "";
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  await admissionPolicies([join(folder, "d.json")]).finally(() => spy.mockRestore());
  return parseAllDocuments(out).map((document) => document.toJS() as Record<string, never>);
}

test("plain PodDefaults become a policy and its binding", async () => {
  const all = await policies({
    selector: { matchLabels: { app: "web" } },
    namespaceSelector: { matchLabels: { shop: "yes" } },
    labels: [
      { name: "team", value: "web" },
      { name: "example.com/tier", value: "front", override: true },
    ],
    annotations: [{ name: "note", value: 'it\'s "so"\nhere' }],
  });
  expect(all).toMatchInlineSnapshot(`
    [
      {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicy",
        "metadata": {
          "name": "pod-defaults-d0",
        },
        "spec": {
          "failurePolicy": "Ignore",
          "matchConstraints": {
            "namespaceSelector": {
              "matchExpressions": [
                {
                  "key": "kubernetes.io/metadata.name",
                  "operator": "NotIn",
                  "values": [
                    "kube-system",
                    "kube-public",
                    "kube-node-lease",
                  ],
                },
                {
                  "key": "control-plane",
                  "operator": "DoesNotExist",
                },
              ],
              "matchLabels": {
                "shop": "yes",
              },
            },
            "objectSelector": {
              "matchLabels": {
                "app": "web",
              },
            },
            "resourceRules": [
              {
                "apiGroups": [
                  "",
                ],
                "apiVersions": [
                  "v1",
                ],
                "operations": [
                  "CREATE",
                ],
                "resources": [
                  "pods",
                ],
              },
            ],
          },
          "mutations": [
            {
              "jsonPatch": {
                "expression": "(has(object.metadata.labels) ? [] : [JSONPatch{op: "add", path: "/metadata/labels", value: {}}]) +
    (has(object.metadata.labels) && "team" in object.metadata.labels ? [] : [JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("team"), value: "web"}]) +
    [JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/tier"), value: "front"}]",
              },
              "patchType": "JSONPatch",
            },
            {
              "jsonPatch": {
                "expression": "(has(object.metadata.annotations) ? [] : [JSONPatch{op: "add", path: "/metadata/annotations", value: {}}]) +
    (has(object.metadata.annotations) && "note" in object.metadata.annotations ? [] : [JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("note"), value: "it's \\"so\\"\\nhere"}])",
              },
              "patchType": "JSONPatch",
            },
          ],
          "reinvocationPolicy": "IfNeeded",
        },
      },
      {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingAdmissionPolicyBinding",
        "metadata": {
          "name": "pod-defaults-d0",
        },
        "spec": {
          "policyName": "pod-defaults-d0",
        },
      },
    ]
  `);
});

test("what a policy cannot say is refused, each with its reason", async () => {
  const full = {
    env: [{ name: "A", value: "1" }],
    proxies: true,
    sidecarReadinessGate: true,
    labels: [{ name: "a", valueFrom: { namespaceLabel: "b" } }],
  };
  await expect(policies(full)).rejects.toThrow(/d0 has env.*d0 has proxies.*d0 has sidecarReadinessGate.*d0 has valueFrom of a/);
  const one = { labels: [{ name: "a", value: "1" }] };
  await expect(policies(one, one)).rejects.toThrow("both d0 and d1 set labels a");
  await expect(policies()).rejects.toThrow("there are no PodDefaults");
});
