import { NO_OVERCOMMIT, type Ratio, RESOURCES, type ResourceName, ratioFor, units } from "./amounts.ts";
import { type Amplified, RECORD_ANNOTATION, readRecord, recordText } from "./record.ts";
import type { Target } from "./target.ts";
import { amplify, type OvercommitNode, same } from "./write.ts";

export interface NodeDecision {
  /** What to write to the node's status; nothing where it is as it should be. */
  readonly write?: { readonly allocatable: Readonly<Record<string, string>>; readonly record: string | null };
  /** Ratios that are higher than they should be, since the node's pods request more than it would offer then. */
  readonly held: readonly Held[];
  /** Resources whose ratio the write lowers: what is requested should be asked of the API server before. */
  readonly lowered: readonly ResourceName[];
  /** Resources whose value cannot be a true one, so that nothing is made of it. */
  readonly unclear: readonly ResourceName[];
}

export interface Held {
  readonly resource: ResourceName;
  /** What the node would offer at the ratio that it should have. */
  readonly wouldOffer: bigint;
  readonly requested: bigint;
}

export interface NodeDemand {
  /** What the node's pods request, in thousandths of a CPU and in bytes. */
  readonly requested: Readonly<Record<ResourceName, bigint>>;
  /** Lower ratios below that. */
  readonly force?: boolean;
}

/**
 * What the controller makes of a node: amplifies it for the first time, repairs what a write did while the webhook was away,
 * raises and lowers ratios. A pure function.
 *
 * - A ratio is never lowered below what the node's pods request, unless `force`: it goes down as far as they allow, and
 *   further as they leave. A kubelet that restarts would end the surplus.
 * - A stored value that is neither the amplified one nor above the node's capacity is the kubelet's own, written while
 *   the webhook was away.
 *
 * @param target what the node should offer; nothing where no policy selects it
 */
export function decideNode(node: OvercommitNode, target: Target | undefined, { requested, force = false }: NodeDemand): NodeDecision {
  const record = readRecord(node.metadata.annotations);
  const allocatable: Record<string, string> = {};
  const next: Partial<Record<ResourceName, Amplified>> = {};
  const held: Held[] = [];
  const lowered: ResourceName[] = [];
  const unclear: ResourceName[] = [];
  for (const resource of RESOURCES) {
    const stored = node.status?.allocatable?.[resource];
    if (stored === undefined) continue;
    const known = record?.[resource];
    const wanted = target?.ratios[resource] ?? NO_OVERCOMMIT;
    if (!known && wanted === NO_OVERCOMMIT) continue;
    const isOurs = known !== undefined && same(resource, stored, known.set);
    const plausible = isPlausible(node, resource, stored);
    if (!known && !plausible) {
      unclear.push(resource);
      continue;
    }
    const value = known && (isOurs || !plausible) ? known.true : String(stored);
    const ratio = known ? lowest(resource, value, known.ratio, wanted, requested[resource], force) : wanted;
    if (ratio > wanted) {
      const wouldOffer = (units(resource, value) * BigInt(wanted)) / 1000n;
      held.push({ resource, wouldOffer, requested: requested[resource] });
    }
    if (known && ratio < known.ratio) lowered.push(resource);
    const one = isOurs && ratio === known.ratio ? known : amplify(resource, value, ratio);
    if (one) next[resource] = one;
    const set = one?.set ?? value;
    if (!same(resource, set, stored)) allocatable[resource] = set;
  }
  const policy = target?.policy ?? record?.policy ?? "";
  const text = recordText({ policy, ...next }) ?? null;
  const changed = text !== (node.metadata.annotations?.[RECORD_ANNOTATION] ?? null) || Object.keys(allocatable).length > 0;
  return { held, lowered, unclear, ...(changed ? { write: { allocatable, record: text } } : {}) };
}

/** The ratio that is wanted, or what the requests allow on the way down to it. */
function lowest(resource: ResourceName, value: string, current: Ratio, wanted: Ratio, requested: bigint, force: boolean): Ratio {
  if (wanted >= current || force) return wanted;
  return Math.max(wanted, Math.min(current, ratioFor(requested, units(resource, value))));
}

/** A kubelet never offers more than its node's capacity. */
function isPlausible({ status }: OvercommitNode, resource: ResourceName, stored: unknown): boolean {
  const capacity = status?.capacity?.[resource];
  return capacity === undefined || units(resource, stored) <= units(resource, capacity);
}
