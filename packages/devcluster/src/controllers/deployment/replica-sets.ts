import { isDeepStrictEqual } from "node:util";
import { scaledIntOrPercent } from "@outrigger/kit/api";
import type { Deployment, PodTemplate, ReplicaSet } from "../../objects/index.ts";

export const REVISION = "deployment.kubernetes.io/revision";
export const REVISION_HISTORY = "deployment.kubernetes.io/revision-history";
export const DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas";
export const MAX_REPLICAS = "deployment.kubernetes.io/max-replicas";
export const TEMPLATE_HASH = "pod-template-hash";

export const wanted = ({ spec }: Deployment): number => spec.replicas ?? 1;
export const specReplicas = (set: ReplicaSet): number => set.spec.replicas ?? 1;
export const isRolling = ({ spec }: Deployment): boolean => spec.strategy?.type !== "Recreate";
export const sum = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number | undefined): number =>
  sets.reduce((total, set) => total + (of(set) ?? 0), 0);

/** How many pods may be there beyond, and missing from, the wanted number; never both none (`ResolveFenceposts`). */
export function fenceposts(deployment: Deployment): { readonly surge: number; readonly unavailable: number } {
  if (!isRolling(deployment)) return { surge: 0, unavailable: 0 };
  const { maxSurge = 0, maxUnavailable = 0 } = deployment.spec.strategy?.rollingUpdate ?? {};
  const surge = scaledIntOrPercent(maxSurge, wanted(deployment), true);
  const unavailable = scaledIntOrPercent(maxUnavailable, wanted(deployment), false);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
export function maxUnavailable(deployment: Deployment): number {
  return wanted(deployment) === 0 ? 0 : Math.min(fenceposts(deployment).unavailable, wanted(deployment));
}
export function maxReplicas(deployment: Deployment): number {
  return wanted(deployment) + fenceposts(deployment).surge;
}

export function byCreation(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return [...sets].sort(
    (a, b) => order(a.metadata.creationTimestamp, b.metadata.creationTimestamp) || order(a.metadata.name, b.metadata.name),
  );
}
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export function revisionOf({ metadata }: ReplicaSet | Deployment): number {
  const text = metadata.annotations?.[REVISION];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}

/** The oldest set that has the Deployment's template; labels of the hash aside. */
export function newReplicaSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const template = withoutHash(deployment.spec.template);
  return byCreation(sets).find((set) => isDeepStrictEqual(withoutHash(set.spec.template as PodTemplate), template));
}
export function withoutHash(template: PodTemplate): object {
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** Replicas that the new set may have now, given what the old ones hold (`NewRSNewReplicas`). */
export function replicasOfNew(deployment: Deployment, all: readonly ReplicaSet[], now: number): number {
  if (!isRolling(deployment)) return wanted(deployment);
  const room = maxReplicas(deployment) - sum(all, specReplicas);
  return room <= 0 ? now : now + Math.min(room, wanted(deployment) - now);
}

/** Annotations of a Deployment that its sets do not inherit. */
const OWN_ANNOTATIONS = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  "deprecated.deployment.rollback.to",
]);
const HISTORY_CHARS = 2000;

/** The annotations that the new set is to have at this revision (`SetNewReplicaSetAnnotations`). */
export function annotationsOfNew(
  deployment: Deployment,
  before: Readonly<Record<string, string>>,
  revision: number,
): Record<string, string> {
  const after: Record<string, string> = { ...before };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!OWN_ANNOTATIONS.has(key)) after[key] = value;
  const old = before[REVISION];
  if (old !== undefined && !/^\d+$/.test(old)) return after;
  if (Number(old ?? 0) >= revision) return after;
  after[REVISION] = String(revision);
  // A set that had a revision was rolled back to: what it was before is kept.
  if (old !== undefined) {
    const history = [...(before[REVISION_HISTORY]?.split(",") ?? []), old];
    while (history.length > 1 && history.join(",").length > HISTORY_CHARS) history.shift();
    after[REVISION_HISTORY] = history.join(",");
  }
  return after;
}
/** The annotations by which a later scaling in proportion goes. */
export function replicaAnnotations(deployment: Deployment): Record<string, string> {
  return { [DESIRED_REPLICAS]: String(wanted(deployment)), [MAX_REPLICAS]: String(maxReplicas(deployment)) };
}
