import { groupOf, leaseRules, mergeRules, type PolicyRule } from "@outrigger/kit/controller";
import { type Feature, namespacedRules } from "../feature/index.ts";
import { LEASE, SECRETS } from "./names.ts";

/** The rights that the manager needs in its own namespace: its own certificate, its leases, and what features read there. */
export function managerNamespaceRules(features: readonly Feature[]): PolicyRule[] {
  return mergeRules([...secretRules(SECRETS), ...commonNamespaceRules(features)]);
}

/** To keep Secrets of these names, on which the replicas agree. */
export function secretRules(names: readonly string[]): PolicyRule[] {
  const of = { apiGroups: [""], resources: ["secrets"] };
  return [
    // Creation knows no name yet.
    { ...of, verbs: ["create"] },
    { ...of, resourceNames: names, verbs: ["get", "update", "delete"] },
  ];
}

/** The same without its own certificate, where that is from elsewhere. */
export function commonNamespaceRules(features: readonly Feature[]): PolicyRule[] {
  return mergeRules([
    ...leaseRules(LEASE),
    // Of every replica, under names that nobody knows beforehand; see `presence.ts`.
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["list", "create", "patch", "delete"] },
    ...featureNamespaceRules(features),
  ]);
}

/** Of these, what features need. */
export function featureNamespaceRules(features: readonly Feature[]): PolicyRule[] {
  return mergeRules([
    ...namespacedRules(features),
    ...features.flatMap(({ namespacePermissions = [] }) => namespacePermissions),
    ...features.flatMap(({ reads = [] }) =>
      reads
        .filter(({ options }) => options?.namespace !== undefined)
        .map(({ resource }) => ({
          apiGroups: [groupOf(resource)],
          resources: [resource.plural],
          verbs: ["list", "watch"],
        })),
    ),
  ]);
}
