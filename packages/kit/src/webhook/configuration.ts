import type { KubeObject } from "../api/index.ts";
import type { admissionregistration } from "../kubernetes/index.ts";

/** How the API server reaches the server: by URL where it runs outside the cluster, by Service inside it. */
export type WebhookTarget =
  | { readonly url: string; readonly caBundle?: string }
  | { readonly service: { readonly namespace: string; readonly name: string; readonly port?: number }; readonly caBundle?: string };

/** Operations and resources that a webhook is called for. */
export interface WebhookRule {
  /** `""` is the core group. Default `[""]`. */
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly operations: readonly ("CREATE" | "UPDATE" | "DELETE" | "CONNECT" | "*")[];
  // `pods`, `pods/status`, a star for all but subresources, star/star for all.
  readonly resources: readonly string[];
  readonly scope?: "Namespaced" | "Cluster" | "*";
}

/** A label selector, as a webhook configuration holds it. */
export interface LabelSelectorTerms {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
    readonly values?: readonly string[];
  }[];
}

/** One webhook of a configuration. */
export interface WebhookEntry {
  /** A domain of three parts at least: `inject.pods.example.com`. */
  readonly name: string;
  readonly path: string;
  readonly rules: readonly WebhookRule[];
  readonly namespaceSelector?: LabelSelectorTerms;
  readonly objectSelector?: LabelSelectorTerms;
  /** CEL over `object`, `oldObject`, `request`; all must be true. */
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
  readonly matchPolicy?: "Equivalent" | "Exact";
  /** Whether requests are refused while the webhook cannot be reached. Default Fail. */
  readonly failurePolicy?: "Fail" | "Ignore";
  /** 1 to 30; default 5, for it is added to every request that waits for a webhook that is down. */
  readonly timeoutSeconds?: number;
  readonly sideEffects?: "None" | "NoneOnDryRun";
  /** Mutating ones only: called once more when a later webhook changed the object. Default Never. */
  readonly reinvocationPolicy?: "Never" | "IfNeeded";
}

/** What a webhook configuration is made of. */
export interface ConfigurationOptions {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target: WebhookTarget;
  readonly webhooks: readonly WebhookEntry[];
  /**
   * Namespaces that are never sent, by name: the operator's own, so that its pods can start while its webhook is down,
   * and `kube-system`, which is always added.
   */
  readonly excludedNamespaces?: readonly string[];
}

/** A MutatingWebhookConfiguration for these webhooks. */
export function mutatingConfiguration(options: ConfigurationOptions): admissionregistration.MutatingWebhookConfiguration & KubeObject {
  return configuration("MutatingWebhookConfiguration", options) as unknown as admissionregistration.MutatingWebhookConfiguration &
    KubeObject;
}

/** @throws TypeError when an entry has a reinvocationPolicy. */
export function validatingConfiguration(options: ConfigurationOptions): admissionregistration.ValidatingWebhookConfiguration & KubeObject {
  const odd = options.webhooks.find(({ reinvocationPolicy }) => reinvocationPolicy !== undefined);
  if (odd) throw new TypeError(`${odd.name}: only mutating webhooks have a reinvocationPolicy`);
  return configuration("ValidatingWebhookConfiguration", options) as unknown as admissionregistration.ValidatingWebhookConfiguration &
    KubeObject;
}

/** `clientConfig` of a webhook under `path`; also a CRD's `conversion.webhook.clientConfig`. The bundle is PEM here and base64 there. */
export function clientConfig(target: WebhookTarget, path: string): Record<string, unknown> {
  const bundle = target.caBundle === undefined ? {} : { caBundle: Buffer.from(target.caBundle).toString("base64") };
  if ("url" in target) return { url: `${target.url.replace(/\/+$/, "")}${path}`, ...bundle };
  return { service: { ...target.service, path }, ...bundle };
}

function configuration(kind: string, { name, labels, target, webhooks, excludedNamespaces = [] }: ConfigurationOptions): KubeObject {
  const excluded = [...new Set(["kube-system", ...excludedNamespaces])].sort();
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind,
    metadata: { name, ...(labels ? { labels: { ...labels } } : {}) },
    webhooks: webhooks.map((webhook) => entry(webhook, target, excluded)),
  };
}

function entry(webhook: WebhookEntry, target: WebhookTarget, excluded: readonly string[]): Record<string, unknown> {
  const { path, rules, namespaceSelector, failurePolicy = "Fail", timeoutSeconds = 5, sideEffects = "None", ...rest } = webhook;
  return {
    ...rest,
    clientConfig: clientConfig(target, path),
    rules: rules.map(({ apiGroups = [""], apiVersions = ["v1"], ...rule }) => ({ apiGroups, apiVersions, ...rule })),
    namespaceSelector: {
      ...namespaceSelector,
      matchExpressions: [
        ...(namespaceSelector?.matchExpressions ?? []),
        { key: "kubernetes.io/metadata.name", operator: "NotIn", values: excluded },
      ],
    },
    failurePolicy,
    timeoutSeconds,
    sideEffects,
    admissionReviewVersions: ["v1", "v1beta1"],
  };
}
