import { Deployment, installDefinitions, type Manager, manager } from "@outrigger/kit";
import { managerRules } from "@outrigger/kit/manager";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Middleware, middlewares } from "./middleware.ts";

let cluster: TestCluster;
let namespace: string;
let operator: Manager;
let done: Promise<void>;
const stop = new AbortController();
const environment = { REGION: "eu-1", DEPLOY_ENV: "prod", AZ: "eu-1a", IDC: "home", HTTPS_PROXY: "http://proxy:3128" };

beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  namespace = await cluster.namespace("environment");
  await installDefinitions(cluster.client, [Middleware]);
  const parts = { controllers: [middlewares(environment)] };
  operator = manager({ kubeconfig: await cluster.restrictedTo(managerRules(parts), { user: "10-environment" }), ...parts, log: false });
  done = operator.run(stop.signal);
  await operator.ready;
});
afterAll(async () => {
  stop.abort();
  await done;
  await cluster?.close();
});

test("the operator's variables reach the container, and the object's own value wins", async () => {
  await cluster.client.create(Middleware, {
    apiVersion: "app.example.com/v1",
    kind: "Middleware",
    metadata: { name: "bfe", namespace },
    spec: { image: "registry.k8s.io/pause:3.10", env: [{ name: "DEPLOY_ENV", value: "canary" }] },
  });
  const deployment = await eventually(() => cluster.client.find(Deployment, { namespace, name: "bfe" }));
  const [container] = deployment.spec?.template.spec?.containers ?? [];
  expect(Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]))).toEqual({
    DEPLOY_ENV: "canary",
    REGION: "eu-1",
    AZ: "eu-1a",
    IDC: "home",
    HTTPS_PROXY: "http://proxy:3128",
    https_proxy: "http://proxy:3128",
    SERVICE_NAME: "bfe",
  });
});

test("an operator that does not know where it runs does not start", () => {
  expect(() => middlewares({ REGION: "eu-1" })).toThrow("DEPLOY_ENV, AZ, IDC are not set");
});
