import { scaledIntOrPercent } from "@outrigger/kit/api";
import type { DaemonSet, Node, Pod } from "../../objects/index.ts";
import { isAvailable, isReady } from "../pods/index.ts";
import { compact } from "../writes.ts";
import { HASH, nodeOf, wantedOn } from "./placement.ts";

export interface DaemonPlan {
  /** Nodes that lack a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  /** Pods that ended in failure and are replaced. */
  readonly failed: readonly Pod[];
  readonly status: NonNullable<DaemonSet["status"]>;
}

/** What a DaemonSet lacks and has too much of, and its counts (`podsShouldBeOnNode`, `rollingUpdate`, `updateDaemonSetStatus`). */
export function planDaemons(set: DaemonSet, pods: readonly Pod[], nodes: readonly Node[], hash: string, now: number): DaemonPlan {
  const byNode = Map.groupBy(pods, (pod) => nodeOf(pod) ?? "");
  const create: string[] = [];
  const remove: Pod[] = [];
  const failed: Pod[] = [];
  const running: Pod[] = [];
  const counts = {
    desiredNumberScheduled: 0,
    currentNumberScheduled: 0,
    numberReady: 0,
    numberAvailable: 0,
    numberMisscheduled: 0,
    updatedNumberScheduled: 0,
    numberUnavailable: 0,
  };
  const available = (pod: Pod): boolean => isAvailable(pod, set.spec.minReadySeconds ?? 0, now);
  for (const node of nodes) {
    const its = [...(byNode.get(node.metadata.name) ?? [])].sort((a, b) =>
      a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1,
    );
    byNode.delete(node.metadata.name);
    const { run, stay } = wantedOn(set, node);
    const leaving = its.filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    const ended = its.filter((pod) => pod.status?.phase === "Failed" && !leaving.includes(pod));
    const staying = its.filter((pod) => !leaving.includes(pod) && !ended.includes(pod));
    failed.push(...ended);
    if (!stay) remove.push(...staying);
    else if (run && its.length === 0) create.push(node.metadata.name);
    else {
      remove.push(...staying.slice(1));
      if (staying[0]) running.push(staying[0]);
    }
    if (!run) {
      if (its.length > 0) counts.numberMisscheduled++;
      continue;
    }
    counts.desiredNumberScheduled++;
    const first = its[0];
    if (!first) continue;
    counts.currentNumberScheduled++;
    if (isReady(first)) counts.numberReady++;
    if (available(first)) counts.numberAvailable++;
    if (first.metadata.labels?.[HASH] === hash) counts.updatedNumberScheduled++;
  }
  // Nodes that are gone take their pods with them.
  for (const left of byNode.values()) remove.push(...left.filter(({ metadata }) => metadata.deletionTimestamp === undefined));
  counts.numberUnavailable = counts.desiredNumberScheduled - counts.numberAvailable;
  if (set.spec.updateStrategy?.type !== "OnDelete") remove.push(...outdated(set, running, hash, counts.desiredNumberScheduled, available));
  const status = {
    observedGeneration: set.metadata.generation ?? 0,
    ...counts,
    ...(set.status?.collisionCount === undefined ? {} : { collisionCount: set.status.collisionCount }),
    ...(set.status?.conditions ? { conditions: set.status.conditions } : {}),
  };
  return {
    create,
    remove,
    failed,
    status: compact(status, [
      "currentNumberScheduled",
      "numberMisscheduled",
      "desiredNumberScheduled",
      "numberReady",
      "collisionCount",
    ]) as NonNullable<DaemonSet["status"]>,
  };
}

/** Pods of older templates to replace now: those that do not work at once, others as many as may be missing. */
function outdated(
  set: DaemonSet,
  running: readonly Pod[],
  hash: string,
  desired: number,
  available: (pod: Pod) => boolean,
): readonly Pod[] {
  const old = running.filter(({ metadata }) => metadata.labels?.[HASH] !== hash);
  const limit = scaledIntOrPercent(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, desired, true);
  const missing = desired - running.filter(available).length;
  const working = old.filter(available).slice(0, Math.max(0, limit - missing));
  return [...old.filter((pod) => !available(pod)), ...working];
}
