import type { LoggedPod } from "./pod-runs.ts";

/** Holds a deleted pod's object back until its logs are kept. */
export const ARCHIVE_FINALIZER = "outrigger.dev/log-archive";

/** What is to be done about a pod's finalizer. */
export interface HoldBack {
  /** The pod's finalizers as they should be; absent where they are right. */
  readonly finalizers?: readonly string[];
  /** When to look again, milliseconds. */
  readonly againMs?: number;
}

/**
 * @param rule of the archive that selects the pod; absent where none does, or it holds no pods back
 * @param isKept everything of the pod is in the archive
 * @param now milliseconds since 1970
 */
export function holdBack(
  { metadata: { finalizers = [], deletionTimestamp }, status }: LoggedPod,
  rule: { readonly deadlineSeconds: number } | undefined,
  isKept: boolean,
  now: number,
): HoldBack {
  const has = finalizers.includes(ARCHIVE_FINALIZER);
  const without = finalizers.filter((one) => one !== ARCHIVE_FINALIZER);
  if (deletionTimestamp === undefined) {
    const isFinished = status?.phase === "Succeeded" || status?.phase === "Failed";
    if (has && (!rule || (isFinished && isKept))) return { finalizers: without };
    if (!has && rule && !(isFinished && isKept)) return { finalizers: [...finalizers, ARCHIVE_FINALIZER] };
    // The last run's end wakes nobody.
    return has && isFinished ? { againMs: 500 } : {};
  }
  if (!has) return {};
  // The time of deletion includes the grace period.
  const left = rule ? Date.parse(deletionTimestamp) + rule.deadlineSeconds * 1000 - now : 0;
  return isKept || left <= 0 ? { finalizers: without } : { againMs: Math.min(left, 500) };
}
