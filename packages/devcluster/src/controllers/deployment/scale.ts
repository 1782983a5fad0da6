import type { Deployment, ReplicaSet } from "../../objects/index.ts";
import {
  byCreation,
  DESIRED_REPLICAS,
  isRolling,
  MAX_REPLICAS,
  maxReplicas,
  maxUnavailable,
  replicasOfNew,
  revisionOf,
  specReplicas,
  sum,
  wanted,
} from "./replica-sets.ts";

/** What a set is to be scaled to. */
export interface Step {
  readonly set: ReplicaSet;
  readonly replicas: number;
}
export const active = (sets: readonly ReplicaSet[]): readonly ReplicaSet[] => sets.filter((set) => specReplicas(set) > 0);

/** Whether the Deployment was scaled since its sets were (`isScalingEvent`). */
export function wasScaled(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return active(sets).some(({ metadata }) => {
    const desired = metadata.annotations?.[DESIRED_REPLICAS];
    return desired !== undefined && Number(desired) !== wanted(deployment);
  });
}

/** Follows a change of the Deployment's size, in proportion where several sets are active (`scale`). */
export function scalingSteps(deployment: Deployment, fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): readonly Step[] {
  const all = fresh ? [...old, fresh] : old;
  const one = activeOrLatest(fresh, old);
  if (one) return specReplicas(one) === wanted(deployment) ? [] : [{ set: one, replicas: wanted(deployment) }];
  if (fresh && isSaturated(deployment, fresh)) return active(old).map((set) => ({ set, replicas: 0 }));
  return isRolling(deployment) ? proportionalSteps(deployment, active(all)) : [];
}

function activeOrLatest(fresh: ReplicaSet | undefined, old: readonly ReplicaSet[]): ReplicaSet | undefined {
  const running = active(fresh ? [...old, fresh] : old);
  if (running.length === 1) return running[0];
  if (running.length > 1) return undefined;
  return fresh ?? byCreation(old).at(-1);
}
function isSaturated(deployment: Deployment, set: ReplicaSet): boolean {
  return (
    specReplicas(set) === wanted(deployment) &&
    set.metadata.annotations?.[DESIRED_REPLICAS] === String(wanted(deployment)) &&
    (set.status?.availableReplicas ?? 0) === wanted(deployment)
  );
}

function proportionalSteps(deployment: Deployment, sets: readonly ReplicaSet[]): readonly Step[] {
  const allowed = wanted(deployment) > 0 ? maxReplicas(deployment) : 0;
  const toAdd = allowed - sum(sets, specReplicas);
  const older = [...byCreation(sets)];
  if (toAdd > 0) older.reverse();
  const sorted = older.sort((a, b) => specReplicas(b) - specReplicas(a));
  let added = 0;
  const sizes = sorted.map((set) => {
    const share = toAdd === 0 ? 0 : proportion(deployment, set, toAdd, added);
    added += share;
    return specReplicas(set) + share;
  });
  // What rounding left over goes to the largest.
  if (toAdd !== 0 && sizes.length > 0) sizes[0] = Math.max(0, sizes[0]! + toAdd - added);
  return sorted.map((set, index) => ({ set, replicas: sizes[index]! }));
}
function proportion(deployment: Deployment, set: ReplicaSet, toAdd: number, added: number): number {
  if (specReplicas(set) === 0 || toAdd === added) return 0;
  const left = toAdd - added;
  const fraction = fractionOf(deployment, set);
  return toAdd > 0 ? Math.min(fraction, left) : Math.max(fraction, left);
}
function fractionOf(deployment: Deployment, set: ReplicaSet): number {
  if (wanted(deployment) === 0) return -specReplicas(set);
  const before = Number(set.metadata.annotations?.[MAX_REPLICAS] ?? Number.NaN) || (deployment.status?.replicas ?? 0) || 1;
  return Math.round((specReplicas(set) * maxReplicas(deployment)) / before) - specReplicas(set);
}

/** The next step of the new set of a rolling update. */
export function stepOfNew(deployment: Deployment, fresh: ReplicaSet, all: readonly ReplicaSet[]): readonly Step[] {
  const now = specReplicas(fresh);
  if (now === wanted(deployment)) return [];
  const replicas = now > wanted(deployment) ? wanted(deployment) : replicasOfNew(deployment, all, now);
  return replicas === now ? [] : [{ set: fresh, replicas }];
}

/** The next steps of the old sets of a rolling update: first what does not run anyway, then as much as availability allows. */
export function stepsOfOld(deployment: Deployment, fresh: ReplicaSet, old: readonly ReplicaSet[]): readonly Step[] {
  if (sum(old, specReplicas) === 0) return [];
  const minAvailable = wanted(deployment) - maxUnavailable(deployment);
  const unavailableNew = specReplicas(fresh) - (fresh.status?.availableReplicas ?? 0);
  const room = sum([...old, fresh], specReplicas) - minAvailable - unavailableNew;
  if (room <= 0) return [];
  const sizes = new Map(byCreation(old).map((set) => [set, specReplicas(set)]));
  let removed = 0;
  for (const [set, size] of sizes) {
    if (removed >= room) break;
    const unhealthy = Math.min(room - removed, size - (set.status?.availableReplicas ?? 0));
    if (size === 0 || unhealthy <= 0) continue;
    sizes.set(set, size - unhealthy);
    removed += unhealthy;
  }
  let spare = sum([...old, fresh], ({ status }) => status?.availableReplicas) - minAvailable;
  for (const [set, size] of sizes) {
    if (spare <= 0) break;
    const less = Math.min(size, spare);
    sizes.set(set, size - less);
    spare -= less;
  }
  return [...sizes].filter(([set, size]) => size !== specReplicas(set)).map(([set, replicas]) => ({ set, replicas }));
}

/** Old sets beyond the history limit that hold nothing any more, lowest revision first (`cleanupDeployment`). */
export function surplus(deployment: Deployment, old: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2_147_483_647) return [];
  const alive = old.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return [...byCreation(alive)]
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, alive.length - limit))
    .filter(
      ({ metadata, spec, status }) =>
        (status?.replicas ?? 0) === 0 && spec.replicas === 0 && (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
    );
}
