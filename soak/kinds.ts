import { CustomResourceDefinition, defineResource, t } from "@outrigger/kit";
import type { Resource } from "@outrigger/kit/api";
import { type Client, dynamicResource } from "@outrigger/kit/client";
import { eventually } from "@outrigger/testing";

export const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
export const Secret = dynamicResource("v1", "Secret", "secrets", "Namespaced");
const Namespace = dynamicResource("v1", "Namespace", "namespaces", "Cluster");
/** A custom one: API servers keep those apart. */
export const Reading = defineResource({
  group: "soak.outrigger.dev",
  version: "v1",
  kind: "Reading",
  spec: t.Object({ text: t.String() }),
});
export const kinds: readonly Resource[] = [ConfigMap, Secret, Reading];
export const namespaces = ["soak-a", "soak-b", "soak-c"];
/** Names per kind and namespace; three namespaces make more than one page of 500. */
export const NAMES = 220;
/** On every object: the count of writes to its name, so that a state is known by what it says. */
export const SEQUENCE = "soak.outrigger.dev/sequence";
export const COLOR = "color";
export const colors = ["red", "green", "blue"];

/** Makes the namespaces and the custom kind; what a former run left goes first. */
export async function prepare(client: Client): Promise<void> {
  const definition = Reading.crd() as { metadata: { name: string } };
  await client.apply(CustomResourceDefinition, definition as never, { force: true });
  for (const name of namespaces) {
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
    await client.apply(Namespace, namespace as never, { force: true });
    await eventually(async () => {
      for (const kind of kinds) await client.deleteCollection(kind, { namespace: name });
      return true;
    });
  }
}

/** Body of one object. */
export function body(kind: Resource, namespace: string, name: string, sequence: number, color: string): object {
  const text = `${namespace}/${name} ${sequence} `.padEnd(900, "x");
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { namespace, name, labels: { [COLOR]: color }, annotations: { [SEQUENCE]: String(sequence) } },
    ...(kind === Reading ? { spec: { text } } : kind === Secret ? { type: "Opaque", stringData: { text } } : { data: { text } }),
  };
}
