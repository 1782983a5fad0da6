import type { KubeObject } from "@outrigger/kit/api";
import { clientConfig, type WebhookTarget } from "@outrigger/kit/webhook";
import { EXCLUDED_ANNOTATION, ISTIO_ANNOTATION } from "./names.ts";
import type { ScopeEntry } from "./scope.ts";

/** Names of the configurations and paths of the handlers. */
export const POD_CONFIGURATION = "outrigger-pods";
export const SIDECARSET_CONFIGURATION = "outrigger-sidecarsets";
export const PATHS = {
  mutatePods: "/mutate--v1-pod",
  mutateSidecarSets: "/mutate-apps-kruise-io-sidecarset",
  validateSidecarSets: "/validate-apps-kruise-io-sidecarset",
  validatePodDefaults: "/validate-outrigger-dev-poddefaults",
  validateTemplates: "/validate--v1-configmap",
  convert: "/convert",
} as const;

/** Seconds that the API server waits for an answer. */
const TIMEOUT_SECONDS = 5;

/**
 * The configuration under which pods are sent to us, as narrow as the entries say.
 *
 * @param excluded what the entries leave out; it stands in an annotation too, for `readRules`, since without rules there are no entries
 * @param istioLabels whether Istio's labels choose pods for templates as well; for `readRules` too
 */
export function podConfiguration(
  entries: readonly ScopeEntry[],
  target: WebhookTarget,
  excluded: readonly string[],
  istioLabels = false,
): KubeObject {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: {
      name: POD_CONFIGURATION,
      labels: { "app.kubernetes.io/managed-by": "outrigger" },
      annotations: { [EXCLUDED_ANNOTATION]: excluded.join(","), ...(istioLabels ? { [ISTIO_ANNOTATION]: "true" } : {}) },
    },
    webhooks: entries.map((entry) => podWebhook(entry, target)),
  };
}

/** One entry of the configuration for pods. */
export function podWebhook(entry: ScopeEntry, target: WebhookTarget): { readonly name: string; readonly [field: string]: unknown } {
  const { name, failurePolicy, namespaceSelector, matchConditions, timeoutSeconds = TIMEOUT_SECONDS } = entry;
  return {
    name,
    clientConfig: clientConfig(target, PATHS.mutatePods),
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"], scope: "Namespaced" }],
    failurePolicy,
    matchPolicy: "Equivalent",
    namespaceSelector,
    objectSelector: {},
    ...(matchConditions.length > 0 ? { matchConditions } : {}),
    sideEffects: "None",
    reinvocationPolicy: "IfNeeded",
    timeoutSeconds,
    admissionReviewVersions: ["v1", "v1beta1"],
  };
}

/** The configurations under which SidecarSets are defaulted and checked. */
export function sidecarSetConfigurations(target: WebhookTarget): KubeObject[] {
  const metadata = { name: SIDECARSET_CONFIGURATION, labels: { "app.kubernetes.io/managed-by": "outrigger" } };
  const webhook = (name: string, path: string, sideEffects: "None" | "NoneOnDryRun"): object => ({
    name,
    clientConfig: clientConfig(target, path),
    rules: [
      {
        apiGroups: ["apps.kruise.io"],
        apiVersions: ["v1beta1"],
        operations: ["CREATE", "UPDATE"],
        resources: ["sidecarsets"],
        scope: "Cluster",
      },
    ],
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    sideEffects,
    timeoutSeconds: TIMEOUT_SECONDS,
    admissionReviewVersions: ["v1", "v1beta1"],
  });
  const apiVersion = "admissionregistration.k8s.io/v1";
  return [
    {
      apiVersion,
      kind: "MutatingWebhookConfiguration",
      metadata,
      webhooks: [webhook("mutate.sidecarset.outrigger.dev", PATHS.mutateSidecarSets, "None")],
    },
    // Before it allows a new set the handler opens the scope for pods, so that none is made in between.
    {
      apiVersion,
      kind: "ValidatingWebhookConfiguration",
      metadata,
      webhooks: [webhook("validate.sidecarset.outrigger.dev", PATHS.validateSidecarSets, "NoneOnDryRun")],
    },
  ];
}
