import type { Resource } from "../api/index.ts";
import { ForbiddenError, NotFoundError } from "../client/index.ts";
import { type Controller, groupOf } from "../controller/index.ts";

/**
 * What a person can do about a kind that cannot be watched: install its definition, or grant the rule that is missing.
 * Undefined where the API server's own message has to do.
 *
 * @param controllers those of the manager; they say where the need for the kind comes from.
 */
export function watchHint(error: unknown, resource: Resource, controllers: readonly Controller[]): string | undefined {
  if (error instanceof NotFoundError) return unknownKind(resource);
  if (!(error instanceof ForbiddenError)) return undefined;
  const verbs = ["get", "list", "watch"];
  const from = origins(resource, controllers);
  return `missing RBAC rule: ${ruleText(groupOf(resource), resource.plural, verbs)}${from === "" ? "" : `; ${from} need${from.includes(", ") ? "" : "s"} it`}. Generate the rules anew (\`outrigger manifests\`, or rbacRules(controllers)), and apply the role and its binding`;
}

/** The rule that leader election needs, where the Lease was refused. */
export function leaseHint(error: unknown, name: string, namespace: string): string | undefined {
  if (!(error instanceof ForbiddenError)) return undefined;
  return `missing RBAC rule in namespace ${namespace}: ${ruleText("coordination.k8s.io", "leases", ["get", "update"], name)} and ${ruleText("coordination.k8s.io", "leases", ["create"])}; leaderElection needs them (leaseRules(${JSON.stringify(name)}))`;
}

/** A rule as it stands in a Role. */
function ruleText(group: string, resource: string, verbs: readonly string[], name?: string): string {
  const names = name === undefined ? "" : `, resourceNames: [${JSON.stringify(name)}]`;
  return `{apiGroups: [${JSON.stringify(group)}], resources: [${JSON.stringify(resource)}]${names}, verbs: ${JSON.stringify(verbs)}}`;
}

function unknownKind(resource: Resource): string {
  const { kind, apiVersion, plural } = resource;
  const definition = `${plural}.${groupOf(resource)}`;
  const what = `the cluster does not serve ${kind} (${apiVersion})`;
  if ("crd" in resource)
    return `${what}: install its CustomResourceDefinition ${definition}: \`outrigger install\` in a project, installDefinitions(client, [${kind}]) in development, or kubectl apply of the file that \`outrigger manifests\` wrote`;
  if (isKubernetesOwn(groupOf(resource)))
    return `${what}: this API server is too old for it, or has it switched off; see kubectl api-versions`;
  return `${what}: install the CustomResourceDefinition ${definition} of the project that the kind comes from, in a release that has this version`;
}

function isKubernetesOwn(group: string): boolean {
  return !group.includes(".") || group.endsWith(".k8s.io");
}

/** Which declarations need a kind: `controller "site" (watches ConfigMap)`. */
function origins({ apiVersion, kind }: Resource, controllers: readonly Controller[]): string {
  const found = controllers.flatMap(({ name, plan }) => {
    const relations = plan.sources
      .filter(({ resource }) => resource.apiVersion === apiVersion && resource.kind === kind)
      .map(({ relation }) => relation);
    return relations.length === 0 ? [] : [`controller "${name}" (${[...new Set(relations)].join(", ")} ${kind})`];
  });
  return found.join(", ");
}
