import type { Pod } from "../../objects/index.ts";

/** Neither ended nor being deleted (`controller.IsPodActive`). */
export function isActive(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp === undefined;
}
/** Being deleted and not ended (`controller.IsPodTerminating`). */
export function isTerminating(pod: Pod): boolean {
  return !hasEnded(pod) && pod.metadata.deletionTimestamp !== undefined;
}
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === "True";
}
function readyCondition(pod: Pod): { readonly status: string; readonly lastTransitionTime?: string } | undefined {
  return pod.status?.conditions?.find(({ type }) => type === "Ready") as never;
}
/** When the Ready condition last changed, in milliseconds; undefined where it never did. */
export function readySince(pod: Pod): number | undefined {
  const at = readyCondition(pod)?.lastTransitionTime;
  return at === undefined ? undefined : Date.parse(at);
}

/** Ready for at least `minReadySeconds` (`podutil.IsPodAvailable`). @param now milliseconds */
export function isAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  if (!isReady(pod)) return false;
  if (minReadySeconds === 0) return true;
  const since = readySince(pod);
  return since !== undefined && since + minReadySeconds * 1000 <= now;
}

/** Restarts of all containers. */
export function restarts(pod: Pod): number {
  return (pod.status?.containerStatuses ?? []).reduce((most, { restartCount }) => Math.max(most, restartCount), 0);
}
