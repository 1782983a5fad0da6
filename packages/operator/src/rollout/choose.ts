import { scaledIntOrPercent } from "@outrigger/kit/api";
import { updateOrder } from "./order.ts";
import type { PodState } from "./pod-state.ts";
import type { RolloutStrategy } from "./rollout-set.ts";

/** Why a pod that is behind is not updated now. */
export type WaitReason =
  | "NotUpdate"
  | "Paused"
  | "NotSelected"
  | "NotUpgradable"
  | "Partition"
  /** The kubelet has not begun the update before this one. */
  | "InProgress"
  | "MaxUnavailable";

export interface Choice {
  /** To be updated now, in this order. */
  readonly next: readonly PodState[];
  /** The others that are behind, in the order in which they would come. */
  readonly waiting: readonly { readonly state: PodState; readonly why: WaitReason }[];
  /** Pods that are down because of an update of this set, before anything in `next`. */
  readonly down: readonly PodState[];
  /** How many pods may be down. */
  readonly maxUnavailable: number;
  /** How many pods stay behind. */
  readonly partition: number;
}

/**
 * Which pods of a set are updated next.
 *
 * - Candidates are behind, selected and differ in images alone. `partition` of them, the last in order, stay as they are.
 * - A candidate that is not ready, or whose last update came to nothing, is updated at once: it costs no budget and never waits
 *   behind one that is ready.
 * - Ready candidates follow while fewer than `maxUnavailable` pods are down. Down are: pods with the latest containers that are
 *   not settled and ready; pods whose earlier update the kubelet has not done; and pods of this choice that an earlier update
 *   of the set left unready.
 * - Percentages are of all pods of the set, rounded up; a partition below 100% leaves at least one pod to update.
 *
 * @param pods all pods of the set
 */
export function choose(pods: readonly PodState[], strategy: RolloutStrategy): Choice {
  const partition = partitionOf(strategy.partition, pods.length);
  const maxUnavailable = scaled(strategy.maxUnavailable, pods.length);
  const behind = pods.filter(({ updated }) => !updated);
  const down = pods.filter((state) => (state.updated ? !(state.settled && state.ready) : state.touched && !state.settled));
  const held = strategy.notUpdate ? "NotUpdate" : strategy.paused ? "Paused" : undefined;
  const isCandidate = ({ selected, upgradable }: PodState): boolean => selected && upgradable;
  const candidates = updateOrder(behind.filter(isCandidate), pods, strategy);
  const others = behind
    .filter((state) => !isCandidate(state))
    .map((state) => ({ state, why: state.upgradable ? ("NotSelected" as const) : ("NotUpgradable" as const) }));
  if (held !== undefined)
    return {
      next: [],
      waiting: [...candidates.map((state) => ({ state, why: held as WaitReason })), ...others],
      down,
      maxUnavailable,
      partition,
    };

  const turn = candidates.slice(0, Math.max(0, candidates.length - partition));
  // What is down already by our doing goes no further down: a kubelet goes on to call a pod ready whose new image it cannot start.
  const isFree = ({ ready, busy, touched, settled }: PodState): boolean => !busy && (!ready || (touched && !settled));
  const free = turn.filter(isFree);
  const downNow = new Set([...down, ...free.filter(({ touched }) => touched)]).size;
  const next: PodState[] = [...free];
  const waiting: { state: PodState; why: WaitReason }[] = [];
  let budget = maxUnavailable - downNow;
  for (const state of turn) {
    if (isFree(state)) continue;
    if (state.busy) waiting.push({ state, why: "InProgress" });
    else if (budget <= 0) waiting.push({ state, why: "MaxUnavailable" });
    else {
      budget--;
      next.push(state);
    }
  }
  for (const state of candidates.slice(turn.length)) waiting.push({ state, why: "Partition" });
  return { next, waiting: [...waiting, ...others], down, maxUnavailable, partition };
}

function partitionOf(partition: number | string, total: number): number {
  const count = Math.min(scaled(partition, total), total);
  const isPart = typeof partition === "string" && Number.parseInt(partition, 10) < 100;
  return isPart && count === total && total > 0 ? total - 1 : count;
}

/** A percentage above 100 means all: it is taken with a warning when the set is written. */
function scaled(value: number | string, total: number): number {
  return scaledIntOrPercent(value, total, true);
}
