// Schemas that the kit writes, as an API server takes them: the devcluster's, and a real one.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CustomResourceDefinition,
  connect,
  controller,
  defineResource,
  InvalidError,
  installDefinitions,
  manager,
  setCondition,
  t,
} from "@outrigger/kit";
import type { KubernetesParts } from "@outrigger/kit/kubernetes";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { repository } from "../outrigger.ts";

let cluster: TestCluster;
let namespace: string;
const group = `schemas-${Date.now().toString(36)}.outrigger.dev`;
const made: { crd(): { readonly metadata: { readonly name: string } } }[] = [];
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("schemas");
}, 120_000);
afterAll(async () => {
  for (const kind of made) await cluster.client.delete(CustomResourceDefinition, kind.crd().metadata).catch(() => {});
  await cluster?.close();
});
async function install(...kinds: Parameters<typeof installDefinitions>[1]): Promise<void> {
  made.push(...kinds);
  await installDefinitions(cluster.client, kinds);
}

test("every part of Kubernetes' own kinds can stand in a definition", async () => {
  const source = readFileSync(join(repository, "packages/kit/src/kubernetes/parts.ts"), "utf8");
  const byGroup = new Map<string, string[]>();
  let current = "";
  for (const [, opened, part] of source.matchAll(/readonly "(\w+\/\w+)": |readonly ([A-Z]\w+): \w+\.\w+/g)) {
    if (opened === undefined) byGroup.get(current)!.push(part!);
    else byGroup.set(opened, []);
    current = opened ?? current;
  }
  expect(byGroup.size).toBe(20);
  await install(
    ...Array.from(byGroup, ([from, parts]) =>
      defineResource({
        group,
        version: "v1",
        kind: `Parts${from.replace(/\W/g, "").replace(/^./, (letter) => letter.toUpperCase())}`,
        plural: `parts${from.replace(/\W/g, "")}`,
        spec: t.Object(
          Object.fromEntries(
            parts.map((part) => [
              part.toLowerCase(),
              t.Optional(t.Kubernetes(from as "core/v1", part as keyof KubernetesParts["core/v1"])),
            ]),
          ),
        ),
      }),
    ),
  );
});

const Shop = defineResource({
  group,
  version: "v1",
  kind: "Shop",
  shortNames: ["shp"],
  categories: ["trade"],
  singular: "store",
  spec: t.Object({
    ports: t.Array(t.Kubernetes("core/v1", "ServicePort"), { listType: "map", listMapKeys: ["port"], maxItems: 16 }),
    template: t.Optional(t.Kubernetes("core/v1", "PodTemplateSpec")),
    town: t.String({ immutable: true, maxLength: 63 }),
    owner: t.Optional(t.String({ immutable: true, maxLength: 63 })),
    rooms: t.Optional(
      t.Array(t.Object({ name: t.String({ maxLength: 63 }), size: t.Integer({ immutable: true }) }), {
        listType: "map",
        listMapKeys: ["name"],
        maxItems: 16,
      }),
    ),
  }),
  status: t.Object({ conditions: t.Optional(t.Conditions()) }),
});
const create = (name: string, spec: object) =>
  cluster.client.create(
    Shop,
    { apiVersion: `${group}/v1`, kind: "Shop", metadata: { namespace, name }, spec: { town: "Kiel", ports: [], ...spec } },
    { fieldValidation: "Strict" },
  );
const change = (name: string, spec: object) => cluster.client.patch(Shop, { namespace, name }, { type: "merge", patch: { spec } });

test("parts are judged, defaulted and pruned as Kubernetes' own are", async () => {
  await install(Shop);
  const shop = await create("parts", {
    ports: [{ port: 80, targetPort: "http" }],
    template: {
      metadata: { labels: { app: "a" } },
      spec: { containers: [{ name: "c", resources: { limits: { cpu: 1, memory: "1Gi" } } }] },
    },
  });
  expect(shop.spec.ports).toEqual([{ port: 80, targetPort: "http", protocol: "TCP" }]);
  expect(shop.spec.template?.metadata?.labels).toEqual({ app: "a" });
  await expect(create("b", { ports: [{ targetPort: 80 }] })).rejects.toThrow("spec.ports[0].port: Required value");
  await expect(create("b", { ports: [{ port: 80, protocol: "tcp" }] })).rejects.toThrow('Unsupported value: "tcp"');
  await expect(create("b", { ports: [{ port: 1 }, { port: 1, name: "again" }] })).rejects.toThrow("Duplicate value");
  await expect(create("b", { template: { spec: { containers: [{ name: "c", imag: "x" }] } } })).rejects.toThrow(
    'unknown field "spec.template.spec.containers[0].imag"',
  );
  await expect(
    create("b", { template: { spec: { containers: [{ name: "c", resources: { limits: { cpu: "much" } } }] } } }),
  ).rejects.toThrow(InvalidError);
});

test("what is immutable can be neither changed nor added nor removed, also in a list that is a map", async () => {
  await create("fixed", { owner: "Ada", rooms: [{ name: "front", size: 3 }] });
  await create("free", {});
  await expect(change("fixed", { town: "Bonn" })).rejects.toThrow('spec.town: Invalid value: "Bonn": is immutable');
  await expect(change("fixed", { owner: "Bob" })).rejects.toThrow("is immutable");
  await expect(change("fixed", { owner: null })).rejects.toThrow("owner is immutable: it can be neither added nor removed");
  await expect(change("free", { owner: "Bob" })).rejects.toThrow("owner is immutable: it can be neither added nor removed");
  await expect(change("fixed", { rooms: [{ name: "front", size: 4 }] })).rejects.toThrow("is immutable");
  await change("fixed", {
    rooms: [
      { name: "back", size: 4 },
      { name: "front", size: 3 },
    ],
    ports: [{ port: 1 }],
  });
});

test("conditions move when their status does, and are judged by the API server", async () => {
  const shops = controller(Shop, { select: { namespace, fieldSelector: "metadata.name=open" } }).reconcile(
    async ({ metadata, spec, status }, ctx) => {
      const open = spec.ports.length > 0;
      await ctx.status({
        conditions: setCondition(status?.conditions, {
          type: "Open",
          status: open ? "True" : "False",
          reason: open ? "HasPorts" : "no reason",
          message: "",
          observedGeneration: metadata.generation,
        }),
      });
    },
  );
  const failures: string[] = [];
  const log = {
    debug() {},
    info() {},
    warn() {},
    error: ({ err, error }: { err?: Error; error?: string }) => void failures.push(err?.message ?? error!),
    child: () => log,
  };
  const running = manager({ client: cluster.client, controllers: [shops], log: log as never });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  try {
    await running.ready;
    await create("open", { ports: [{ port: 80 }] });
    const conditions = await eventually(async () => (await cluster.client.get(Shop, { namespace, name: "open" })).status?.conditions);
    expect(conditions).toMatchObject([{ type: "Open", status: "True", reason: "HasPorts", message: "", observedGeneration: 1 }]);
    await change("open", { ports: [] });
    await eventually(() => failures.some((text) => text.includes("status.conditions[0].reason")));
  } finally {
    stop.abort();
    await done;
  }
});

test("names, categories and deprecation are what the API server serves", async () => {
  const Old = defineResource({ group, version: "v1beta1", kind: "Stall", deprecated: "take a Shop", spec: t.Object({}) });
  await install(Old);
  const { resources } = (await cluster.client.request({ method: "GET", path: `/apis/${group}/v1` })) as { resources: { name: string }[] };
  expect(resources.find(({ name }) => name === "shops")).toMatchObject({
    singularName: "store",
    shortNames: ["shp"],
    categories: ["trade"],
  });
  const warnings: string[] = [];
  const client = connect({ text: cluster.kubeconfig }, { onWarning: (text) => void warnings.push(text) });
  await client.list(Old, { namespace });
  await client.close();
  expect(warnings).toEqual(["take a Shop"]);
});
