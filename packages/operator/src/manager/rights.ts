import { leaseRules, mergeRules, type PolicyRule } from "@outrigger/kit/controller";
import type { Feature } from "../feature/index.ts";

/** The Secrets with the webhooks' certificate and its authority. */
const SECRETS = ["outrigger-webhook-ca", "outrigger-webhook-tls"];
export const LEASE = "outrigger-manager";

/** The rights that the manager needs in its own namespace: its certificate, its lease, and what features read there. */
export function managerNamespaceRules(features: readonly Feature[]): PolicyRule[] {
  return mergeRules([
    // Creation knows no name yet.
    { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
    { apiGroups: [""], resources: ["secrets"], resourceNames: SECRETS, verbs: ["get", "update"] },
    ...leaseRules(LEASE),
    ...features.flatMap(({ reads = [] }) =>
      reads
        .filter(({ options }) => options?.namespace !== undefined)
        .map(({ resource }) => ({
          apiGroups: [groupOf(resource.apiVersion)],
          resources: [resource.plural],
          verbs: ["get", "list", "watch"],
        })),
    ),
  ]);
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] as string) : "";
}
