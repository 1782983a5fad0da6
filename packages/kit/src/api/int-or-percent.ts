/** A count, or a part of a total: `3`, `"25%"`. */
export type IntOrPercent = number | string;

/** A value that is neither. */
export class IntOrPercentError extends Error {
  override readonly name = "IntOrPercentError";
  readonly code = "ERR_INT_OR_PERCENT";
}

/** @throws IntOrPercentError */
export function parseIntOrPercent(value: IntOrPercent): { readonly count: number } | { readonly percent: number } {
  if (typeof value === "number" && Number.isInteger(value)) return { count: value };
  const percent = /^(\d+)%$/.exec(String(value));
  if (percent) return { percent: Number(percent[1]) };
  throw new IntOrPercentError(`${JSON.stringify(value)} is neither a whole number nor a percentage such as 25%`);
}

/**
 * The count that a value means of a total (`intstr.GetScaledValueFromIntOrPercent`).
 *
 * @throws IntOrPercentError
 */
export function scaledIntOrPercent(value: IntOrPercent, total: number, roundUp: boolean): number {
  const parsed = parseIntOrPercent(value);
  if ("count" in parsed) return parsed.count;
  const exact = (parsed.percent * total) / 100;
  return roundUp ? Math.ceil(exact) : Math.floor(exact);
}
