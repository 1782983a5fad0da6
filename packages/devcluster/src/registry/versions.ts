import type { KubeObject } from "@outrigger/kit/api";
import type { Entry, Store, Table } from "../store/index.ts";
import type { ServedResource } from "./contracts.ts";

/** Resources of one storage that are served under another group too: both kinds of events are one. */
const sharedStorage: Readonly<Record<string, string>> = { "events.k8s.io/events": "/events" };

/** The name of the table in which the objects of a resource lie. */
export function tableOf(store: Store, group: string, plural: string): Table {
  const shared = sharedStorage[`${group}/${plural}`];
  if (shared === undefined) return store.table(group, plural);
  const slash = shared.indexOf("/");
  return store.table(shared.slice(0, slash), shared.slice(slash + 1));
}

export function apiVersionOf(resource: Pick<ServedResource, "group" | "version">): string {
  return resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;
}

/** Whether stored objects are served in this version as they lie there. */
export function servedAsStored(resource: ServedResource): boolean {
  return resource.version === resource.storageVersion && sharedStorage[`${resource.group}/${resource.plural}`] === undefined;
}

/** A copy of a stored object in the version of `resource`. */
export async function readCopy(resource: ServedResource, entry: Entry): Promise<KubeObject> {
  const object = entry.copy();
  const apiVersion = apiVersionOf(resource);
  if (object.apiVersion === apiVersion) return object;
  return (await resource.strategy.convert([object], resource.version))[0]!;
}

/** The object as it is to be stored. */
export async function toStorage(resource: ServedResource, object: KubeObject): Promise<KubeObject> {
  if (servedAsStored(resource)) return object;
  return (await resource.strategy.convert([object], resource.storageVersion))[0]!;
}

/** What a write is answered with: as it is stored, converted back, also where nothing is stored in a dry run. */
export async function fromStorage(resource: ServedResource, object: KubeObject, stored: KubeObject): Promise<KubeObject> {
  if (servedAsStored(resource)) return object;
  return (await resource.strategy.convert([structuredClone(stored)], resource.version))[0]!;
}
