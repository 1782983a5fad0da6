import type { KubeObject } from "@outrigger/kit/api";
import type { Client } from "@outrigger/kit/client";
import { COLOR, kinds, namespaces, SEQUENCE } from "./kinds.ts";
import type { StoreState } from "./protocol.ts";

export interface ServerObject {
  readonly version: string;
  readonly color: string;
  readonly sequence: number;
}
/** By a kind's plural, then by `namespace/name`. */
export type ServerState = ReadonlyMap<string, ReadonlyMap<string, ServerObject>>;

/** What the server holds in the namespaces of the soak. */
export async function serverState(client: Client): Promise<ServerState> {
  const all = new Map<string, Map<string, ServerObject>>();
  for (const kind of kinds) {
    const objects = new Map<string, ServerObject>();
    for await (const page of client.pages(kind))
      for (const { metadata } of page.items as unknown as readonly KubeObject[])
        if (namespaces.includes(metadata.namespace ?? ""))
          objects.set(`${metadata.namespace}/${metadata.name}`, {
            version: metadata.resourceVersion ?? "",
            color: metadata.labels?.[COLOR] ?? "",
            sequence: Number(metadata.annotations?.[SEQUENCE]),
          });
    all.set(kind.plural, objects);
  }
  return all;
}

/** A store without what else a cluster in use holds. */
export function onlyOurs(state: StoreState): StoreState {
  const ours = (key: string): boolean => namespaces.includes(key.split("/")[0]!);
  return {
    ...state,
    objects: Object.fromEntries(Object.entries(state.objects).filter(([key]) => ours(key))),
    byColor: Object.fromEntries(Object.entries(state.byColor).map(([color, keys]) => [color, keys.filter(ours)])),
  };
}
