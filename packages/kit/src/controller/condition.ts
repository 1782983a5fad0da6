/** `metav1.Condition` */
export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number;
}

/**
 * The conditions with one set: `lastTransitionTime` moves only when the status does.
 *
 * @param now the time of the change. Default: now.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: Omit<Condition, "lastTransitionTime">,
  now: Date = new Date(),
): readonly Condition[] {
  const before = conditions?.find((condition) => condition.type === next.type);
  const lastTransitionTime = before?.status === next.status ? before.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, "Z");
  const condition = { ...next, lastTransitionTime };
  return before ? conditions!.map((one) => (one === before ? condition : one)) : [...(conditions ?? []), condition];
}
