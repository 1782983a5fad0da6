import { installDefinitions, type Manager, manager } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Backup, BackupV1, BackupV1alpha1, backupWebhook } from "./backup.ts";

let cluster: TestCluster;
let namespace: string;
let running: Manager;
let done: Promise<void>;
const stop = new AbortController();
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("versions");
  await installDefinitions(cluster.client, [Backup]);
  const parts = { name: "backups", webhooks: [backupWebhook] };
  running = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "05-versions" }), ...parts, log: false });
  done = running.run(stop.signal);
  await running.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
});

test("an object written in the old version is read in the new one, and back", async () => {
  const metadata = { name: "orders", namespace };
  const key = { namespace, name: "orders" };
  // API servers learn of the conversion a moment after it was put in force.
  await eventually(() =>
    cluster.client.apply(
      BackupV1alpha1,
      { apiVersion: "backup.example.com/v1alpha1", kind: "Backup", metadata, spec: { database: "orders", keepDays: 7 } },
      { fieldManager: "test" },
    ),
  );
  await eventually(async () => {
    expect((await cluster.client.get(BackupV1, key)).spec).toEqual({ database: "orders", retention: { days: 7 } });
    return true;
  });
  await cluster.client.patch(BackupV1, key, { type: "merge", patch: { spec: { retention: { most: 3 } } } });
  const old = await cluster.client.get(BackupV1alpha1, key);
  expect(old).toMatchObject({ spec: { database: "orders", keepDays: 7 }, metadata: { annotations: { "backup.example.com/most": "3" } } });
  await cluster.client.patch(BackupV1alpha1, key, { type: "merge", patch: { spec: { keepDays: 14 } } });
  expect((await cluster.client.get(BackupV1, key)).spec).toEqual({ database: "orders", retention: { days: 14, most: 3 } });
});
