import type { Resource } from "../api/index.ts";
import type { Controller, ControllerPlan } from "./builder.ts";
import { groupOf } from "./builder.ts";

/** A verb of a rule, as RBAC names it. */
export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** `rbac.authorization.k8s.io/v1` PolicyRule, of resources. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const READ: readonly Verb[] = ["get", "list", "watch"];
/** The order in which verbs are written, as kubebuilder's do. */
const ORDER = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];

/**
 * The rights that controllers need, from what they declare: no wildcard, nothing twice, one rule for all resources of a
 * group that have the same verbs.
 *
 * - Every declared kind: get, list and watch. Owned kinds: create and patch (server-side apply needs both) and delete, unless
 *   `verbs` says otherwise; other kinds what `verbs` says.
 * - A source that selects one object by its name, and does not create: the rights on that name alone.
 * - The main kind's status: patch, where the kind was defined with one. Its finalizers: patch of the kind itself for
 *   `cleanup`, and update of `finalizers` where something is owned, since owner references block the owner's deletion.
 * - Events: create and patch. What `permissions` adds.
 *
 * Leases are the manager's, in one namespace: `leaseRules`.
 */
export function rbacRules(controllers: readonly Controller[]): PolicyRule[] {
  const rules: PolicyRule[] = controllers.flatMap(({ plan, resource }) => [...rulesOf(plan, resource), ...plan.permissions]);
  if (controllers.length > 0) rules.push({ apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] });
  return mergeRules(rules);
}

/** The rights on the Lease by which a manager is elected; for a Role in the Lease's namespace. */
export function leaseRules(name: string): PolicyRule[] {
  const lease = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
  // Creation knows no name yet.
  return [
    { ...lease, verbs: ["create"] },
    { ...lease, resourceNames: [name], verbs: ["get", "update"] },
  ];
}

/** The rights by which metrics over HTTPS ask who may read them. */
export const REVIEW_RULES: readonly PolicyRule[] = [
  { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
  { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
];

/** A ClusterRole with exactly these rights. */
export function clusterRole(name: string, rules: readonly PolicyRule[]) {
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules } as const;
}

/** The same rights in as few rules as keep them so, in a steady order. */
export function mergeRules(rules: readonly PolicyRule[]): PolicyRule[] {
  const verbs = new Map<string, { readonly of: readonly [string, string, readonly string[]]; readonly verbs: Set<string> }>();
  for (const { apiGroups, resources, resourceNames = [], verbs: some } of rules) {
    for (const group of apiGroups) {
      for (const resource of resources) {
        const names = [...new Set(resourceNames)].sort();
        const key = JSON.stringify([group, resource, names]);
        const known = verbs.get(key) ?? { of: [group, resource, names] as const, verbs: new Set<string>() };
        for (const verb of some) known.verbs.add(verb);
        verbs.set(key, known);
      }
    }
  }
  const merged = new Map<string, { group: string; resources: string[]; names: readonly string[]; verbs: readonly string[] }>();
  for (const [, { of, verbs: some }] of [...verbs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [group, resource, names] = of;
    const sorted = [...some].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    const key = JSON.stringify([group, names, sorted]);
    const rule = merged.get(key);
    if (rule) rule.resources.push(resource);
    else merged.set(key, { group, resources: [resource], names, verbs: sorted });
  }
  return [...merged.values()].map(({ group, resources, names, verbs: sorted }) => ({
    apiGroups: [group],
    resources,
    ...(names.length > 0 ? { resourceNames: names } : {}),
    verbs: sorted,
  }));
}

function rank(verb: string): number {
  const index = ORDER.indexOf(verb);
  return index < 0 ? ORDER.length : index;
}

function rulesOf({ sources, cleanup }: ControllerPlan, main: Resource): PolicyRule[] {
  const rules: PolicyRule[] = sources.map(({ resource, select, verbs }) => {
    const name = verbs.includes("create") ? undefined : selectedName(select.fieldSelector);
    return { ...rule(resource, resource.plural, [...READ, ...verbs]), ...(name === undefined ? {} : { resourceNames: [name] }) };
  });
  if (cleanup) rules.push(rule(main, main.plural, ["patch"]));
  if (hasStatus(main)) rules.push(rule(main, `${main.plural}/status`, ["patch"]));
  if (sources.some(({ relation }) => relation === "owns")) rules.push(rule(main, `${main.plural}/finalizers`, ["update"]));
  return rules;
}

/** The name that a field selector asks for, where it asks for nothing else: such lists and watches are authorized by name. */
export function selectedName(fieldSelector = ""): string | undefined {
  return /^metadata\.name=([^,]+)$/.exec(fieldSelector)?.[1];
}

function rule(resource: Resource, name: string, verbs: readonly Verb[]): PolicyRule {
  return { apiGroups: [groupOf(resource)], resources: [name], verbs };
}

/** Kinds that were defined here say so; for Kubernetes' own a controller says it with `permissions`. */
function hasStatus(resource: Resource): boolean {
  if (!("crd" in resource) || typeof resource.crd !== "function") return false;
  const { spec } = resource.crd() as {
    readonly spec: { readonly versions: readonly { readonly subresources?: { readonly status?: object } }[] };
  };
  return spec.versions.some(({ subresources }) => subresources?.status !== undefined);
}
