import { groupOf, mergeRules, type PolicyRule } from "@outrigger/kit/controller";
import { CERTIFICATE_SECRETS, configurationNames, definitionsOf } from "./owned.ts";

/** The rights of `drain` in the whole cluster. */
export function drainRules(): PolicyRule[] {
  const definitions = definitionsOf();
  return mergeRules([
    ...configurationNames().map(({ kind, name }) => ({
      apiGroups: ["admissionregistration.k8s.io"],
      resources: [`${kind.toLowerCase()}s`],
      resourceNames: [name],
      verbs: ["delete"],
    })),
    {
      apiGroups: ["apiextensions.k8s.io"],
      resources: ["customresourcedefinitions"],
      resourceNames: definitions.map(({ name }) => name),
      verbs: ["patch", "delete"],
    },
    ...definitions.map(({ resource }) => ({
      apiGroups: [groupOf(resource)],
      resources: [resource.plural],
      verbs: ["list", "patch"],
    })),
    { apiGroups: ["outrigger.dev"], resources: ["networkfaults"], verbs: ["delete"] },
    // Those that a PodLogArchive holds back.
    { apiGroups: [""], resources: ["pods"], verbs: ["list", "patch"] },
  ]);
}

/** Its rights in the manager's namespace. */
export function drainNamespaceRules(deployment: string): PolicyRule[] {
  return mergeRules([
    { apiGroups: ["apps"], resources: ["deployments/scale"], resourceNames: [deployment], verbs: ["patch"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["list"] },
    { apiGroups: [""], resources: ["secrets"], resourceNames: CERTIFICATE_SECRETS, verbs: ["delete"] },
    // Replicas name theirs after themselves.
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["list", "delete"] },
  ]);
}
