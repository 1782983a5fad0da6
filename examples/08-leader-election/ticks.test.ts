import { ConfigMap, type Manager, manager } from "@outrigger/kit";
import type { ClusterAccess } from "@outrigger/kit/client";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { counting, electing } from "./ticks.ts";

let cluster: TestCluster;
let namespace: string;
let access: ClusterAccess;
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("leader");
  const rules = managerRules({ controllers: [counting("any")], ...electing(namespace) });
  access = await cluster.restrictedTo(rules, { user: "08-leader-election", namespace });
});
afterAll(() => cluster?.close());

interface Process {
  readonly manager: Manager;
  stop(): Promise<void>;
}
function start(who: string): Process {
  const running = manager({ kubeconfig: access, controllers: [counting(who)], ...electing(namespace), log: false });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  return {
    manager: running,
    async stop() {
      stop.abort();
      await done;
    },
  };
}
const data = async () => (await cluster.client.get(ConfigMap, { namespace, name: "counted" })).data;

test("one of two acts, and when it stops the other takes over at once", async () => {
  const metadata = { name: "counted", namespace, labels: { "example.com/count": "yes" } };
  await cluster.client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata });
  const first = start("first");
  await first.manager.ready;
  const second = start("second");
  try {
    await eventually(async () => {
      expect(await data()).toEqual({ by: "first", count: "1" });
      return true;
    });
    // Were both to act, each would undo the other's `by`, for ever.
    await cluster.client.patch(ConfigMap, metadata, { type: "merge", patch: { data: { by: "nobody" } } });
    await eventually(async () => {
      expect(await data()).toEqual({ by: "first", count: "2" });
      return true;
    });
  } finally {
    await first.stop();
  }
  await second.manager.ready;
  await eventually(async () => {
    expect(await data()).toEqual({ by: "second", count: "3" });
    return true;
  });
  await second.stop();
});
