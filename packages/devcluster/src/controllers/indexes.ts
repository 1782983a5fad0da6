import { controllerOf, type Observed, type Resource } from "@outrigger/kit/api";
import type { Informer, Informers } from "@outrigger/kit/cache";
import { ControllerRevision, Pod, ReplicaSet } from "../objects/index.ts";

const ORPHANS = "orphans";
const NODE = "node";
/** Objects by the uid of the owner that controls them. */
export const BY_OWNER = "owner";

/** Objects that no one controls, by namespace: few, where all objects of a namespace may be many. */
export function orphansIn<R extends Resource>(informer: Informer<R>, namespace: string): readonly Observed<R>[] {
  return informer.lister.byIndex(ORPHANS, namespace);
}
/** Pods bound to a node; pods bound to none under "". */
export function podsOnNode(informer: Informer<typeof Pod>, node: string): readonly Pod[] {
  return informer.lister.byIndex(NODE, node);
}

/** Adds the indexes that loops share, once for a set of informers. */
export function addSharedIndexes(informers: Informers): void {
  for (const resource of [Pod, ReplicaSet, ControllerRevision] as Resource[]) {
    informers.for(resource).addIndex(ORPHANS, (object) => (controllerOf(object as never) ? [] : [object.metadata.namespace as string]));
    informers.for(resource).addIndex(BY_OWNER, (object) => (controllerOf(object as never) ? [controllerOf(object as never)!.uid] : []));
  }
  informers.for(Pod).addIndex(NODE, (pod) => [pod.spec.nodeName ?? ""]);
}
