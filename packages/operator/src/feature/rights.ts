import type { KubeObject } from "@outrigger/kit/api";
import { mergeRules, type PolicyRule, rbacRules } from "@outrigger/kit/controller";
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
 */
export function featureRules(features: readonly Feature[], off: readonly Feature[] = []): PolicyRule[] {
  const definitions = features.flatMap(({ definitions }) => names(definitions?.(NOWHERE)));
  return mergeRules([
    ...rbacRules(features.flatMap(({ controllers = [] }) => controllers)),
    ...features.flatMap(({ reads = [] }) =>
      reads.filter(({ options }) => options?.namespace === undefined).map(({ resource }) => watching(resource)),
    ),
    ...features.flatMap(({ permissions = [] }) => permissions),
    ...(definitions.length === 0 ? [] : definitionRights(definitions)),
    ...configured(features).flatMap(({ kind, metadata }) => configurationRights(kind, metadata.name ?? "")),
    ...configured(off).map(({ kind, metadata }) => configurationRule(kind, metadata.name ?? "", ["delete"])),
  ]);
}

function configured(features: readonly Feature[]): KubeObject[] {
  return features.flatMap(({ configurations }) => configurations?.(NOWHERE) ?? []);
}

/** The rights to apply a webhook configuration of this name, and to take it away. */
export function configurationRights(kind: string, name: string): PolicyRule[] {
  const { resources, apiGroups } = configurationRule(kind, name, []);
  return [{ apiGroups, resources, verbs: ["create"] }, configurationRule(kind, name, ["get", "patch", "delete"])];
}

function configurationRule(kind: string, name: string, verbs: readonly string[]): PolicyRule {
  return { apiGroups: ["admissionregistration.k8s.io"], resources: [`${kind.toLowerCase()}s`], resourceNames: [name], verbs };
}

/** Creation knows no name yet, so it cannot be limited to names. */
function definitionRights(resourceNames: readonly string[]): PolicyRule[] {
  const of = { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"] };
  return [
    { ...of, verbs: ["create"] },
    { ...of, resourceNames, verbs: ["get", "patch"] },
  ];
}

function watching({ apiVersion, plural }: { readonly apiVersion: string; readonly plural: string }): PolicyRule {
  const [group = ""] = apiVersion.includes("/") ? apiVersion.split("/") : [""];
  return { apiGroups: [group], resources: [plural], verbs: ["get", "list", "watch"] };
}

function names(objects: readonly KubeObject[] = []): string[] {
  return objects.map(({ metadata }) => metadata.name ?? "");
}
