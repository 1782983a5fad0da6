import type { admissionregistration } from "@outrigger/kit/kubernetes";
import { age, name, type Printer, type Printers, printer } from "./printer.ts";

const webhooks: Printer = printer<
  admissionregistration.MutatingWebhookConfiguration | admissionregistration.ValidatingWebhookConfiguration
>((object, now) => [name(object), (object.webhooks ?? []).length, age(object, now)]);

/** Policies of both sorts: they differ in the name of their list alone. */
type Policy = admissionregistration.ValidatingAdmissionPolicy & { readonly spec?: { readonly mutations?: readonly unknown[] } };
const policy: Printer = printer<Policy>((object, now) => {
  const { validations, mutations, paramKind } = object.spec ?? {};
  return [
    name(object),
    (validations ?? mutations ?? []).length,
    paramKind ? `${paramKind.apiVersion ?? ""}/${paramKind.kind ?? ""}` : "<unset>",
    age(object, now),
  ];
});
const binding: Printer = printer<admissionregistration.ValidatingAdmissionPolicyBinding>((object, now) => [
  name(object),
  object.spec?.policyName ?? "",
  parameter(object),
  age(object, now),
]);

export const admissionCells: Printers = {
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": policy,
  "admissionregistration.k8s.io/MutatingAdmissionPolicy": policy,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": binding,
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": binding,
};

/** A parameter that names no namespace may be of any, or of none: both are `*`. */
function parameter({ spec }: admissionregistration.ValidatingAdmissionPolicyBinding): string {
  const { name: parameterName, namespace, selector } = spec?.paramRef ?? {};
  if (parameterName) return `${namespace || "*"}/${parameterName}`;
  if (!selector) return "<unset>";
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) => `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.map(([key, value]) => `${key}: ${value},`).join("")}},MatchExpressions:[]LabelSelectorRequirement{${expressions.join("")}},}`;
}
