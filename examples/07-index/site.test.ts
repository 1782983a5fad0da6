import { ConfigMap, installDefinitions, type Manager, manager } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Site, sites } from "./site.ts";

let cluster: TestCluster;
let here: string;
let elsewhere: string;
let operator: Manager;
let done: Promise<void>;
const stop = new AbortController();

beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  here = await cluster.namespace("index");
  elsewhere = await cluster.namespace("index");
  await installDefinitions(cluster.client, [Site]);
  const parts = { controllers: [sites] };
  operator = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "07-index" }), ...parts, log: false });
  done = operator.run(stop.signal);
  await operator.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
});

const create = (namespace: string, name: string, host: string) =>
  cluster.client.create(Site, {
    apiVersion: "web.example.com/v1",
    kind: "Site",
    metadata: { namespace, name },
    spec: { host, pages: "shop" },
  });
const status = async (namespace: string, name: string) => (await cluster.client.get(Site, { namespace, name })).status;
const pages = (namespace: string, data: Record<string, string>) =>
  cluster.client.apply(
    ConfigMap,
    { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "shop" }, data },
    { fieldManager: "test" },
  );

test("a ConfigMap wakes the sites that name it, in its namespace", async () => {
  await create(here, "a", "a.example.com");
  await create(here, "b", "b.example.com");
  await create(elsewhere, "c", "c.example.com");
  for (const [namespace, name] of [
    [here, "a"],
    [here, "b"],
    [elsewhere, "c"],
  ] as const)
    await eventually(async () => (await status(namespace, name))?.pages === 0);
  await pages(here, { "index.html": "1", "about.html": "2" });
  for (const name of ["a", "b"]) await eventually(async () => (await status(here, name))?.pages === 2);
  expect((await status(elsewhere, "c"))?.pages).toBe(0);
});

test("sites of one host know each other while they have it", async () => {
  await create(here, "first", "shop.example.com");
  await create(elsewhere, "second", "Shop.example.com");
  await eventually(async () => (await status(here, "first"))?.sameHost.join() === `${elsewhere}/second`);
  await eventually(async () => (await status(elsewhere, "second"))?.sameHost.join() === `${here}/first`);
  await cluster.client.patch(
    Site,
    { namespace: elsewhere, name: "second" },
    { type: "merge", patch: { spec: { host: "other.example.com" } } },
  );
  await eventually(async () => (await status(here, "first"))?.sameHost.length === 0);
  await cluster.client.patch(
    Site,
    { namespace: elsewhere, name: "second" },
    { type: "merge", patch: { spec: { host: "shop.example.com" } } },
  );
  await eventually(async () => (await status(here, "first"))?.sameHost.length === 1);
  await cluster.client.delete(Site, { namespace: elsewhere, name: "second" });
  await eventually(async () => (await status(here, "first"))?.sameHost.length === 0);
});
