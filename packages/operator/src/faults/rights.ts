import type { PolicyRule } from "@outrigger/kit/controller";

/** The Secret of the agents' token that the manager may read in every namespace; another name needs a rule of its own. */
export const TOKEN_SECRET = "outrigger-agent-token";

/** What the controller does beside its watches: finalizers, targets that are services, and the agents' token. */
export const NETWORK_FAULT_RIGHTS: readonly PolicyRule[] = [
  { apiGroups: ["outrigger.dev"], resources: ["networkfaults"], verbs: ["patch"] },
  { apiGroups: [""], resources: ["services"], verbs: ["get"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list"] },
  { apiGroups: [""], resources: ["secrets"], resourceNames: [TOKEN_SECRET], verbs: ["get"] },
];
