import type { Pod, StatefulSet } from "../../objects/index.ts";
import { hasEnded, isAvailable, isReady } from "../pods/index.ts";
import { ordinalOf, replicasOf, revisionOf, startOf } from "./pods.ts";

/** What is to be done next for a set, in order; of an ordered set one thing at a time. */
export type Step = { readonly create: number } | { readonly remove: Pod };

const runs = (pod: Pod): boolean => pod.status?.phase === "Running" && isReady(pod);
const leaves = (pod: Pod): boolean => pod.metadata.deletionTimestamp !== undefined;

/** The next steps of a set whose pods are to have `update` as their revision (`updateStatefulSet`). */
export function planned(set: StatefulSet, pods: readonly Pod[], update: string, now: number): readonly Step[] {
  if (set.metadata.deletionTimestamp !== undefined) return [];
  const available = (pod: Pod): boolean => runs(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, now);
  const ordered = set.spec.podManagementPolicy !== "Parallel";
  const start = startOf(set);
  const end = start + replicasOf(set);
  const places = new Map(pods.map((pod) => [ordinalOf(set, pod)!, pod]));
  const condemned = pods
    .filter((pod) => ordinalOf(set, pod)! < start || ordinalOf(set, pod)! >= end)
    .sort((a, b) => ordinalOf(set, b)! - ordinalOf(set, a)!);
  const steps: Step[] = [];

  for (let ordinal = start; ordinal < end; ordinal++) {
    const pod = places.get(ordinal);
    if (!pod) steps.push({ create: ordinal });
    else if (hasEnded(pod)) {
      if (!leaves(pod)) steps.push({ remove: pod });
    } else if (!ordered || (!leaves(pod) && available(pod))) continue;
    // Those after it wait for this one.
    if (ordered) return steps;
  }
  const ailing = [...pods].filter((pod) => !runs(pod) || leaves(pod)).sort((a, b) => ordinalOf(set, a)! - ordinalOf(set, b)!)[0];
  for (const pod of condemned) {
    if (leaves(pod)) {
      if (ordered) return steps;
      continue;
    }
    if (ordered && !available(pod) && pod !== ailing) return steps;
    steps.push({ remove: pod });
    if (ordered) return steps;
  }
  if (steps.length > 0 || set.spec.updateStrategy?.type === "OnDelete") return steps;
  return outdated(set, places, update, available);
}

/** The pods to replace next, from the last place to the partition, as many as may be missing at a time. */
function outdated(set: StatefulSet, places: ReadonlyMap<number, Pod>, update: string, available: (pod: Pod) => boolean): readonly Step[] {
  const start = startOf(set);
  const first = start + (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0);
  const limit = unavailableLimit(set);
  let missing = 0;
  for (let ordinal = start; ordinal < start + replicasOf(set); ordinal++) {
    const pod = places.get(ordinal);
    if (!pod || leaves(pod) || !available(pod)) missing++;
  }
  const steps: Step[] = [];
  for (let ordinal = start + replicasOf(set) - 1; ordinal >= first; ordinal--) {
    const pod = places.get(ordinal);
    if (!pod) return steps;
    if (revisionOf(pod) !== update && !leaves(pod)) {
      // A pod that does not run may go at once: it is missing already.
      if (available(pod) && missing >= limit) return steps;
      steps.push({ remove: pod });
      if (limit === 1) return steps;
      if (available(pod)) missing++;
    } else if (leaves(pod) || !available(pod)) {
      if (missing >= limit) return steps;
    }
  }
  return steps;
}
function unavailableLimit(set: StatefulSet): number {
  const value = set.spec.updateStrategy?.rollingUpdate?.maxUnavailable;
  if (value === undefined) return 1;
  const count = typeof value === "number" ? value : Math.ceil((Number.parseInt(value, 10) * replicasOf(set)) / 100);
  return Math.max(1, count);
}
