import type { Pod } from "../../objects/index.ts";
import { isReady, readySince, restarts } from "./state.ts";

const DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";
const PHASES: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };

/**
 * Pods in the order in which they are given up when there are too many (`controller.ActivePodsWithRanks`): unassigned,
 * pending, not ready, cheap, crowded, recently ready, often restarted, young; times count by their order of magnitude.
 *
 * @param crowd how many related pods run on the pod's node.
 * @param now milliseconds
 */
export function byDispensability(pods: readonly Pod[], crowd: (pod: Pod) => number, now: number): readonly Pod[] {
  return [...pods].sort((a, b) => compare(a, b, crowd, now));
}

function compare(a: Pod, b: Pod, crowd: (pod: Pod) => number, now: number): number {
  const assigned = Number(Boolean(a.spec.nodeName)) - Number(Boolean(b.spec.nodeName));
  if (assigned !== 0) return assigned;
  const phase = (PHASES[a.status?.phase ?? ""] ?? 0) - (PHASES[b.status?.phase ?? ""] ?? 0);
  if (phase !== 0) return phase;
  const ready = Number(isReady(a)) - Number(isReady(b));
  if (ready !== 0) return ready;
  const cost = deletionCost(a) - deletionCost(b);
  if (cost !== 0) return cost;
  const crowded = crowd(b) - crowd(a);
  if (crowded !== 0) return crowded;
  if (isReady(a)) {
    const since = magnitude(readySince(a), now) - magnitude(readySince(b), now);
    if (since !== 0) return since;
  }
  const restarted = restarts(b) - restarts(a);
  if (restarted !== 0) return restarted;
  const age = magnitude(Date.parse(a.metadata.creationTimestamp), now) - magnitude(Date.parse(b.metadata.creationTimestamp), now);
  if (age !== 0) return age;
  return a.metadata.uid < b.metadata.uid ? -1 : 1;
}

/** The age in powers of two; what has no time is the youngest. */
function magnitude(since: number | undefined, now: number): number {
  if (since === undefined || Number.isNaN(since)) return -1;
  const age = now - since;
  return age <= 0 ? 0 : Math.floor(Math.log2(age * 1e6));
}

function deletionCost({ metadata }: Pod): number {
  const text = metadata.annotations?.[DELETION_COST];
  return text !== undefined && /^(0|-?[1-9]\d*)$/.test(text) ? Number(text) : 0;
}
