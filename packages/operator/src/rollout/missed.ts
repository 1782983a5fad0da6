import type { Matches } from "../pipeline/index.ts";
import { injectedBy, isActive, type SeenPod } from "../seen-pod/index.ts";
import type { SidecarSet } from "../sidecarset/index.ts";
import { BASE_ANNOTATION, CANARY_ANNOTATION } from "../sidecarset/index.ts";

/** Why a set is not injected into pods that it matches, beside what the namespace says; `undefined` where it is. */
export function injectsNothing(set: SidecarSet): boolean {
  return set.spec.injectionStrategy?.paused === true;
}

/**
 * Whether a pod that the set's selector and namespaceSelector match lacks the set's containers though it was made after
 * the set: the manager was down, or refused, when it was created.
 *
 * @param canaries the pod selectors of canaries that stand in for the set
 */
export function isMissed(pod: SeenPod, set: SidecarSet, canaries: readonly Matches[]): boolean {
  if (!isActive(pod) || injectsNothing(set) || injectedBy(pod).includes(set.metadata.name ?? "")) return false;
  const [made = "", since = ""] = [pod.metadata.creationTimestamp, set.metadata.creationTimestamp];
  // Times have seconds: one of the same second may be older.
  if (made <= since) return false;
  return !canaries.some((matches) => matches(pod.metadata.labels ?? {}));
}

/** The set that a canary stands in for; nothing for other sets, and for a canary that injects nothing. */
export function standsInFor(set: SidecarSet): string | undefined {
  const { annotations = {} } = set.metadata;
  return annotations[CANARY_ANNOTATION] === "true" && !injectsNothing(set) ? annotations[BASE_ANNOTATION] : undefined;
}
