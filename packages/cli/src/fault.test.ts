import type { Client } from "@outrigger/kit/client";
import { connect } from "@outrigger/kit/client";
import { CustomResourceDefinition } from "@outrigger/kit/kinds";
import { manager } from "@outrigger/kit/manager";
import { NetworkFault, networkFaultController } from "@outrigger/operator";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { setFault } from "./fault.ts";

const stopping = new AbortController();
let cluster: TestCluster;
let client: Client;
let managing: Promise<void>;
const printed: string[] = [];

beforeAll(async () => {
  vi.spyOn(console, "log").mockImplementation((line: string) => void printed.push(line));
  cluster = await startTestCluster();
  client = connect({ file: cluster.kubeconfigFile });
  await client.create(CustomResourceDefinition, NetworkFault.crd() as never);
  await eventually(() => client.list(NetworkFault));
  const one = manager({ client, log: false, controllers: [networkFaultController()] });
  managing = one.run(stopping.signal);
  await one.ready;
});
afterAll(async () => {
  stopping.abort();
  await managing;
  await client?.close();
  await cluster?.close();
  vi.restoreAllMocks();
});

/** What `outrigger fault set latency=20ms -l app=none …` ends with. */
const set = (name: string, more: { duration: string; timeout?: string; wait?: boolean }): Promise<string> =>
  setFault(["latency=20ms"], {
    kubeconfig: cluster.kubeconfigFile,
    selector: "app=none",
    count: "all",
    name,
    agentImage: "",
    wait: true,
    timeout: "15s",
    output: "table",
    ...more,
  }).then(
    () => "done",
    (error: Error & { readonly exitCode?: number }) => `${error.exitCode}: ${error.message}`,
  );
const fault = (name: string) => client.get(NetworkFault, { namespace: "default", name });

test("a fault that ended and was on no pod is a failure that says why", async () => {
  expect(await set("unseen", { duration: "1s" })).toBe("1: networkfault/unseen ended and no pod had it: no running pod matches");
  expect(printed.at(-1)).toMatch(/^unseen: delay 20ms; Ended 0\/0; ended /);
});

test("the same words start a fault that has ended again, each time, and leave one that is under way as it is", async () => {
  const runs = new Set<string | undefined>();
  for (const _ of [1, 2, 3]) {
    expect(await set("again", { duration: "1s" })).toMatch(/^1: networkfault\/again ended and no pod had it/);
    runs.add((await fault("again")).status?.run?.startTime);
  }
  expect(runs.size).toBe(3);
  expect(await set("again", { duration: "1h", wait: false })).toBe("done");
  const before = await eventually(async () => {
    const now = await fault("again");
    return now.status?.state === "Pending" && now.status.observedGeneration === now.metadata.generation && now;
  });
  expect(await set("again", { duration: "1h", wait: false })).toBe("done");
  const after = await fault("again");
  expect([after.metadata.generation, after.status?.run?.startTime]).toEqual([before.metadata.generation, before.status?.run?.startTime]);
});

test("a run that ends because it is made shorter than it has lasted starts again", async () => {
  expect(await set("shorter", { duration: "1h", wait: false })).toBe("done");
  const started = await eventually(async () => (await fault("shorter")).status?.run?.startTime);
  await eventually(() => Date.now() > Date.parse(started) + 1000);
  expect(await set("shorter", { duration: "1s" })).toMatch(/^1: networkfault\/shorter ended and no pod had it/);
  expect((await fault("shorter")).status?.run?.startTime).not.toBe(started);
});
