import type { Condition } from "../api/index.ts";

export type { Condition };

/**
 * The conditions with one set: `lastTransitionTime` moves only when the status does.
 *
 * @param now the time of the change. Default: now.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  {
    observedGeneration,
    ...next
  }: Omit<Condition, "lastTransitionTime" | "observedGeneration"> & { readonly observedGeneration?: number | undefined },
  now: Date = new Date(),
): readonly Condition[] {
  const before = conditions?.find((condition) => condition.type === next.type);
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, "Z");
  const condition = { ...next, ...(observedGeneration === undefined ? {} : { observedGeneration }), lastTransitionTime };
  return before ? conditions!.map((one) => (one === before ? condition : one)) : [...(conditions ?? []), condition];
}
