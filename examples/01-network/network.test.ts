import { installDefinitions, manager } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Network, networks, printChanges } from "./network.ts";

let cluster: TestCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("network");
  await installDefinitions(cluster.client, [Network]);
});
afterAll(() => cluster?.close());

const create = (name: string, cidr: string, gateway: string) =>
  cluster.client.create(Network, {
    apiVersion: "samplecrd.k8s.io/v1",
    kind: "Network",
    metadata: { name, namespace },
    spec: { cidr, gateway },
  });

test("what happens to networks is printed, in its order", async () => {
  const changes: string[] = [];
  const processed: string[] = [];
  const parts = { controllers: [networks((line) => processed.push(line))] };
  const running = manager({
    kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "01-network" }),
    ...parts,
    log: false,
  });
  printChanges(running.informers, (line) => changes.push(line));
  const stop = new AbortController();
  const done = running.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await done;
  });
  await running.ready;

  await create("a", "192.168.0.0/16", "192.168.0.1");
  await eventually(() => processed.length === 1);
  await cluster.client.patch(Network, { namespace, name: "a" }, { type: "merge", patch: { metadata: { labels: { seen: "no" } } } });
  await cluster.client.patch(Network, { namespace, name: "a" }, { type: "merge", patch: { spec: { gateway: "192.168.0.2" } } });
  await eventually(() => processed.at(-1)?.includes("192.168.0.2"));
  await create("b", "10.0.0.0/8", "10.0.0.1");
  await eventually(() => processed.at(-1) === `process ${namespace}/b 10.0.0.0/8 by 10.0.0.1: one of 2 in ${namespace}`);
  await cluster.client.delete(Network, { namespace, name: "a" });
  await eventually(() => changes.length === 4);
  expect(changes).toEqual([
    `add     ${namespace}/a 192.168.0.0/16 by 192.168.0.1`,
    `update  ${namespace}/a 192.168.0.0/16 by 192.168.0.1 -> 192.168.0.0/16 by 192.168.0.2`,
    `add     ${namespace}/b 10.0.0.0/8 by 10.0.0.1`,
    `delete  ${namespace}/a 192.168.0.0/16 by 192.168.0.2`,
  ]);
});

test("a network that is none, and a gateway outside of it, are refused", async () => {
  await expect(create("wrong", "192.168.0.0/99", "192.168.0.1")).rejects.toThrow("spec.cidr: Invalid value: must be a network such as");
  await expect(create("wrong", "192.168.0.0/16", "192.168.0")).rejects.toThrow("spec.gateway: Invalid value: must be an address such as");
  await expect(create("wrong", "192.168.0.0/16", "10.0.0.1")).rejects.toThrow("spec.gateway: Invalid value: must lie in the network");
});
