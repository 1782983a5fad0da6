import type { GroupVersionKind, GroupVersionResource } from "@outrigger/kit/api";
import type { AdmissionAttributes, Rule, ServedResource } from "../registry/index.ts";

/** All versions in which a resource is served. */
export type ServedVersions = (group: string, plural: string) => readonly ServedResource[];

/** Never judged: what refuses these could not be taken away. */
export const EXEMPT: ReadonlySet<string> = new Set([
  "mutatingwebhookconfigurations",
  "validatingwebhookconfigurations",
  "validatingadmissionpolicies",
  "validatingadmissionpolicybindings",
  "mutatingadmissionpolicies",
  "mutatingadmissionpolicybindings",
]);

/** The resource by which a rule names the request: its own, or an equivalent one. */
export interface RuleMatch {
  readonly resource: GroupVersionResource;
  readonly kind: GroupVersionKind;
  readonly equivalent: boolean;
}

/** How the first rule that matches names the request; `undefined` when none does. */
export function matchRules(
  rules: readonly Rule[],
  equivalent: boolean,
  attributes: AdmissionAttributes,
  served: ServedVersions,
): RuleMatch | undefined {
  const { resource, kind, subresource } = attributes;
  if (rules.some((rule) => matches(rule, attributes, resource))) return { resource, kind, equivalent: false };
  if (!equivalent) return undefined;
  const others = served(resource.group, resource.resource).filter(({ version }) => version !== resource.version);
  for (const rule of rules) {
    for (const other of others) {
      const named = { group: other.group, version: other.version, resource: other.plural };
      if (!matches(rule, attributes, named)) continue;
      const {
        kind: otherKind,
        group = other.group,
        version = other.version,
      } = subresource ? (other.subresources[subresource] ?? other) : other;
      return { resource: named, kind: { group, version, kind: otherKind }, equivalent: true };
    }
  }
  return undefined;
}

// After `k8s.io/apiserver/pkg/admission/plugin/webhook/predicates/rules`.
function matches(rule: Rule, { operation, scope, subresource, name }: AdmissionAttributes, resource: GroupVersionResource): boolean {
  const wildcard = (list: readonly string[] | undefined, value: string): boolean =>
    list?.some((item) => item === "*" || item === value) ?? false;
  return (
    (rule.scope === undefined || rule.scope === "*" || rule.scope === scope) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(name)) &&
    wildcard(rule.operations, operation) &&
    wildcard(rule.apiGroups, resource.group) &&
    wildcard(rule.apiVersions, resource.version) &&
    (rule.resources?.some((pattern) => {
      const [name, sub = ""] = pattern.split("/", 2);
      return (name === "*" || name === resource.resource) && (sub === "*" || sub === subresource);
    }) ??
      false)
  );
}
