import { type LabelSelector, labelSelector } from "@outrigger/kit/api";

export type Matches = (labels: Readonly<Record<string, string>>) => boolean;

/** A selector as a function; absent and empty select everything. @throws for a selector that is not valid */
export function compileSelector(selector: LabelSelector | undefined): Matches {
  if (selector === undefined || isEmptySelector(selector)) return () => true;
  const compiled = labelSelector(selector);
  return (labels) => compiled.matches(labels);
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/**
 * A label that every pod of the selector has, and the values it may have there: what rules are found by. Nothing where
 * the selector demands no label with a value.
 */
export function indexTerm(selector: LabelSelector | undefined): { readonly key: string; readonly values: readonly string[] } | undefined {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) return { key, values: [value] };
  for (const { key, operator, values } of selector?.matchExpressions ?? [])
    if (operator === "In" && values !== undefined) return { key, values };
  return undefined;
}
