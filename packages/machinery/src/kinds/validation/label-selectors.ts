import {
  type LabelSelector,
  labelSelector,
  labelSelectorProblems,
  qualifiedNameProblems,
  type Selector,
  SelectorError,
} from "@outrigger/kit/api";
import { type Fields, object, texts } from "./fields.ts";
import { type Findings, sorted } from "./findings.ts";

/** Validates a label selector, if there is one. */
export function findInSelector(found: Findings, holder: Fields | undefined, field: string, path: string): void {
  const selector = object(holder, field);
  if (selector) found.causes.push(...labelSelectorProblems(selector as LabelSelector, path));
}

/** A selector as something to ask; `undefined` where it is malformed. An absent one selects nothing. */
export function readSelector(holder: Fields | undefined, field: string): Pick<Selector, "matches" | "empty"> | undefined {
  const selector = object(holder, field);
  if (!selector) return { empty: false, matches: () => false };
  if (labelSelectorProblems(selector as LabelSelector, "").length > 0) return undefined;
  try {
    return labelSelector(selector as LabelSelector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

/** A selector as messages show it: Go's order of fields, sorted labels. */
export function shownSelector(holder: Fields | undefined, field: string): unknown {
  const selector = object(holder, field);
  if (!selector) return null;
  const { matchLabels, matchExpressions } = selector as { matchLabels?: Record<string, string>; matchExpressions?: Fields[] };
  return {
    ...(matchLabels ? { matchLabels: sorted(matchLabels) } : {}),
    ...(matchExpressions ? { matchExpressions: matchExpressions.map(({ key, operator, values }) => ({ key, operator, values })) } : {}),
  };
}

/** Whether a selector is there but says nothing. */
export function isEmptySelector(holder: Fields | undefined, field: string): boolean {
  const selector = object(holder, field);
  return (
    selector !== undefined && Object.keys(object(selector, "matchLabels") ?? {}).length + texts(selector, "matchExpressions").length === 0
  );
}

/** `matchLabelKeys` and `mismatchLabelKeys` of affinity terms and spread constraints. */
export function findInLabelKeys(found: Findings, term: Fields, path: string): void {
  const selector = object(term, "labelSelector");
  const matching = texts(term, "matchLabelKeys");
  const mismatching = texts(term, "mismatchLabelKeys");
  for (const [field, keys] of [
    ["matchLabelKeys", matching],
    ["mismatchLabelKeys", mismatching],
  ] as const) {
    if (keys.length === 0) continue;
    if (!selector) found.forbidden(`${path}.${field}`, "must not be specified when labelSelector is not set");
    else
      keys.forEach((key, index) => {
        found.invalidEach(`${path}.${field}[${index}]`, key, qualifiedNameProblems(key));
      });
  }
  matching.forEach((key, index) => {
    if (mismatching.includes(key)) {
      found.invalid(`${path}.matchLabelKeys[${index}]`, key, "exists in both matchLabelKeys and mismatchLabelKeys");
    }
  });
}
