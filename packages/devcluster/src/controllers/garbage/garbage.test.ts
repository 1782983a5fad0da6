import { UndeclaredInformerError } from "@outrigger/kit/cache";
import { type Client, connect, dynamicResource } from "@outrigger/kit/client";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startDevcluster } from "../../start.ts";
import { type RunningControllers, startControllers } from "../index.ts";

const Definition = dynamicResource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster");
const Thing = dynamicResource("test.example.com/v1", "Thing", "things", "Namespaced");
const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.test.example.com" },
  spec: {
    group: "test.example.com",
    names: { kind: "Thing", plural: "things" },
    scope: "Namespaced",
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
};

let client: Client;
let loops: RunningControllers;
let stop = async (): Promise<void> => {};
beforeAll(async () => {
  const cluster = await startDevcluster({ controllers: false });
  client = connect(cluster.transport(), { onWarning: () => {} });
  loops = await startControllers(client);
  stop = async () => {
    await loops.stop();
    await client.close();
    await cluster.close();
  };
});
afterAll(() => stop());

const eventually = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 20_000, interval: 50 });
const lister = () => loops.informers.lister(Thing, { metadataOnly: true });
const at = (name: string) => ({ namespace: "default", name });

it("a kind is watched while it is served: no longer once its definition is gone, and anew when it comes back", {
  timeout: 60_000,
}, async () => {
  for (let round = 0; round < 2; round++) {
    await eventually(async () => void (await client.create(Definition, definition as never)));
    await eventually(() => void lister());
    const owner = await client.create(Thing, { apiVersion: "test.example.com/v1", kind: "Thing", metadata: at("owner") } as never);
    const { uid } = owner.metadata;
    const ownerReferences = [{ apiVersion: "test.example.com/v1", kind: "Thing", name: "owner", uid }];
    await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { ...at("owned"), ownerReferences } } as never);
    await client.delete(Thing, at("owner"));
    await eventually(async () => expect(await client.find(ConfigMap, at("owned"))).toBeUndefined());
    await client.delete(Definition, { name: definition.metadata.name });
    await eventually(() => expect(lister).toThrow(UndeclaredInformerError));
  }
});
