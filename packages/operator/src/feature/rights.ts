import type { KubeObject, Resource } from "@outrigger/kit/api";
import { type Controller, groupOf, mergeRules, type PolicyRule, rbacRules, selectedName } from "@outrigger/kit/controller";
import type { WebhookTarget } from "@outrigger/kit/webhook";
import type { Feature } from "./feature.ts";

/** A target to ask declarations with where only their names count. */
const NOWHERE: WebhookTarget = { url: "https://localhost" };

/**
 * The cluster-wide rights that the manager needs for these features: what their controllers and reads declare, their
 * definitions and webhook configurations by name, and their `permissions`. Reads that name a namespace are left out: they belong
 * into a Role there.
 *
 * @param off features that are off, whose webhook configurations the manager takes away at the start
 * @param takesAway whether the manager takes all its webhook configurations away at the end
 */
export function featureRules(
  features: readonly Feature[],
  off: readonly Feature[] = [],
  { takesAway = false }: { readonly takesAway?: boolean } = {},
): PolicyRule[] {
  const definitions = features.flatMap(({ definitions }) => names(definitions?.(NOWHERE)));
  const permissions = features.flatMap(({ permissions = [] }) => permissions);
  return mergeRules([
    ...clusterWide(features.flatMap(({ controllers = [] }) => controllers)),
    ...features.flatMap(({ reads = [] }) =>
      reads
        .filter(({ options }) => options?.namespace === undefined)
        .map(({ resource, options }) => watching(resource, options?.fieldSelector)),
    ),
    ...permissions,
    ...(takesAway ? takingAway(permissions) : []),
    ...(definitions.length === 0 ? [] : definitionRights(definitions)),
    ...configured(features).flatMap(({ kind, metadata }) => {
      const rights = configurationRights(kind, metadata.name ?? "");
      return takesAway ? [...rights, ...takingAway(rights)] : rights;
    }),
    ...configured(off).map(({ kind, metadata }) => configurationRule(kind, metadata.name ?? "", ["delete"])),
  ]);
}

/** What of the controllers' rights is not limited to a namespace: a kind that they watch in one alone needs a Role there. */
function clusterWide(controllers: readonly Controller[]): PolicyRule[] {
  const sources = controllers.flatMap(({ plan }) => plan.sources);
  const everywhere = new Set(sources.filter(({ select }) => select.namespace === undefined).map(({ resource }) => keyOf(resource)));
  const inOne = new Set(sources.map(({ resource }) => keyOf(resource)).filter((key) => !everywhere.has(key)));
  return rbacRules(controllers).flatMap(({ resources, ...rule }) => {
    const left = resources.filter((resource) => !rule.apiGroups.every((group) => inOne.has(`${group}/${resource}`)));
    return left.length === 0 ? [] : [{ ...rule, resources: left }];
  });
}

/** The rights on kinds that controllers watch in one namespace alone; for a Role there. */
export function namespacedRules(features: readonly Feature[]): PolicyRule[] {
  const sources = features.flatMap(({ controllers = [] }) => controllers.flatMap(({ plan }) => plan.sources));
  return mergeRules(
    sources
      .filter(({ select }) => select.namespace !== undefined)
      .map(({ resource, verbs }) => ({
        apiGroups: [groupOf(resource)],
        resources: [resource.plural],
        verbs: ["get", "list", "watch", ...verbs],
      })),
  );
}

function keyOf(resource: Resource): string {
  return `${groupOf(resource)}/${resource.plural}`;
}

function configured(features: readonly Feature[]): KubeObject[] {
  return features.flatMap(({ configurations }) => configurations?.(NOWHERE) ?? []);
}

/** To look at a configuration at the end, and to delete it, for each that may be written. */
function takingAway(rules: readonly PolicyRule[]): PolicyRule[] {
  return rules.flatMap(({ apiGroups, resources, resourceNames }) =>
    apiGroups.includes("admissionregistration.k8s.io") && resourceNames
      ? [{ apiGroups, resources, resourceNames, verbs: ["get", "delete"] }]
      : [],
  );
}

/** The rights to make a webhook configuration of this name, to watch it, and to put it right. */
export function configurationRights(kind: string, name: string): PolicyRule[] {
  const { resources, apiGroups } = configurationRule(kind, name, []);
  return [{ apiGroups, resources, verbs: ["create"] }, configurationRule(kind, name, ["list", "watch", "patch"])];
}

function configurationRule(kind: string, name: string, verbs: readonly string[]): PolicyRule {
  return { apiGroups: ["admissionregistration.k8s.io"], resources: [`${kind.toLowerCase()}s`], resourceNames: [name], verbs };
}

/** Creation knows no name yet, so it cannot be limited to names. */
function definitionRights(resourceNames: readonly string[]): PolicyRule[] {
  const of = { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"] };
  return [
    { ...of, verbs: ["create"] },
    { ...of, resourceNames, verbs: ["get", "list", "watch", "patch"] },
  ];
}

/** @param fieldSelector `metadata.name=NAME` limits the right to that object */
function watching(resource: { readonly apiVersion: string; readonly plural: string }, fieldSelector: string | undefined): PolicyRule {
  const name = selectedName(fieldSelector);
  const named = name === undefined ? {} : { resourceNames: [name] };
  return { apiGroups: [groupOf(resource)], resources: [resource.plural], ...named, verbs: ["get", "list", "watch"] };
}

function names(objects: readonly KubeObject[] = []): string[] {
  return objects.map(({ metadata }) => metadata.name ?? "");
}
