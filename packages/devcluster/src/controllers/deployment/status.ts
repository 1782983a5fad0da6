import type { Deployment, ReplicaSet } from "../../objects/index.ts";
import { compact, timestamp } from "../writes.ts";
import { maxUnavailable, specReplicas, sum, wanted } from "./replica-sets.ts";

export type Status = NonNullable<Deployment["status"]>;
export type Condition = NonNullable<Status["conditions"]>[number];
type Change = Pick<Condition, "type" | "status"> & { readonly reason: string; readonly message: string };

export function condition(status: Status | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((one) => one.type === type);
}
/** The conditions with one set, last; unchanged where status and reason are as before (`SetDeploymentCondition`). */
export function withCondition(
  conditions: readonly Condition[],
  change: Change,
  options: { readonly force?: boolean } = {},
): readonly Condition[] {
  const before = conditions.find(({ type }) => type === change.type);
  if (before && !options.force && before.status === change.status && before.reason === change.reason) return conditions;
  const now = timestamp();
  const lastTransitionTime = before?.status === change.status ? (before.lastTransitionTime ?? now) : now;
  return [...conditions.filter(({ type }) => type !== change.type), { ...change, lastUpdateTime: now, lastTransitionTime }];
}

/** Progress is only judged where a deadline is set; the largest number means none. */
export function hasDeadline({ spec }: Deployment): boolean {
  return spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2_147_483_647;
}

/** Counts and the Available condition (`calculateStatus`); other conditions stay. */
export function countedStatus(deployment: Deployment, all: readonly ReplicaSet[], fresh: ReplicaSet | undefined): Status {
  const available = sum(all, ({ status }) => status?.availableReplicas);
  const enough = available >= wanted(deployment) - maxUnavailable(deployment);
  const terminating = all.some(({ status }) => status?.terminatingReplicas === undefined)
    ? undefined
    : sum(all, ({ status }) => status?.terminatingReplicas);
  return {
    ...compact({
      observedGeneration: deployment.metadata.generation ?? 0,
      replicas: sum(all, ({ status }) => status?.replicas),
      updatedReplicas: fresh?.status?.replicas ?? 0,
      readyReplicas: sum(all, ({ status }) => status?.readyReplicas),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, sum(all, specReplicas) - available),
    }),
    ...(deployment.status?.collisionCount === undefined ? {} : { collisionCount: deployment.status.collisionCount }),
    ...(terminating === undefined ? {} : { terminatingReplicas: terminating }),
    conditions: withCondition(
      deployment.status?.conditions ?? [],
      enough
        ? { type: "Available", status: "True", reason: "MinimumReplicasAvailable", message: "Deployment has minimum availability." }
        : {
            type: "Available",
            status: "False",
            reason: "MinimumReplicasUnavailable",
            message: "Deployment does not have minimum availability.",
          },
    ),
  };
}

export function isComplete(deployment: Deployment, status: Status): boolean {
  const all = wanted(deployment);
  return (
    (status.updatedReplicas ?? 0) === all &&
    (status.replicas ?? 0) === all &&
    (status.availableReplicas ?? 0) === all &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}
function hasProgressed(before: Status | undefined, after: Status): boolean {
  const old = (status: Status | undefined): number => (status?.replicas ?? 0) - (status?.updatedReplicas ?? 0);
  const more = (field: "updatedReplicas" | "readyReplicas" | "availableReplicas"): boolean => (after[field] ?? 0) > (before?.[field] ?? 0);
  return more("updatedReplicas") || old(after) < old(before) || more("readyReplicas") || more("availableReplicas");
}
function hasTimedOut(deployment: Deployment, now: number): boolean {
  const progressing = condition(deployment.status, "Progressing");
  if (!progressing || progressing.reason === "NewReplicaSetAvailable") return false;
  if (progressing.reason === "ProgressDeadlineExceeded") return true;
  return Date.parse(progressing.lastUpdateTime ?? "") + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 < now;
}

/** The status of a rollout under way, with the Progressing condition (`syncRolloutStatus`). */
export function rolloutStatus(deployment: Deployment, all: readonly ReplicaSet[], fresh: ReplicaSet | undefined, now: number): Status {
  const status = countedStatus(deployment, all, fresh);
  let conditions = status.conditions ?? [];
  const progressing = condition(deployment.status, "Progressing");
  const what = fresh ? `ReplicaSet "${fresh.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  const wasComplete = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && progressing?.reason === "NewReplicaSetAvailable";
  if (!hasDeadline(deployment)) conditions = conditions.filter(({ type }) => type !== "Progressing");
  else if (!wasComplete) {
    if (isComplete(deployment, status))
      conditions = withCondition(conditions, {
        type: "Progressing",
        status: "True",
        reason: "NewReplicaSetAvailable",
        message: `${what} has successfully progressed.`,
      });
    else if (hasProgressed(deployment.status, status))
      conditions = withCondition(
        conditions,
        { type: "Progressing", status: "True", reason: "ReplicaSetUpdated", message: `${what} is progressing.` },
        { force: true },
      );
    else if (hasTimedOut(deployment, now))
      conditions = withCondition(conditions, {
        type: "Progressing",
        status: "False",
        reason: "ProgressDeadlineExceeded",
        message: `${what} has timed out progressing.`,
      });
  }
  const failure = replicaFailure(all, fresh);
  conditions = conditions.filter(({ type }) => type !== "ReplicaFailure");
  return { ...status, conditions: failure ? withFailure(deployment, conditions, failure) : conditions };
}

function withFailure(deployment: Deployment, conditions: readonly Condition[], failure: Change): readonly Condition[] {
  const before = condition(deployment.status, "ReplicaFailure");
  return before?.status === failure.status && before.reason === failure.reason
    ? [...conditions, before]
    : withCondition(conditions, failure);
}
/** The new set's failure tells most; else any other's. */
function replicaFailure(all: readonly ReplicaSet[], fresh: ReplicaSet | undefined): Change | undefined {
  for (const set of fresh ? [fresh, ...all] : all) {
    const found = set.status?.conditions?.find(({ type }) => type === "ReplicaFailure");
    if (found) return { type: "ReplicaFailure", status: found.status, reason: found.reason ?? "", message: found.message ?? "" };
  }
  return undefined;
}

/** Milliseconds until a rollout that stands still must be judged; undefined where nothing is waited for (`requeueStuckDeployment`). */
export function judgeAfter(deployment: Deployment, status: Status, now: number): number | undefined {
  const progressing = condition(deployment.status, "Progressing");
  if (!progressing || !hasDeadline(deployment) || isComplete(deployment, status) || progressing.reason === "ProgressDeadlineExceeded")
    return undefined;
  if (progressing.reason === "NewReplicaSetAvailable") return undefined;
  return Math.max(1, Date.parse(progressing.lastUpdateTime ?? "") + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - now) + 1000;
}
