import { podFinished } from "@outrigger/kit/kinds";
import { podRequests } from "@outrigger/machinery/kinds";
import { RESOURCES, type ResourceName } from "./amounts.ts";

/** The part of a pod that counts for its node. */
export interface NodePod {
  readonly metadata: {
    readonly uid?: string | undefined;
    readonly name?: string | undefined;
    readonly namespace?: string | undefined;
    readonly creationTimestamp?: string | undefined;
    readonly deletionTimestamp?: string | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
    readonly ownerReferences?: readonly { readonly kind: string; readonly controller?: boolean | undefined }[] | undefined;
  };
  readonly spec: Parameters<typeof podRequests>[0] & { readonly nodeName?: string | undefined; readonly priority?: number | undefined };
  readonly status?: { readonly phase?: string | undefined } | undefined;
}

export type Requested = Readonly<Record<ResourceName, bigint>>;
export const NOTHING: Requested = { cpu: 0n, memory: 0n };

/** What a pod takes of its node: nothing before it is bound and after it has finished. */
export function requestOf(pod: NodePod | undefined): Requested {
  if (!pod?.spec.nodeName || podFinished(pod as never)) return NOTHING;
  const amounts = podRequests(pod.spec);
  return { cpu: BigInt(amounts["cpu"] ?? 0), memory: BigInt(Math.ceil(amounts["memory"] ?? 0)) };
}

export function totalOf(pods: Iterable<NodePod>): Requested {
  let total = NOTHING;
  for (const pod of pods) total = plus(total, requestOf(pod));
  return total;
}

/**
 * What the pods of each node request together, kept up to date from the events of pods: to add up all pods for each node
 * anew would cost their product.
 *
 * Guarantees: to be told of the same event twice changes nothing.
 */
export class NodeDemands {
  readonly #nodes = new Map<string, Map<string, NodePod>>();

  /** Follows one event. @returns whether it changed what a node's pods request. */
  follow(now: NodePod | undefined, before: NodePod | undefined): boolean {
    const uid = (now ?? before)?.metadata.uid ?? "";
    const [node, last] = [counts(now) ? now?.spec.nodeName : undefined, before?.spec.nodeName];
    if (last !== undefined && last !== node) this.#forget(last, uid);
    if (node === undefined) this.#forget(now?.spec.nodeName, uid);
    else {
      const pods = this.#nodes.get(node) ?? new Map<string, NodePod>();
      this.#nodes.set(node, pods.set(uid, now!));
    }
    const [was, is] = [requestOf(before), requestOf(now)];
    return (
      RESOURCES.some((resource) => was[resource] !== is[resource]) || now?.metadata.deletionTimestamp !== before?.metadata.deletionTimestamp
    );
  }

  /** Forgets every pod, before the events of a new watch. */
  forget(): void {
    this.#nodes.clear();
  }

  pods(node: string): readonly NodePod[] {
    return [...(this.#nodes.get(node)?.values() ?? [])];
  }

  requested(node: string): Requested {
    return totalOf(this.#nodes.get(node)?.values() ?? []);
  }

  #forget(node: string | undefined, uid: string): void {
    const pods = this.#nodes.get(node ?? "");
    if (pods?.delete(uid) && pods.size === 0) this.#nodes.delete(node ?? "");
  }
}

/**
 * The pods that a kubelet would end if it restarted and its node offered only `offered`: it admits pods anew in the order in which
 * they were made.
 */
export function podsAtRisk(pods: readonly NodePod[], resource: ResourceName, offered: bigint): string[] {
  const inOrder = [...pods].sort((a, b) => ((a.metadata.creationTimestamp ?? "") < (b.metadata.creationTimestamp ?? "") ? -1 : 1));
  let used = 0n;
  const ended: string[] = [];
  for (const pod of inOrder) {
    const wanted = requestOf(pod)[resource];
    if (wanted === 0n) continue;
    if (used + wanted > offered) ended.push(`${pod.metadata.namespace}/${pod.metadata.name}`);
    else used += wanted;
  }
  return ended;
}

export function plus(a: Requested, b: Requested): Requested {
  return { cpu: a.cpu + b.cpu, memory: a.memory + b.memory };
}

function counts(pod: NodePod | undefined): boolean {
  return pod !== undefined && pod.spec.nodeName !== undefined && !podFinished(pod as never);
}
