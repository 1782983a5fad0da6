import { type LabelSelector, labelSelector } from "@outrigger/kit/api";
import type { Rule } from "../finding.ts";
import type { Manifest } from "../manifest.ts";
import { podLabelsOf } from "../pods.ts";

interface Webhook {
  readonly name?: string;
  readonly failurePolicy?: string;
  readonly clientConfig?: { readonly service?: { readonly namespace?: string; readonly name?: string } };
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly operations?: readonly string[];
  }[];
}
const KINDS = new Set(["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"]);
const webhooksOf = ({ object }: Manifest): readonly Webhook[] =>
  KINDS.has(String(object["kind"])) ? ((object["webhooks"] as readonly Webhook[] | undefined) ?? []) : [];

export const noFailurePolicy: Rule = {
  name: "webhook-without-failure-policy",
  *check(manifest) {
    for (const [index, { name, failurePolicy }] of webhooksOf(manifest).entries()) {
      if (failurePolicy !== undefined) continue;
      yield {
        path: ["webhooks", index],
        message: `webhook ${name} says nothing of failurePolicy, which is Fail: while nobody answers, every request that it matches is refused. Write down which one you want`,
      };
    }
  },
};

export const ownManager: Rule = {
  name: "webhook-matches-own-manager",
  *check(manifest, all) {
    for (const [index, webhook] of webhooksOf(manifest).entries()) {
      const { service } = webhook.clientConfig ?? {};
      if (webhook.failurePolicy === "Ignore" || !service?.namespace || !makesPods(webhook)) continue;
      const namespace = { ...namespaceLabels(all, service.namespace), "kubernetes.io/metadata.name": service.namespace };
      if (webhook.namespaceSelector && !labelSelector(webhook.namespaceSelector).matches(namespace)) continue;
      const labels = managerLabels(all, service.namespace, service.name ?? "");
      if (webhook.objectSelector && (!labels || !labelSelector(webhook.objectSelector).matches(labels))) continue;
      yield {
        path: ["webhooks", index],
        message: `webhook ${webhook.name} is asked about the pods of namespace ${service.namespace}, in which its own server runs: once that is down, it cannot start again. Exclude it: namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [${service.namespace}]}]}`,
      };
    }
  },
};

function makesPods({ rules = [] }: Webhook): boolean {
  return rules.some(
    ({ apiGroups = [], resources = [], operations = [] }) =>
      apiGroups.some((group) => group === "" || group === "*") &&
      resources.some((resource) => ["pods", "*", "*/*"].includes(resource)) &&
      operations.some((operation) => operation === "CREATE" || operation === "*"),
  );
}

function namespaceLabels(all: readonly Manifest[], name: string): Record<string, string> {
  const found = all.find(
    ({ object }) => object["kind"] === "Namespace" && (object["metadata"] as { name?: string } | undefined)?.name === name,
  );
  return (found?.object["metadata"] as { labels?: Record<string, string> } | undefined)?.labels ?? {};
}

/** Labels of the pods behind a Service; `undefined` when they are not among these manifests. */
function managerLabels(all: readonly Manifest[], namespace: string, name: string): Readonly<Record<string, string>> | undefined {
  const service = all.find(({ object }) => {
    const metadata = object["metadata"] as { name?: string; namespace?: string } | undefined;
    return object["kind"] === "Service" && metadata?.name === name && (metadata.namespace ?? namespace) === namespace;
  });
  const selector = (service?.object["spec"] as { selector?: Record<string, string> } | undefined)?.selector;
  if (!selector) return undefined;
  return all.map(podLabelsOf).find((labels) => labels && Object.entries(selector).every(([key, value]) => labels[key] === value));
}
