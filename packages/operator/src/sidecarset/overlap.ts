import type { LabelSelector } from "./set.ts";

interface Demand {
  allowed: Set<string> | undefined;
  readonly forbidden: Set<string>;
  present: boolean;
  absent: boolean;
}

/**
 * Whether some set of labels satisfies both selectors. An absent selector is satisfied by any labels. Exact, unlike
 * kruise's, which takes `Exists` on a key that the other selector does not name for disjoint.
 */
export function canBothMatch(a: LabelSelector | undefined, b: LabelSelector | undefined): boolean {
  const demands = new Map<string, Demand>();
  for (const selector of [a, b]) {
    for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) demand(demands, key, "In", [value]);
    for (const { key, operator, values } of selector?.matchExpressions ?? []) demand(demands, key, operator, values ?? []);
  }
  for (const { allowed, forbidden, present, absent } of demands.values()) {
    if (present && absent) return false;
    // Without a list of allowed values there is always one more that is not forbidden.
    if (allowed !== undefined && ![...allowed].some((value) => !forbidden.has(value))) return false;
  }
  return true;
}

function demand(demands: Map<string, Demand>, key: string, operator: string, values: readonly string[]): void {
  let found = demands.get(key);
  if (found === undefined) {
    found = { allowed: undefined, forbidden: new Set(), present: false, absent: false };
    demands.set(key, found);
  }
  if (operator === "In") {
    found.present = true;
    found.allowed = found.allowed === undefined ? new Set(values) : found.allowed.intersection(new Set(values));
  } else if (operator === "NotIn") for (const value of values) found.forbidden.add(value);
  else if (operator === "Exists") found.present = true;
  else if (operator === "DoesNotExist") found.absent = true;
}
