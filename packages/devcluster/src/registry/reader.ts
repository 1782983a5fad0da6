import type { KubeObject } from "@outrigger/kit/api";
import type { Store } from "../store/index.ts";
import type { ClusterReader } from "./contracts.ts";
import { tableOf } from "./versions.ts";

/** Reads the store for those who decide within the server: shared objects, no copies. */
export function clusterReader(store: Store): ClusterReader {
  const lists = new Map<string, { version: number; objects: readonly KubeObject[] }>();
  return {
    get: (group, plural, { namespace = "", name }) => tableOf(store, group, plural).get(namespace, name)?.object,
    list(group, plural) {
      const table = tableOf(store, group, plural);
      const key = `${group}/${plural}`;
      const known = lists.get(key);
      if (known?.version === table.version) return known.objects;
      const objects = table.list().map((entry) => entry.object);
      lists.set(key, { version: table.version, objects });
      return objects;
    },
    version: (group, plural) => tableOf(store, group, plural).version,
  };
}
