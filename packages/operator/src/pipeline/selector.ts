import { labelSelector } from "@outrigger/kit/api";

export interface SelectorObject {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

export type Matches = (labels: Readonly<Record<string, string>>) => boolean;

/** A selector as a function; absent and empty select everything. @throws for a selector that is not valid */
export function compileSelector(selector: SelectorObject | undefined): Matches {
  if (selector === undefined || isEmptySelector(selector)) return () => true;
  const compiled = labelSelector(selector as Parameters<typeof labelSelector>[0]);
  return (labels) => compiled.matches(labels as Record<string, string>);
}

export function isEmptySelector(selector: SelectorObject): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
}

/**
 * A label that every pod of the selector has, and the values it may have there: what rules are found by. Nothing where
 * the selector demands no label with a value.
 */
export function indexTerm(selector: SelectorObject | undefined): { readonly key: string; readonly values: readonly string[] } | undefined {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) return { key, values: [value] };
  for (const { key, operator, values } of selector?.matchExpressions ?? [])
    if (operator === "In" && values !== undefined) return { key, values };
  return undefined;
}
