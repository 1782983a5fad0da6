import { labelSelector } from "@outrigger/kit/api";
import type { Pod, ReplicaSet } from "../../objects/index.ts";
import { isActive, isAvailable, isReady, isTerminating } from "../pods/index.ts";

type Status = NonNullable<ReplicaSet["status"]>;
type Condition = NonNullable<Status["conditions"]>[number];

/**
 * The status that a ReplicaSet's pods give it (`replicaset.calculateStatus`). Counts of zero are left out, as the server
 * leaves them out.
 *
 * @param failure what went wrong with making or deleting pods, if anything did.
 */
export function statusOf(
  set: ReplicaSet,
  pods: readonly Pod[],
  failure: { readonly reason: string; readonly message: string } | undefined,
  now: Date,
): Status {
  const active = pods.filter(isActive);
  const labels = labelSelector({ matchLabels: set.spec.template?.metadata?.labels ?? {} });
  const count = (test: (pod: Pod) => boolean): number => active.filter(test).length;
  const numbers = {
    fullyLabeledReplicas: count((pod) => labels.matches(pod.metadata.labels)),
    readyReplicas: count(isReady),
    availableReplicas: count((pod) => isAvailable(pod, set.spec.minReadySeconds ?? 0, now.getTime())),
  };
  const conditions = conditionsOf(set, failure, now);
  return {
    replicas: active.length,
    ...Object.fromEntries(Object.entries(numbers).filter(([, number]) => number > 0)),
    terminatingReplicas: pods.filter(isTerminating).length,
    observedGeneration: set.metadata.generation ?? 0,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function conditionsOf(
  { status }: ReplicaSet,
  failure: { readonly reason: string; readonly message: string } | undefined,
  now: Date,
): readonly Condition[] {
  const others = (status?.conditions ?? []).filter(({ type }) => type !== "ReplicaFailure");
  if (!failure) return others;
  const before = status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  const condition = before ?? {
    type: "ReplicaFailure",
    status: "True",
    ...failure,
    lastTransitionTime: now.toISOString().replace(/\.\d+Z$/, "Z"),
  };
  return [...others, condition];
}
