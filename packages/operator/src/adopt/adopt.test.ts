import { readFileSync } from "node:fs";
import { type Devcluster, startDevcluster } from "@outrigger/devcluster";
import { informers } from "@outrigger/kit/cache";
import { type Client, connect } from "@outrigger/kit/client";
import { installDefinitions, startController } from "@outrigger/kit/controller";
import { ControllerRevision, CustomResourceDefinition, MutatingWebhookConfiguration, Namespace, Pod } from "@outrigger/kit/kinds";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rolloutController } from "../rollout/index.ts";
import { type SidecarSet, SidecarSets, sidecarSetCrd } from "../sidecarset/index.ts";
import { planAdoption } from "./index.ts";

/** What kruise's manager left: a set, its revision and a pod. */
const recording = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../testdata/kruise/${path}.json`, import.meta.url), "utf8"));
const { v1beta1: set, controllerRevisions } = recording("defaulting/minimal-v1beta1") as {
  v1beta1: SidecarSet;
  controllerRevisions: {
    name: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    revision: number;
    data: object;
  }[];
};
const [revision] = controllerRevisions;

let cluster: Devcluster;
let client: Client;
beforeAll(async () => {
  cluster = await startDevcluster({ bare: true });
  client = connect(cluster.transport(), { onWarning: () => {} });
  const kruise = { fieldManager: "kruise-manager" };
  const crd = sidecarSetCrd({}) as unknown as { spec: { conversion?: unknown } };
  crd.spec.conversion = { strategy: "None" };
  await installDefinitions(client, [{ ...SidecarSets, crd: () => crd } as never], kruise);
  for (const name of ["kruise-system", "web"])
    await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name } } as never);
  const { annotations } = set.metadata;
  await client.create(SidecarSets, { ...set, metadata: { name: "base", annotations }, status: undefined } as never, {
    fieldManager: "kubectl",
  });
  await client.patch(SidecarSets, { name: "base" }, { type: "merge", patch: { status: set.status } }, { ...kruise, subresource: "status" });
  const { name, labels, annotations: notes, data, revision: number } = revision!;
  const metadata = { name, namespace: "kruise-system", labels, annotations: notes };
  await client.create(
    ControllerRevision,
    { apiVersion: "apps/v1", kind: "ControllerRevision", metadata, data, revision: number } as never,
    kruise,
  );
  const entry = (hash: string | undefined): string =>
    JSON.stringify({ base: { hash, sidecarSetName: "base", sidecarList: ["agent"], controllerRevision: name } });
  await client.create(Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "web",
      namespace: "web",
      labels: { app: "web" },
      annotations: {
        "kruise.io/sidecarset-injected-list": "base",
        "kruise.io/sidecarset-hash": entry(annotations?.["kruise.io/sidecarset-hash"]),
        "kruise.io/sidecarset-hash-without-image": entry(annotations?.["kruise.io/sidecarset-hash-without-image"]),
      },
    },
    spec: {
      containers: [
        { name: "agent", image: "registry.example/agent:1" },
        { name: "main", image: "web:1" },
      ],
    },
  } as never);
  const status = {
    ...(await client.get(CustomResourceDefinition, { name: "sidecarsets.apps.kruise.io" })).status,
    storedVersions: ["v1alpha1", "v1beta1"],
  };
  await client.patch(
    CustomResourceDefinition,
    { name: "sidecarsets.apps.kruise.io" },
    { type: "merge", patch: { status } },
    { subresource: "status" },
  );
});
afterAll(async () => {
  await client?.close();
  await cluster?.close();
});

test("while kruise's webhook for pods is active, nothing may be written", async () => {
  const rule = { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] };
  const webhook = {
    name: "mpod.kb.io",
    clientConfig: { service: { name: "kruise-webhook-service", namespace: "kruise-system", path: "/mutate-pod" } },
    rules: [rule],
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    failurePolicy: "Ignore",
    // It answers for no pod of this test.
    objectSelector: { matchLabels: { never: "there" } },
  };
  const name = "kruise-mutating-webhook-configuration";
  await client.create(MutatingWebhookConfiguration, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [webhook],
  } as never);
  const { blockers } = await planAdoption(client, "outrigger-system");
  expect(blockers).toEqual([
    expect.stringMatching(
      /^kruise's webhook mpod\.kb\.io in kruise-mutating-webhook-configuration is active: pods would be injected twice/,
    ),
  ]);
  await client.delete(MutatingWebhookConfiguration, { name });
});

test("revisions, ownership and stored versions are taken over; our controller then finds nothing to change in pods", async () => {
  const { owners, blockers, steps } = await planAdoption(client, "outrigger-system");
  expect(blockers).toEqual([]);
  expect(owners).toEqual([
    expect.stringMatching(/^definition sidecarsets\.apps\.kruise\.io: written by .*kruise-manager.*, stored versions v1alpha1, v1beta1/),
    "namespace kruise-system: 1 revisions of SidecarSets",
  ]);
  expect(steps.map(({ what }) => what)).toEqual([
    `copy revision ${revision!.name} from kruise-system to outrigger-system`,
    "take over the fields of SidecarSet base that kruise's manager owns",
    "store SidecarSet base as v1beta1",
    "say in sidecarsets.apps.kruise.io that only v1beta1 is stored",
  ]);
  const before = await client.get(Pod, { namespace: "web", name: "web" });
  for (const { run } of steps) await run();
  expect((await planAdoption(client, "outrigger-system")).steps).toEqual([]);

  const caches = informers(client);
  const running = startController(rolloutController({ namespace: "outrigger-system", excludedNamespaces: [] }), {
    client,
    informers: caches,
  });
  caches.start();
  try {
    await running.ready;
    await eventually(async () => {
      const status = (await client.get(SidecarSets, { name: "base" })).status as unknown as SidecarSet["status"];
      return status?.matchedPods === 1 && status.updatedPods === 1;
    });
    const after = (await client.get(SidecarSets, { name: "base" })) as unknown as SidecarSet;
    expect(after.status?.latestRevision).toBe(revision!.name);
    expect(after.metadata.managedFields?.map(({ manager }) => manager)).not.toContain("kruise-manager");
    const { items } = await client.list(ControllerRevision, { namespace: "outrigger-system" });
    expect(items.map(({ metadata }) => metadata.name)).toEqual([revision!.name]);
    expect((await client.get(Pod, { namespace: "web", name: "web" })).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  } finally {
    await running.stop();
    await caches.stop();
  }
});
