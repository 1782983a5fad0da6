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

/**
 * Whether kruise takes two selectors for disjoint. It is wrong where one says `Exists` on a key that the other does not
 * name: such pairs are in clusters that come over. An absent selector overlaps everything.
 *
 * Source: kruise pkg/util/selector.go.
 */
export function kruiseTakesForDisjoint(a: LabelSelector | undefined, b: LabelSelector | undefined): boolean {
  return a !== undefined && b !== undefined && (excludes(a, b) || excludes(b, a));
}

/** Whether `b` asks for what `a` leaves no room for. */
function excludes(a: LabelSelector, b: LabelSelector): boolean {
  const values = new Map<string, Set<string> | "any">(Object.entries(a.matchLabels ?? {}).map(([key, value]) => [key, new Set([value])]));
  for (const { key, operator, values: more = [] } of a.matchExpressions ?? []) {
    const known = values.get(key);
    if (operator === "Exists") values.set(key, "any");
    else if (operator === "In" && known !== "any") values.set(key, new Set([...(known ?? []), ...more]));
  }
  const asked = [
    ...Object.entries(b.matchLabels ?? {}).map(([key, value]) => ({ key, operator: "In", values: [value] })),
    ...(b.matchExpressions ?? []),
  ];
  return asked.some(({ key, operator, values: wanted = [] }) => {
    const known = values.get(key);
    if (operator === "Exists") return known === undefined;
    if (known === undefined) return false;
    if (operator === "DoesNotExist") return true;
    if (known === "any") return false;
    return operator === "In" ? wanted.every((value) => !known.has(value)) : [...known].every((value) => wanted.includes(value));
  });
}
