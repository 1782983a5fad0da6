// Uninstalling an operator whose objects carry finalizers, under exactly the rights that `drainRules` gives.
import { ConfigMap, controller, defineResource, installDefinitions, manager, t } from "@outrigger/kit";
import { drain, drainRules, ForeignFinalizersError, managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const Bucket = defineResource({ group: "drain.example.com", version: "v1", kind: "Bucket", spec: t.Object({}) });
const cleaned: string[] = [];
const buckets = controller(Bucket)
  .cleanup(async ({ metadata }) => void cleaned.push(metadata.name))
  .reconcile(async () => {});
/** Of Kubernetes' own kind: its objects are never the operator's to delete. */
const marked = controller(ConfigMap, { name: "marked", select: { labelSelector: "drain.example.com/marked" } })
  .cleanup(async () => {})
  .reconcile(async () => {});
const operator = { name: "drained", controllers: [buckets, marked] };
const parts = { ...operator, kinds: [Bucket] };

let cluster: TestCluster;
let namespace: string;
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("drain");
  await installDefinitions(cluster.client, [Bucket]);
});
afterAll(() => cluster?.close());

const create = (name: string, finalizers: string[] = []) =>
  cluster.client.create(Bucket, {
    apiVersion: "drain.example.com/v1",
    kind: "Bucket",
    metadata: { name, namespace, finalizers },
    spec: {},
  });
const find = (name: string) => cluster.client.find(Bucket, { namespace, name });

/** Runs the operator for a while. */
async function running(work: () => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const one = manager({ kubeconfig: await cluster.restrictedTo(managerRules(operator)), ...operator, log: false });
  const done = one.run(stop.signal);
  await one.ready;
  try {
    await work();
  } finally {
    stop.abort();
    await done;
  }
}

async function drained(objects: "delete" | "keep", timeoutMs = 10_000): Promise<string[]> {
  const lines: string[] = [];
  const kubeconfig = await cluster.restrictedTo(drainRules({ ...parts, objects }));
  await drain({ ...parts, objects, kubeconfig, timeoutMs, report: (line) => lines.push(line) });
  return lines;
}

describe("drain", () => {
  test("deletes the operator's objects while it runs, so that it cleans up", async () => {
    await running(async () => {
      await create("cleaned");
      await eventually(async () => (await find("cleaned"))?.metadata.finalizers?.length === 1);
      expect(await drained("delete")).toEqual(["deleting 1 object, and waiting for their finalizers"]);
    });
    expect(cleaned).toEqual(["cleaned"]);
    expect(await find("cleaned")).toBeUndefined();
  });

  test("releases objects that nobody cleans up, and those of other kinds, which stay", async () => {
    await create("orphan", ["drain.example.com/bucket"]);
    const metadata = { name: "kept", namespace, finalizers: ["outrigger.dev/marked"], labels: { "drain.example.com/marked": "" } };
    await cluster.client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
    expect(await drained("delete", 500)).toEqual([
      "deleting 1 object, and waiting for their finalizers",
      `took the finalizer off Bucket ${namespace}/orphan: nobody ran its cleanup, so what it made outside of the cluster may still be there`,
      `took the finalizer off ConfigMap ${namespace}/kept`,
    ]);
    expect(await find("orphan")).toBeUndefined();
    expect((await cluster.client.get(ConfigMap, metadata)).metadata.finalizers).toBeUndefined();
  });

  test("keeps objects without the operator's finalizers, and others' finalizers as they are", async () => {
    await create("stays", ["drain.example.com/bucket", "example.com/other"]);
    expect(await drained("keep")).toEqual([`took the finalizer off Bucket ${namespace}/stays`]);
    expect((await find("stays"))?.metadata).toMatchObject({ finalizers: ["example.com/other"] });
    expect((await find("stays"))?.metadata.deletionTimestamp).toBeUndefined();
  });

  test("names what finalizers of others keep", async () => {
    const refused = drained("delete", 500);
    await expect(refused).rejects.toThrow(ForeignFinalizersError);
    await expect(refused).rejects.toThrow(`finalizers of others keep Bucket ${namespace}/stays (example.com/other)`);
  });
});
