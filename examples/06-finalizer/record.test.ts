import { installDefinitions, type Manager, manager } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Provider, startProvider } from "./provider.ts";
import { Record, records } from "./record.ts";

let cluster: TestCluster;
let namespace: string;
let provider: Provider;
let operator: Manager;
let done: Promise<void>;
const stop = new AbortController();

beforeAll(async () => {
  provider = await startProvider();
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("finalizer");
  await installDefinitions(cluster.client, [Record]);
  const parts = { controllers: [records(provider.url)] };
  operator = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "06-finalizer" }), ...parts, log: false });
  done = operator.run(stop.signal);
  await operator.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
  await provider?.close();
});

const create = (name: string, address: string) =>
  cluster.client.create(Record, { apiVersion: "dns.example.com/v1", kind: "Record", metadata: { name, namespace }, spec: { address } });
const find = (name: string) => cluster.client.find(Record, { namespace, name });

test("the provider has what the object says, and nothing after its deletion", async () => {
  await create("www", "192.0.2.10");
  await eventually(async () => (await find("www"))?.status?.address === "192.0.2.10");
  expect(provider.records.get("www")).toBe("192.0.2.10");
  expect((await find("www"))?.metadata.finalizers).toEqual(["dns.example.com/record"]);
  await cluster.client.patch(Record, { namespace, name: "www" }, { type: "merge", patch: { spec: { address: "192.0.2.11" } } });
  await eventually(() => provider.records.get("www") === "192.0.2.11");
  await cluster.client.delete(Record, { namespace, name: "www" });
  await eventually(async () => (await find("www")) === undefined);
  expect(provider.records.has("www")).toBe(false);
});

test("an object that is deleted while the provider is down stays until the provider could be told", async () => {
  await create("mail", "192.0.2.20");
  await eventually(() => provider.records.has("mail"));
  provider.setDown(true);
  await cluster.client.delete(Record, { namespace, name: "mail" });
  await eventually(async () => (await find("mail"))?.metadata.deletionTimestamp !== undefined);
  expect(provider.records.has("mail")).toBe(true);
  provider.setDown(false);
  await eventually(async () => (await find("mail")) === undefined, { timeoutMs: 60_000 });
  expect(provider.records.has("mail")).toBe(false);
});
