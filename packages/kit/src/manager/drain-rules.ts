import type { Resource } from "../api/index.ts";
import { groupOf, mergeRules, type PolicyRule } from "../controller/index.ts";
import { convertedDefinitions, isResourceWebhook } from "../webhook/index.ts";
import type { DrainOptions } from "./drain.ts";
import type { ManagerRules } from "./manager-rules.ts";

/** The rights that `drain` needs: `cluster` for a ClusterRole, `namespace` for a Role where the Deployment is. */
export function drainRules(
  options: Pick<DrainOptions, "name" | "kinds" | "controllers" | "webhooks" | "objects" | "deployment">,
): ManagerRules {
  const { name, kinds, webhooks = [], objects, deployment } = options;
  const rule = (resource: Resource, verbs: readonly string[]): PolicyRule => ({
    apiGroups: [groupOf(resource)],
    resources: [resource.plural],
    verbs,
  });
  const ofKinds = webhooks.filter(isResourceWebhook);
  const definitions = convertedDefinitions(ofKinds);
  return {
    cluster: mergeRules([
      ...(objects === "delete" ? kinds.map((kind) => rule(kind, ["list", "delete"])) : []),
      ...finalizedKinds(options).map((kind) => rule(kind, ["list", "patch"])),
      ...(ofKinds.length > 0
        ? [
            {
              apiGroups: ["admissionregistration.k8s.io"],
              resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
              resourceNames: [name],
              verbs: ["delete"],
            },
          ]
        : []),
      ...(definitions.length > 0
        ? [{ apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], resourceNames: definitions, verbs: ["patch"] }]
        : []),
    ]),
    namespace: deployment
      ? mergeRules([
          { apiGroups: ["apps"], resources: ["deployments"], resourceNames: [deployment.name], verbs: ["get"] },
          { apiGroups: ["apps"], resources: ["deployments/scale"], resourceNames: [deployment.name], verbs: ["patch"] },
          { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
        ])
      : [],
  };
}

/** Whether uninstalling an operator without `drain` may leave objects that cannot be deleted, or not be read. */
export function mustDrain(options: Pick<DrainOptions, "controllers" | "webhooks">): boolean {
  const ofKinds = (options.webhooks ?? []).filter(isResourceWebhook);
  return cleanedUp(options).length > 0 || convertedDefinitions(ofKinds).length > 0;
}

/** The kinds whose objects may carry the operator's finalizers: its own, whose former versions may have cleaned up, and those of others that it cleans up after. */
export function finalizedKinds(options: Pick<DrainOptions, "kinds" | "controllers">): Resource[] {
  const same = (a: Resource, b: Resource): boolean => a.apiVersion === b.apiVersion && a.kind === b.kind;
  return [...options.kinds, ...cleanedUp(options)].filter((kind, at, all) => all.findIndex((other) => same(other, kind)) === at);
}

function cleanedUp({ controllers = [] }: Pick<DrainOptions, "controllers">): Resource[] {
  return controllers.filter(({ plan }) => plan.cleanup).map(({ resource }) => resource);
}
