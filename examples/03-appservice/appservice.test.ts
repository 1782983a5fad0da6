import { readFileSync } from "node:fs";
import { Deployment, installDefinitions, type Manager, manager, Service } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { AppService, appServices } from "./appservice.ts";

let cluster: TestCluster;
let namespace: string;
let operator: Manager;
let done: Promise<void>;
const stop = new AbortController();

beforeAll(async () => {
  cluster = await startTestCluster();
  namespace = await cluster.namespace("appservice");
  await installDefinitions(cluster.client, [AppService]);
  const parts = { controllers: [appServices] };
  operator = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "03-appservice" }), ...parts, log: false });
  done = operator.run(stop.signal);
  await operator.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
});

/** The manifest as it stands in the folder. */
const manifest = (file: string) => parse(readFileSync(new URL(`manifests/${file}`, import.meta.url), "utf8"));
const key = {
  name: "nginx-app",
  get namespace() {
    return namespace;
  },
};
const apply = (change: object = {}) => {
  const { spec, ...rest } = manifest("appservice.yaml");
  return cluster.client.apply(
    AppService,
    { ...rest, metadata: { ...rest.metadata, namespace }, spec: { ...spec, ...change } },
    { fieldManager: "test" },
  );
};

test("one manifest gives two pods behind a Service with its node port, and the status follows the Deployment", async () => {
  await apply();
  await eventually(async () => {
    const { status } = await cluster.client.get(AppService, key);
    expect(status).toMatchObject({ replicas: 2, ...(cluster.node ? { readyReplicas: 2 } : {}) });
    expect(status?.conditions.map(({ type }) => type)).toContain("Available");
    return true;
  });
  const { spec } = await cluster.client.get(Service, key);
  expect(spec).toMatchObject({
    type: "NodePort",
    selector: { app: "nginx-app" },
    ports: [{ port: 80, targetPort: 80, nodePort: 30002, protocol: "TCP" }],
  });
});

test("a change of any field reaches what was made of it", async () => {
  await apply({
    size: 1,
    image: "nginx:1.20.0-alpine",
    ports: [{ port: 8080, targetPort: 80 }],
    resources: { limits: { cpu: 1, memory: "64Mi" } },
    envs: [{ name: "TZ", value: "Asia/Shanghai" }],
  });
  await eventually(async () => {
    const { spec } = await cluster.client.get(Deployment, key);
    expect(spec?.replicas).toBe(1);
    expect(spec?.template.spec?.containers[0]).toMatchObject({
      image: "nginx:1.20.0-alpine",
      ports: [{ containerPort: 80 }],
      env: [{ name: "TZ", value: "Asia/Shanghai" }],
      resources: { limits: { cpu: "1", memory: "64Mi" } },
    });
    expect((await cluster.client.get(Service, key)).spec?.ports).toMatchObject([{ port: 8080, targetPort: 80 }]);
    return true;
  });
});

test("what is owned is made again when it is deleted, and goes with its AppService", async () => {
  const { metadata } = await cluster.client.get(Service, key);
  await cluster.client.delete(Service, key);
  await eventually(async () => {
    const again = await cluster.client.find(Service, key);
    return again !== undefined && again.metadata.uid !== metadata.uid;
  });
  if (!cluster.controllers) return;
  await cluster.client.delete(AppService, key);
  await eventually(async () => (await cluster.client.find(Deployment, key)) === undefined, { timeoutMs: 90_000 });
  await eventually(async () => (await cluster.client.find(Service, key)) === undefined, { timeoutMs: 90_000 });
});

test("a manifest that makes no sense is refused, with what is wrong with it", async () => {
  const { metadata, ...rest } = manifest("wrong.yaml");
  const wrong = cluster.client.apply(AppService, { ...rest, metadata: { ...metadata, namespace } }, { fieldManager: "test" });
  await expect(wrong).rejects.toThrow("spec.size in body should be greater than or equal to 0");
});
