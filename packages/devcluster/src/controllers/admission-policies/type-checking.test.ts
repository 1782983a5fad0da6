import { readFileSync } from "node:fs";
import type { Client } from "@outrigger/kit/client";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Devcluster } from "../../index.ts";
import { CustomResourceDefinition, ValidatingAdmissionPolicy } from "../../objects/index.ts";
import { startDevcluster } from "../../start.ts";

interface Recorded {
  readonly policy: ValidatingAdmissionPolicy;
  readonly status: object;
}
/** What a real controller-manager 1.36.3 wrote of each policy. */
const recorded = JSON.parse(readFileSync(new URL("../testdata/type-checking.json", import.meta.url), "utf8")) as readonly Recorded[];
const things = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { plural: "things", kind: "Thing" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: { name: { type: "string" }, extra: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
              },
            },
          },
        },
      },
    ],
  },
};
let cluster: Devcluster;
let client: Client;
beforeAll(async () => {
  cluster = await startDevcluster();
  client = await cluster.client();
  await client.create(CustomResourceDefinition, things as never);
  for (const { policy } of recorded) await client.create(ValidatingAdmissionPolicy, policy as never);
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});
const observed = (name: string, generation: number): Promise<object> =>
  vi.waitFor(
    async () => {
      const { status } = await client.get(ValidatingAdmissionPolicy, { name });
      expect(status?.observedGeneration).toBe(generation);
      return status!;
    },
    { timeout: 15_000, interval: 50 },
  );

it.each(recorded.map((one) => [one.policy.metadata.name!, one.status] as const))(
  "of the policy %s says what Kubernetes says",
  async (name, status) => {
    expect(await observed(name, 1)).toEqual(status);
  },
);

it("is written anew when a policy changes", async () => {
  const patch = { spec: { validations: [{ expression: "object.spec.replicas > 1" }] } };
  await client.patch(ValidatingAdmissionPolicy, { name: "field" }, { type: "merge", patch });
  // Without `typeChecking: {}`, there too.
  expect(await observed("field", 2)).toEqual({ observedGeneration: 2 });
});
