import { leaseRules, mergeRules, type PolicyRule, REVIEW_RULES, rbacRules } from "../controller/index.ts";
import { isResourceWebhook, webhookRules } from "../webhook/index.ts";
import type { ManagerOptions } from "./manager.ts";

/** The rights of a manager, by where they hold. */
export interface ManagerRules {
  /** For a ClusterRole. */
  readonly cluster: readonly PolicyRule[];
  /** For a Role in the manager's own namespace. */
  readonly namespace: readonly PolicyRule[];
}

/** Every right that a manager with these options needs, from what its parts declare; what services of one's own need is not in it. */
export function managerRules(
  options: Pick<ManagerOptions, "controllers" | "webhooks" | "leaderElection" | "secureMetrics" | "name">,
): ManagerRules {
  const { controllers = [], webhooks = [], leaderElection, secureMetrics, name = "outrigger" } = options;
  const hooks = webhookRules(webhooks.filter(isResourceWebhook), name);
  return {
    cluster: mergeRules([...rbacRules(controllers), ...hooks.cluster, ...(secureMetrics ? REVIEW_RULES : [])]),
    namespace: mergeRules([...hooks.namespace, ...(leaderElection ? leaseRules(leaderElection.name ?? name) : [])]),
  };
}
