// pkg/apis/admissionregistration/v1/defaults.go.
import { type Defaulter, type Defaulters, inSpec, type Json, list } from "./json.ts";

const webhooks: Defaulter = (object) => {
  for (const webhook of list(object["webhooks"])) {
    webhook["failurePolicy"] ??= "Fail";
    defaultMatching(webhook);
    webhook["timeoutSeconds"] ??= 10;
    if (webhook["clientConfig"]?.service) webhook["clientConfig"].service.port ??= 443;
    defaultScopes(webhook["rules"]);
  }
};

const policy: Defaulter = inSpec((spec) => {
  spec["failurePolicy"] ??= "Fail";
  matchResources(spec["matchConstraints"] as Json | undefined);
});
const policyBinding: Defaulter = inSpec((spec) => matchResources(spec["matchResources"] as Json | undefined));

function matchResources(match: Json | undefined): void {
  if (!match) return;
  defaultMatching(match);
  defaultScopes(match["resourceRules"]);
  defaultScopes(match["excludeResourceRules"]);
}

function defaultMatching(match: Json): void {
  match["matchPolicy"] ??= "Equivalent";
  match["namespaceSelector"] ??= {};
  match["objectSelector"] ??= {};
}

function defaultScopes(rules: unknown): void {
  for (const rule of list(rules)) rule["scope"] ??= "*";
}

export const admissionDefaulters: Defaulters = {
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": (object) => {
    webhooks(object);
    for (const webhook of list(object["webhooks"])) webhook["reinvocationPolicy"] ??= "Never";
  },
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": policy,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": policyBinding,
  "admissionregistration.k8s.io/MutatingAdmissionPolicy": policy,
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": policyBinding,
};
