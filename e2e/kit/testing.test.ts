import { Namespace, Pod } from "@outrigger/kit";
import { connect, ForbiddenError } from "@outrigger/kit/client";
import { eventually, startRealCluster, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster?.close());

const pod = (namespace: string, name: string) =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "main", image: "registry.k8s.io/pause:3.10" }] },
  }) as const;

test("a namespace of the test's own takes pods at once, and where there is a node they run", async () => {
  const namespace = await cluster.namespace("taking-pods");
  expect(namespace).toMatch(/^taking-pods-/);
  await cluster.client.create(Pod, pod(namespace, "a"));
  if (!cluster.node) return;
  await eventually(async () => (await cluster.client.get(Pod, { namespace, name: "a" })).status?.phase === "Running");
});

test("another user has no rights but those that the test gives", async () => {
  const alice = cluster.clientAs({ name: "alice", groups: ["testers"] });
  await expect(alice.list(Namespace)).rejects.toThrow(ForbiddenError);
  await expect(alice.list(Namespace)).rejects.toThrow(/User "alice" cannot list resource "namespaces"/);
});

test("the kubeconfig's text and file name the same cluster", async () => {
  for (const from of [{ text: cluster.kubeconfig }, { file: cluster.kubeconfigFile }]) {
    const client = connect(from);
    expect(await client.request({ method: "GET", path: "/readyz" })).toBe("ok");
    await client.close();
  }
});

test("two clusters at once know nothing of each other, and one that is closed answers no more", async () => {
  const other = await startTestCluster({ bare: true });
  const namespace = await other.namespace("elsewhere");
  const { kind, kubeconfig, url } = other;
  if (kind !== "existing") {
    expect(url).not.toBe(cluster.url);
    expect(await cluster.client.find(Namespace, { name: namespace })).toBeUndefined();
  }
  await other.close();
  if (kind === "existing") return;
  const client = connect({ text: kubeconfig });
  await expect(client.list(Namespace)).rejects.toMatchObject({ code: "ERR_CONNECTION" });
  await client.close();
});

test("an API server that is restarted keeps its address and its objects", async ({ skip }) => {
  if (!cluster.restartApiServer) return skip("it is no process of its own");
  const namespace = await cluster.namespace("kept");
  let away = false;
  await cluster.restartApiServer(async () => {
    await expect(cluster.client.get(Namespace, { name: namespace })).rejects.toMatchObject({ code: "ERR_CONNECTION" });
    away = true;
  });
  expect(away).toBe(true);
  expect((await cluster.client.get(Namespace, { name: namespace })).metadata.name).toBe(namespace);
});

test("of a real cluster, parts that are not asked for are not started", async ({ skip }) => {
  if (!process.env["KUBEBUILDER_ASSETS"]) return skip("no KUBEBUILDER_ASSETS");
  await using bare = await startRealCluster({ controllers: false, node: false });
  expect([bare.controllers, bare.node]).toEqual([false, false]);
  // No service account to wait for, and none that admission asks for.
  await bare.client.create(Pod, pod(await bare.namespace(), "a"));
});
