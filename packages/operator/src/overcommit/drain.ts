import { type Client, ConflictError, NotFoundError, TooManyRequestsError } from "@outrigger/kit/client";
import { Node, Pod } from "@outrigger/kit/kinds";
import type { Held } from "./decide.ts";
import { NOTHING, type NodePod, plus, type Requested, requestOf } from "./demand.ts";

/** On a node that we cordoned, so that we uncordon no other. */
export const DRAINING_ANNOTATION = "outrigger.dev/overcommit-draining";
const MIRROR_ANNOTATION = "kubernetes.io/config.mirror";

/**
 * The pods to evict so that the others request no more than the node will offer: those of the lowest priority, of these the
 * youngest. Pods of DaemonSets would come back, and static pods are the kubelet's; both stay. Pods that are ending already count as gone.
 */
export function podsToEvict(pods: readonly NodePod[], held: readonly Held[]): readonly NodePod[] {
  let going: Requested = pods.filter(isEnding).map(requestOf).reduce(plus, NOTHING);
  const missing = (): boolean => held.some(({ resource, requested, wouldOffer }) => requested - going[resource] > wouldOffer);
  const candidates = pods
    .filter((pod) => !isEnding(pod) && mayBeEvicted(pod) && held.some(({ resource }) => requestOf(pod)[resource] > 0n))
    .sort(
      (a, b) =>
        (a.spec.priority ?? 0) - (b.spec.priority ?? 0) ||
        ((a.metadata.creationTimestamp ?? "") > (b.metadata.creationTimestamp ?? "") ? -1 : 1),
    );
  const chosen: NodePod[] = [];
  for (const pod of candidates) {
    if (!missing()) break;
    const wanted = requestOf(pod);
    const helps = held.some(({ resource, requested, wouldOffer }) => requested - going[resource] > wouldOffer && wanted[resource] > 0n);
    if (!helps) continue;
    chosen.push(pod);
    going = plus(going, wanted);
  }
  return chosen;
}

/** Asks for an eviction. @returns why it is not allowed now; nothing where it is under way or the pod has gone. */
export async function evict(client: Client, { metadata }: NodePod, signal: AbortSignal): Promise<string | undefined> {
  const { name = "", namespace = "", uid } = metadata;
  try {
    await client.evict({ namespace, name }, { signal, ...(uid === undefined ? {} : { preconditions: { uid } }) });
    return undefined;
  } catch (error) {
    // Gone, or another pod has its name by now.
    if (error instanceof NotFoundError || error instanceof ConflictError) return undefined;
    if (error instanceof TooManyRequestsError) return `${namespace}/${name}: ${error.message}`;
    throw error;
  }
}

interface CordonedNode {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly spec?: { readonly unschedulable?: boolean | undefined } | undefined;
}

/** Cordons a node for draining, or uncordons one that was cordoned for it. @returns whether something was written. */
export async function setCordon(client: Client, { metadata, spec }: CordonedNode, wanted: boolean): Promise<boolean> {
  const ours = metadata.annotations?.[DRAINING_ANNOTATION] !== undefined;
  // One that somebody else cordoned stays so afterwards.
  if (wanted ? ours || spec?.unschedulable === true : !ours) return false;
  await client.patch(
    Node,
    { name: metadata.name },
    {
      type: "merge",
      patch: {
        metadata: { resourceVersion: metadata.resourceVersion, annotations: { [DRAINING_ANNOTATION]: wanted ? "true" : null } },
        spec: { unschedulable: wanted ? true : null },
      },
    },
  );
  return true;
}

/** The node's pods as the API server has them now. */
export async function podsOn(client: Client, node: string, signal: AbortSignal): Promise<readonly NodePod[]> {
  const { items } = await client.list(Pod, { fieldSelector: `spec.nodeName=${node}`, signal });
  return items as readonly unknown[] as readonly NodePod[];
}

function isEnding({ metadata }: NodePod): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function mayBeEvicted({ metadata, status }: NodePod): boolean {
  if (metadata.annotations?.[MIRROR_ANNOTATION] !== undefined || status?.phase === "Succeeded" || status?.phase === "Failed") return false;
  return !metadata.ownerReferences?.some(({ kind, controller }) => kind === "DaemonSet" && controller === true);
}
