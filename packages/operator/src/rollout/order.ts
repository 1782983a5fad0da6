import type { SeenPod } from "../seen-pod/index.ts";
import type { PodState } from "./pod-state.ts";
import type { RolloutStrategy } from "./rollout-set.ts";
import { scattered } from "./scatter.ts";

/**
 * Candidates in the order in which they are updated: those that serve least first (Kubernetes' ActivePods order, then by key),
 * then by the strategy's priority, then scattered.
 *
 * @param all the set's pods: scatter spreads by their shares
 */
export function updateOrder(candidates: readonly PodState[], all: readonly PodState[], strategy: RolloutStrategy): PodState[] {
  const sorted = [...candidates].sort((a, b) => activePods(a, b) || (a.key < b.key ? -1 : 1));
  const prioritised = prioritise(sorted, strategy);
  return scattered(prioritised, all, strategy.scatter);
}

/** Source: Kubernetes pkg/controller, ActivePods. */
function activePods(a: PodState, b: PodState): number {
  return (
    Number(a.pod.spec.nodeName !== undefined) - Number(b.pod.spec.nodeName !== undefined) ||
    phase(a.pod) - phase(b.pod) ||
    Number(a.ready) - Number(b.ready) ||
    later(readySince(a.pod), readySince(b.pod)) ||
    restarts(b.pod) - restarts(a.pod) ||
    later(a.pod.metadata.creationTimestamp, b.pod.metadata.creationTimestamp)
  );
}

const PHASES = ["Pending", "Unknown", "Running"];

function phase({ status }: SeenPod): number {
  return PHASES.indexOf(status?.phase ?? "");
}

/** When the pod became ready, or ceased to be. */
function readySince({ status }: SeenPod): string | undefined {
  return status?.conditions?.find(({ type }) => type === "Ready")?.lastTransitionTime;
}

function restarts({ status }: SeenPod): number {
  return Math.max(0, ...(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
}

/** The later time first; none before any. RFC 3339 times of one zone and precision compare as texts. */
function later(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  return a > b ? -1 : 1;
}

function prioritise(pods: readonly PodState[], { weights, orderedKeys }: RolloutStrategy): PodState[] {
  if (weights.length === 0 && orderedKeys.length === 0) return [...pods];
  const ranked = pods.map((state) => {
    const labels = state.pod.metadata.labels ?? {};
    const weight = weights.reduce((sum, term) => sum + (term.matches(labels) ? term.weight : 0), 0);
    const level = orderedKeys.findIndex((key) => Object.hasOwn(labels, key));
    return { state, weight, level, number: level < 0 ? 0 : trailingNumber(labels[orderedKeys[level]!]!) };
  });
  // Recorded: pods without any of the keys come first, then by the first key that they have, the higher number first.
  ranked.sort((a, b) => b.weight - a.weight || a.level - b.level || b.number - a.number);
  return ranked.map(({ state }) => state);
}

function trailingNumber(text: string): number {
  return Number(/[0-9]+$/.exec(text)?.[0] ?? 0);
}
