import type { KubeObject } from "@outrigger/kit/api";
import { type ClusterReader, forbidden, type StatusError, type UserInfo } from "../registry/index.ts";

/** What somebody wants to do. */
export interface Attributes {
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Of what is no resource. */
  readonly path: string;
}

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface Authorizer {
  allows(user: UserInfo, attributes: Attributes): boolean;
  /** Why, for reviews; undefined when nothing allows it. */
  reason(user: UserInfo, attributes: Attributes): string | undefined;
  /** Everything that the user may do in a namespace (and everywhere). */
  rulesFor(user: UserInfo, namespace: string): PolicyRule[];
}

interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}
interface BindingParts {
  readonly subjects?: readonly Subject[];
  readonly roleRef: { readonly kind: string; readonly name: string };
}

/**
 * RBAC over the roles and bindings in the store, after `plugin/pkg/auth/authorizer/rbac`: bindings of the cluster allow
 * everywhere, bindings of a namespace there. Members of system:masters may do everything.
 */
export function rbac(reader: ClusterReader): Authorizer {
  const group = "rbac.authorization.k8s.io";

  function* bindings(user: UserInfo, namespace: string): Generator<{ rules: readonly PolicyRule[]; why: string }> {
    for (const binding of reader.list(group, "clusterrolebindings")) {
      const found = rulesOf(binding, user, "");
      if (found) yield found;
    }
    if (namespace === "") return;
    for (const binding of reader.list(group, "rolebindings")) {
      if (binding.metadata.namespace !== namespace) continue;
      const found = rulesOf(binding, user, namespace);
      if (found) yield found;
    }
  }

  function rulesOf(binding: KubeObject, user: UserInfo, namespace: string): { rules: readonly PolicyRule[]; why: string } | undefined {
    const { subjects = [], roleRef } = binding as unknown as BindingParts;
    const subject = subjects.find((one) => appliesTo(one, user, namespace));
    if (!subject) return undefined;
    const role =
      roleRef.kind === "ClusterRole"
        ? reader.get(group, "clusterroles", { name: roleRef.name })
        : reader.get(group, "roles", { namespace, name: roleRef.name });
    const rules = (role?.["rules"] ?? []) as readonly PolicyRule[];
    const place =
      namespace === ""
        ? `ClusterRoleBinding ${JSON.stringify(binding.metadata.name)}`
        : `RoleBinding ${JSON.stringify(`${binding.metadata.name}/${namespace}`)}`;
    const who = `${subject.kind} ${JSON.stringify(subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace ?? namespace}` : subject.name)}`;
    return { rules, why: `RBAC: allowed by ${place} of ${roleRef.kind} ${JSON.stringify(roleRef.name)} to ${who}` };
  }

  function reason(user: UserInfo, attributes: Attributes): string | undefined {
    if (user.groups.includes("system:masters")) return "";
    for (const { rules, why } of bindings(user, attributes.namespace)) if (rules.some((rule) => covers(rule, attributes))) return why;
    return undefined;
  }

  return {
    reason,
    allows: (user, attributes) => reason(user, attributes) !== undefined,
    // Members of system:masters are bound to cluster-admin like others to their roles.
    rulesFor: (user, namespace) => [...bindings(user, namespace)].flatMap(({ rules }) => rules),
  };
}

function appliesTo(subject: Subject, user: UserInfo, namespace: string): boolean {
  if (subject.kind === "User") return subject.name === user.username;
  if (subject.kind === "Group") return user.groups.includes(subject.name);
  return subject.kind === "ServiceAccount" && user.username === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
}

/** Whether a rule covers what is asked (`RuleAllows`). */
export function covers(rule: PolicyRule, { verb, isResource, group, resource, subresource, name, path }: Attributes): boolean {
  if (!rule.verbs.includes("*") && !rule.verbs.includes(verb)) return false;
  if (!isResource) {
    return (rule.nonResourceURLs ?? []).some((url) => matchesPath(url, path));
  }
  if (!rule.apiGroups?.includes("*") && !rule.apiGroups?.includes(group)) return false;
  const full = subresource === "" ? resource : `${resource}/${subresource}`;
  const fits = (one: string): boolean => one === "*" || one === full || (subresource !== "" && one === `*/${subresource}`);
  if (!rule.resources?.some(fits)) return false;
  return !rule.resourceNames?.length || rule.resourceNames.includes(name);
}

/** Whether a path is the one that a rule names; `*` at the end of `url` stands for any rest. */
export function matchesPath(url: string, path: string): boolean {
  return url === path || (url.endsWith("*") && path.startsWith(url.slice(0, -1)));
}

/** The refusal of something that nothing allows. */
export function denial(user: UserInfo, attributes: Attributes): StatusError {
  const { verb, isResource, group, resource, subresource, namespace, name, path } = attributes;
  const who = `User ${JSON.stringify(user.username)}`;
  if (!isResource) return forbidden({ group: "", plural: "" }, "", `${who} cannot ${verb} path ${JSON.stringify(path)}`);
  const what = JSON.stringify(subresource === "" ? resource : `${resource}/${subresource}`);
  const where = namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} cannot ${verb} resource ${what} in API group ${JSON.stringify(group)} ${where}`;
  return forbidden({ group, plural: resource }, name, why);
}
