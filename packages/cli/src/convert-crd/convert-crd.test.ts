import { dynamicResource } from "@outrigger/kit/client";
import { installDefinitions } from "@outrigger/kit/controller";
import { startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { converted } from "./convert.ts";

const definition = (spec: object, name = "networks.samplecrd.k8s.io") => ({
  apiVersion: "apiextensions.k8s.io/v1beta1",
  kind: "CustomResourceDefinition",
  metadata: { name, creationTimestamp: null },
  spec,
});
/** The seed document's. */
const network = definition({
  group: "samplecrd.k8s.io",
  version: "v1",
  names: { kind: "Network", plural: "networks" },
  scope: "Namespaced",
});
const full = definition(
  {
    group: "app.example.com",
    version: "v1beta1",
    names: { kind: "App", plural: "apps" },
    preserveUnknownFields: false,
    versions: [
      { name: "v1beta1", served: true, storage: true },
      { name: "v1alpha1", served: false, storage: false },
    ],
    validation: {
      openAPIV3Schema: {
        properties: { spec: { properties: { size: { type: "integer" }, list: { items: { type: "string" } }, any: { description: "?" } } } },
      },
    },
    subresources: { status: {} },
    additionalPrinterColumns: [{ name: "Size", type: "integer", JSONPath: ".spec.size" }],
  },
  "apps.app.example.com",
);

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("convert");
});
afterAll(() => cluster?.close());

const install = async (object: object) => {
  const { apiVersion, kind } = object as { apiVersion: string; kind: string };
  const { group, names, versions } = (
    object as { spec: { group: string; names: { kind: string; plural: string }; versions: { name: string }[] } }
  ).spec;
  await installDefinitions(cluster.client, [{ apiVersion: `${group}/${versions[0]?.name}`, kind: names.kind, crd: () => object as never }]);
  expect({ apiVersion, kind }).toEqual({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" });
  return dynamicResource(`${group}/${versions[0]?.name}`, names.kind, names.plural, "Namespaced");
};

test("the seed's definition is served, and keeps every field as v1beta1 did", async () => {
  const { object, notes } = converted(network) ?? { object: {}, notes: [] };
  expect(notes).toEqual([expect.stringContaining("there was none"), expect.stringContaining("v1 protects the group samplecrd.k8s.io")]);
  const Network = await install(object);
  const spec = { cidr: "192.168.0.0/16", gateway: "192.168.0.1" };
  const example = { apiVersion: "samplecrd.k8s.io/v1", kind: "Network", metadata: { name: "example-network", namespace }, spec };
  expect(await cluster.client.create(Network, example)).toMatchObject({ spec });
});

test("what was said once for all versions is said for each; types that follow are stated; others are kept and named", async () => {
  const { object, notes } = converted(full) ?? { object: {}, notes: [] };
  expect(notes).toEqual([
    "v1beta1: openAPIV3Schema.spec.any: has no type, which v1 wants; any value is kept there",
    "v1alpha1: openAPIV3Schema.spec.any: has no type, which v1 wants; any value is kept there",
  ]);
  expect((object["spec"] as { versions: unknown[] }).versions).toMatchObject([
    {
      name: "v1beta1",
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
    },
    { name: "v1alpha1", served: false, subresources: { status: {} } },
  ]);
  const App = await install(object);
  const create = (name: string, spec: object) =>
    cluster.client.create(App, { apiVersion: "app.example.com/v1beta1", kind: "App", metadata: { name, namespace }, spec });
  // Pruned, since preserveUnknownFields was false.
  expect(await create("a", { size: 1, list: ["x"], any: { b: 1 }, other: 1 })).toMatchObject({
    spec: { size: 1, list: ["x"], any: { b: 1 } },
  });
  expect((await create("b", { other: 1 }))["spec"]).toEqual({});
  await expect(create("c", { size: "one" })).rejects.toThrow("spec.size");
});

test("a conversion webhook keeps its address, and the versions that it speaks", () => {
  const clientConfig = { service: { namespace: "kruise-system", name: "kruise-webhook-service", path: "/convert" } };
  const { object } = converted(
    definition({
      group: "apps.kruise.io",
      version: "v1alpha1",
      names: { kind: "StatefulSet", plural: "statefulsets" },
      validation: { openAPIV3Schema: { type: "object" } },
      conversion: { strategy: "Webhook", webhookClientConfig: clientConfig },
    }),
  ) ?? { object: {} as Record<string, unknown> };
  expect((object["spec"] as { conversion: unknown }).conversion).toEqual({
    strategy: "Webhook",
    webhook: { clientConfig, conversionReviewVersions: ["v1beta1"] },
  });
});

test("anything else stays as it is", () => {
  expect(converted({ apiVersion: "v1", kind: "ConfigMap" })).toBeUndefined();
  expect(converted({ ...network, apiVersion: "apiextensions.k8s.io/v1" })).toBeUndefined();
});
