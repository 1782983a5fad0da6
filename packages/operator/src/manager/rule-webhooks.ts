import type { KubeObject } from "@outrigger/kit/api";
import { clientConfig, type WebhookTarget } from "@outrigger/kit/webhook";
import { TEMPLATE_LABEL } from "../templates/index.ts";
import { PATHS } from "./configuration.ts";

/*
 * Rules other than SidecarSets are judged as they are written, so that their author sees what is wrong with them. Whether
 * a rule is used does not depend on it: the manager judges each again when it reads it. So nobody is kept from writing
 * them while no manager answers (`Ignore`): a manager and its rules can come with one `kubectl apply`.
 */

export function podDefaultsConfiguration(target: WebhookTarget): KubeObject {
  return configuration("outrigger-poddefaults", {
    name: "validate.poddefaults.outrigger.dev",
    clientConfig: clientConfig(target, PATHS.validatePodDefaults),
    rules: [
      {
        apiGroups: ["outrigger.dev"],
        apiVersions: ["v1alpha1"],
        operations: ["CREATE", "UPDATE"],
        resources: ["poddefaults"],
        scope: "Cluster",
      },
    ],
  });
}

/** @param namespace where templates are read from */
export function templateConfiguration(target: WebhookTarget, namespace: string): KubeObject {
  return configuration("outrigger-templates", {
    name: "validate.templates.outrigger.dev",
    clientConfig: clientConfig(target, PATHS.validateTemplates),
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["configmaps"], scope: "Namespaced" }],
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
    objectSelector: { matchExpressions: [{ key: TEMPLATE_LABEL, operator: "Exists" }] },
  });
}

const TIMEOUT_SECONDS = 5;

function configuration(name: string, webhook: object): KubeObject {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name, labels: { "app.kubernetes.io/managed-by": "outrigger" } },
    webhooks: [
      {
        ...webhook,
        failurePolicy: "Ignore",
        matchPolicy: "Equivalent",
        sideEffects: "None",
        timeoutSeconds: TIMEOUT_SECONDS,
        admissionReviewVersions: ["v1", "v1beta1"],
      },
    ],
  };
}
