import { execFile } from "node:child_process";
import { NotFoundError } from "@outrigger/kit";
import { startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { command } from "./outrigger.ts";

const NAMESPACE = "outrigger-system";
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.close());

const outrigger = (...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [command, ...args, "--manager", "--kubeconfig", cluster.kubeconfigFile],
      { timeout: 100_000 },
      (error, stdout, stderr) => (error ? reject(new Error(stderr)) : resolve(stdout)),
    );
  });
/** Objects at a path; none where it no longer exists: discovery goes on naming a deleted definition's resource for a moment. */
const list = async (path: string): Promise<readonly { metadata: { name: string } }[]> => {
  try {
    return ((await cluster.client.request({ method: "GET", path })) as { items: { metadata: { name: string } }[] }).items;
  } catch (error) {
    if (error instanceof NotFoundError) return [];
    throw error;
  }
};
/** Names of all objects of ours that are left. */
const ours = async (): Promise<string[]> => {
  const known = (await cluster.client.discover()).filter(({ verbs, resource }) => verbs.includes("list") && !resource.includes("/"));
  const lists = await Promise.all(
    known.map(async ({ group, version, resource }) => {
      const items = await list(`${group ? `/apis/${group}` : "/api"}/${version}/${resource}`);
      return items.flatMap(({ metadata }) => (/outrigger|kruise/.test(metadata.name) ? [`${resource}/${metadata.name}`] : []));
    }),
  );
  // A real API server makes APIServices of the groups that definitions add, and takes them away after these.
  return [...new Set(lists.flat())].filter((name) => !/^(events|replicasets|pods|controllerrevisions|apiservices)\//.test(name));
};

test("deploy brings the manager, again is no error, and undeploy leaves the definitions and the namespace", async () => {
  await outrigger("deploy", "--no-wait", "--set", "replicas=1", "--set", "environment.io\\.contiv\\.tenant=blue");
  expect(await ours()).toEqual(
    expect.arrayContaining([
      "deployments/outrigger-manager",
      "services/outrigger-webhook",
      "customresourcedefinitions/sidecarsets.apps.kruise.io",
    ]),
  );
  await outrigger("deploy", "--no-wait", "--set", "replicas=1", "--set", "features=[pod-logs]");
  expect(await ours()).toContain("clusterroles/outrigger-manager-pod-logs");
  expect(await outrigger("undeploy")).toContain("the definitions and what people wrote stay");
  expect((await ours()).filter((name) => !/^(customresourcedefinitions|namespaces)\//.test(name))).toEqual([]);
  expect(await outrigger("undeploy", "--definitions", "delete", "--delete-namespace")).toContain("are gone");
  expect((await ours()).filter((name) => !name.startsWith("namespaces/"))).toEqual([]);
});

test("what is no value is refused before anything is applied", async () => {
  await expect(outrigger("deploy", "-n", NAMESPACE, "--set", "replica=3")).rejects.toThrow("there is no value replica");
});
