import type { ResourceWebhook } from "./resource-webhook.ts";
import { convertedDefinitions } from "./resource-webhooks.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** The rights that a manager needs for its webhooks; `mergeRules` of the controllers takes them. */
export interface WebhookRules {
  /** For a ClusterRole: registering, and putting the registration right. */
  readonly cluster: readonly Rule[];
  /** For a Role in the manager's namespace: the certificate's Secrets. */
  readonly namespace: readonly Rule[];
}

/**
 * The rights that a manager needs for its webhooks.
 *
 * @param name the manager's.
 */
export function webhookRules(webhooks: readonly ResourceWebhook[], name: string): WebhookRules {
  if (webhooks.length === 0) return { cluster: [], namespace: [] };
  const configurations = (resource: string, registers: boolean): readonly Rule[] => {
    const rule = { apiGroups: ["admissionregistration.k8s.io"], resources: [resource] };
    // What an earlier release of the program registered, and this one does not, is looked for and taken away.
    if (!registers) return [{ ...rule, resourceNames: [name], verbs: ["get", "delete"] }];
    // Creation knows no name yet.
    return [
      { ...rule, verbs: ["create"] },
      { ...rule, resourceNames: [name], verbs: ["get", "list", "watch", "patch", "delete"] },
    ];
  };
  const definitions = convertedDefinitions(webhooks);
  const secrets = { apiGroups: [""], resources: ["secrets"] };
  return {
    cluster: [
      ...configurations(
        "mutatingwebhookconfigurations",
        webhooks.some(({ plan }) => plan.defaulter),
      ),
      ...configurations(
        "validatingwebhookconfigurations",
        webhooks.some(({ plan }) => plan.validator),
      ),
      ...(definitions.length > 0
        ? [
            {
              apiGroups: ["apiextensions.k8s.io"],
              resources: ["customresourcedefinitions"],
              resourceNames: definitions,
              verbs: ["get", "list", "watch", "patch"],
            },
          ]
        : []),
    ],
    namespace: [
      { ...secrets, verbs: ["create"] },
      { ...secrets, resourceNames: [`${name}-webhook-ca`, `${name}-webhook-tls`], verbs: ["get", "update"] },
    ],
  };
}
