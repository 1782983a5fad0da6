import { Job, type Manager, manager, Namespace } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limitedJobs } from "./jobs.ts";

const job = (name: string, namespace: string, spec: { readonly backoffLimit?: number; readonly parallelism?: number }) => ({
  apiVersion: "batch/v1" as const,
  kind: "Job" as const,
  metadata: { name, namespace },
  spec: { ...spec, template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "registry.k8s.io/pause:3.10" }] } } },
});

test("offline: retries are capped with a warning, and too many pods refused", async () => {
  const capped = await limitedJobs.admit(job("a", "limited", { backoffLimit: 100 }));
  expect(capped.object.spec?.backoffLimit).toBe(2);
  expect(capped.warnings).toEqual(["spec.backoffLimit: 100 is more than 2, which is what the Job gets"]);
  expect((await limitedJobs.admit(job("a", "limited", { backoffLimit: 1 }))).object.spec?.backoffLimit).toBe(1);
  const refused = await limitedJobs.admit(job("a", "limited", { parallelism: 11 }));
  expect(refused).toMatchObject({ allowed: false, message: expect.stringContaining("must be at most 10 in this namespace") });
});

let cluster: TestCluster;
let running: Manager;
let done: Promise<void>;
const stop = new AbortController();
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  const parts = { name: "job-limits", webhooks: [limitedJobs] };
  running = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "04-webhook" }), ...parts, log: false });
  done = running.run(stop.signal);
  await running.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
});

test("on a cluster: namespaces with the label are limited, others are not", async () => {
  const limited = await cluster.namespace("limited");
  const free = await cluster.namespace("free");
  await cluster.client.patch(
    Namespace,
    { name: limited },
    { type: "merge", patch: { metadata: { labels: { "example.com/limited": "true" } } } },
  );
  expect((await cluster.client.create(Job, job("a", limited, { backoffLimit: 100 }))).spec?.backoffLimit).toBe(2);
  expect((await cluster.client.create(Job, job("a", free, { backoffLimit: 100 }))).spec?.backoffLimit).toBe(100);
  await expect(cluster.client.create(Job, job("b", limited, { parallelism: 11 }))).rejects.toThrow("must be at most 10 in this namespace");
});
