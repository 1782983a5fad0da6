import { labelSelectorProblems } from "@outrigger/kit/api";
import type { LabelSelector } from "../sidecarset/index.ts";

/** What the webhook's scope needs to know of a rule: which pods it can possibly act on, and whether its failure blocks them. */
export interface ScopeRule {
  /** `<kind>/<name>` */
  readonly rule: string;
  readonly failurePolicy: "Fail" | "Ignore";
  /** Absent: every pod. */
  readonly selector?: LabelSelector;
  /** Absent: every namespace. */
  readonly namespaceSelector?: LabelSelector;
  /** The pod carries this key as a label or an annotation; instead of `selector`. */
  readonly podKey?: string;
  /** Part of it could not be said, and is left out. */
  readonly widened?: boolean;
}

/** The parts of one webhook entry that say which pods reach it. */
export interface ScopeEntry {
  /** Fully qualified, stable for the same rules: `fail.injection.outrigger.dev`. */
  readonly name: string;
  readonly failurePolicy: "Fail" | "Ignore";
  readonly namespaceSelector: LabelSelector;
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  /** False where the rules were too many or could not be said as selectors: pods that no rule matches reach it too. */
  readonly narrow: boolean;
  /** How long the API server waits for us. Default 5. */
  readonly timeoutSeconds?: number;
}

/** Above this many different selectors an entry widens to every pod: the API server evaluates each for every pod. */
const MAX_SELECTORS = 32;
/** Above this many different namespace selectors of one policy they are merged: each entry is a call of its own. */
const MAX_NAMESPACE_SELECTORS = 3;
/** What is longer is not said: an API server limits what conditions may cost and what an object may hold, for all rules together. */
const MAX_EXPRESSION = 2_048;
const NAMESPACE_NAME = "kubernetes.io/metadata.name";

/**
 * The webhook entries that let through every pod that some rule can match, and as few others as Kubernetes' selectors
 * can say. Pods are selected by CEL (`matchConditions`), namespaces by `namespaceSelector`; rules with the same
 * namespace selector share an entry. No rules, no entries.
 *
 * @param excluded namespaces whose pods are never sent: system namespaces and the manager's own.
 */
export function webhookScope(rules: readonly ScopeRule[], excluded: readonly string[], within: LabelSelector = {}): ScopeEntry[] {
  return (["Fail", "Ignore"] as const).flatMap((failurePolicy) => {
    const groups = Map.groupBy(rules.filter((rule) => rule.failurePolicy === failurePolicy && isValid(rule)).map(sayable), (rule) =>
      canonical(rule.namespaceSelector),
    );
    const parts =
      groups.size <= MAX_NAMESPACE_SELECTORS ? [...groups.values()] : [[...groups.values()].flat().map((rule) => everywhere(rule))];
    return parts
      .sort((a, b) => (canonical(a[0]?.namespaceSelector) < canonical(b[0]?.namespaceSelector) ? -1 : 1))
      .map((group, index): ScopeEntry => {
        const condition = podCondition(group);
        return {
          name: `${failurePolicy.toLowerCase()}${index === 0 ? "" : `-${index + 1}`}.injection.outrigger.dev`,
          failurePolicy,
          namespaceSelector: restricted(group[0]?.namespaceSelector, excluded, within),
          matchConditions: condition.expression === undefined ? [] : [{ name: "some-rule-can-match", expression: condition.expression }],
          narrow: condition.exact && groups.size <= MAX_NAMESPACE_SELECTORS && !group.some(({ widened }) => widened),
        };
      });
  });
}

/** An entry for every pod, which costs a pod two seconds at the most, and never its creation. */
export function wideEntry(excluded: readonly string[], within: LabelSelector = {}): ScopeEntry {
  return {
    name: "wide.injection.outrigger.dev",
    failurePolicy: "Ignore",
    namespaceSelector: restricted(undefined, excluded, within),
    matchConditions: [],
    narrow: false,
    timeoutSeconds: 2,
  };
}

/** Whether a rule can match at all: what an API server would refuse as a selector selects nothing, and must not hinder other rules. */
function isValid({ selector, namespaceSelector }: ScopeRule): boolean {
  return [selector, namespaceSelector].every((one) => one === undefined || labelSelectorProblems(one, "").length === 0);
}

/** The rule without the selectors that are too long to be said: so it is wider. */
function sayable(rule: ScopeRule): ScopeRule {
  const { selector, namespaceSelector, ...rest } = rule;
  const [pods, namespaces] = [selector, namespaceSelector].map((one) => (selectorExpression(one)?.length ?? 0) <= MAX_EXPRESSION);
  if (pods && namespaces) return rule;
  return {
    ...rest,
    ...(selector && pods ? { selector } : {}),
    ...(namespaceSelector && namespaces ? { namespaceSelector } : {}),
    widened: true,
  };
}

function everywhere(rule: ScopeRule): ScopeRule {
  const { namespaceSelector: _, ...rest } = rule;
  return rest;
}

function restricted(selector: LabelSelector | undefined, excluded: readonly string[], within: LabelSelector): LabelSelector {
  return {
    ...(selector?.matchLabels ? { matchLabels: selector.matchLabels } : {}),
    matchExpressions: [
      ...(selector?.matchExpressions ?? []),
      // As expressions, since both selectors may want a value of one label.
      ...Object.entries(within.matchLabels ?? {}).map(([key, value]) => ({ key, operator: "In" as const, values: [value] })),
      ...(within.matchExpressions ?? []),
      { key: NAMESPACE_NAME, operator: "NotIn", values: [...excluded].sort() },
      { key: "control-plane", operator: "DoesNotExist" },
    ],
  };
}

/** An expression that is true of every pod that a rule of the group can match; none when that is every pod. */
function podCondition(group: readonly ScopeRule[]): { expression: string | undefined; exact: boolean } {
  const expressions = new Set<string>();
  for (const rule of group) {
    const expression = rule.podKey === undefined ? selectorExpression(rule.selector) : keyExpression(rule.podKey);
    if (expression === undefined) return { expression: undefined, exact: true };
    expressions.add(expression);
  }
  if (expressions.size > MAX_SELECTORS) return { expression: undefined, exact: false };
  return { expression: [...expressions].sort().join(" || "), exact: true };
}

/** A label selector over `object.metadata.labels` as CEL; nothing for one that selects everything. */
export function selectorExpression(selector: LabelSelector | undefined): string | undefined {
  const terms = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${has(key)} && ${labels}[${text(key)}] == ${text(value)}`),
    ...(selector?.matchExpressions ?? []).map(({ key, operator, values = [] }) => {
      const isIn = `${has(key)} && ${labels}[${text(key)}] in [${values.map(text).join(", ")}]`;
      if (operator === "In") return isIn;
      if (operator === "NotIn") return `!(${isIn})`;
      return operator === "DoesNotExist" ? `!(${has(key)})` : has(key);
    }),
  ];
  return terms.length === 0 ? undefined : `(${terms.sort().join(" && ")})`;
}

function keyExpression(key: string): string {
  const annotations = "object.metadata.annotations";
  return `(${has(key)} || has(${annotations}) && ${text(key)} in ${annotations})`;
}

const labels = "object.metadata.labels";

function has(key: string): string {
  return `has(${labels}) && ${text(key)} in ${labels}`;
}

/** A CEL string literal. Label keys and values have no character that would need escaping but these. */
function text(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function canonical(selector: LabelSelector | undefined): string {
  if (!selector) return "";
  const expressions = (selector.matchExpressions ?? [])
    .map(({ key, operator, values = [] }) => [key, operator, ...[...values].sort()].join(" "))
    .sort();
  const exact = Object.entries(selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .sort();
  return [...exact, ...expressions].join(",");
}
