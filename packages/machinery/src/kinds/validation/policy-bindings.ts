import { dnsSubdomainProblems, type KubeObject, pathSegmentProblems } from "@outrigger/kit/api";
import { type Fields, object, objects, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { findInSelector } from "./label-selectors.ts";
import { choice, findInRule } from "./webhook-configurations.ts";

/** A binding of a policy; those of policies that judge say what becomes of a violation. */
export function findInPolicyBinding(found: Findings, binding: KubeObject): void {
  const spec = object(binding, "spec") ?? {};
  const validating = binding.kind === "ValidatingAdmissionPolicyBinding";
  const policy = text(spec, "policyName");
  if (policy === "") found.required("spec.policyName");
  else found.invalidEach("spec.policyName", policy, dnsSubdomainProblems(policy));
  const ref = object(spec, "paramRef");
  if (ref) findInParamRef(found, ref);
  const resources = object(spec, "matchResources");
  if (resources) findInMatchResources(found, resources, "spec.matchResources");
  if (validating) findInActions(found, texts(spec, "validationActions"));
  else if (resources) findOperationsWithoutObject(found, resources, "spec.matchResources");
}

/** Which requests a policy or a binding is about. */
export function findInMatchResources(found: Findings, resources: Fields, path: string): void {
  choice(found, resources, path, "matchPolicy", ["Equivalent", "Exact"]);
  findInSelector(found, resources, "namespaceSelector", `${path}.namespaceSelector`);
  findInSelector(found, resources, "objectSelector", `${path}.objectSelector`);
  for (const field of ["resourceRules", "excludeResourceRules"]) {
    for (const [index, rule] of objects(resources, field).entries()) {
      const at = `${path}.${field}[${index}]`;
      const names = texts(rule, "resourceNames");
      for (const [place, name] of names.entries()) {
        found.invalidEach(`${at}.resourceNames[${place}]`, name, pathSegmentProblems(name));
        if (names.indexOf(name) < place) found.duplicate(`${at}.resourceNames[${place}]`, name);
      }
      findInRule(found, rule, at);
    }
  }
}

/** What is deleted cannot be changed. */
export function findOperationsWithoutObject(found: Findings, resources: Fields, path: string): void {
  const supported = ["*", "CONNECT", "CREATE", "UPDATE"];
  for (const operation of objects(resources, "resourceRules").flatMap((rule) => texts(rule, "operations"))) {
    if (!supported.includes(operation)) found.notSupported(`${path}.resourceRules.operations`, operation, supported);
  }
}

function findInParamRef(found: Findings, ref: Fields): void {
  const name = text(ref, "name");
  const selector = object(ref, "selector");
  const exclusive = "name and selector are mutually exclusive";
  if (name !== "") found.invalidEach("spec.paramRef.name", name, pathSegmentProblems(name));
  if (name !== "" && selector) found.forbidden("spec.paramRef.name", exclusive);
  findInSelector(found, ref, "selector", "spec.paramRef.selector");
  if (name !== "" && selector) found.forbidden("spec.paramRef.selector", exclusive);
  if (name === "" && !selector) found.required("spec.paramRef", "one of name or selector must be specified");
  found.oneOf("spec.paramRef.parameterNotFoundAction", text(ref, "parameterNotFoundAction"), ["Deny", "Allow"]);
}

function findInActions(found: Findings, actions: readonly string[]): void {
  const at = "spec.validationActions";
  for (const [index, action] of actions.entries()) {
    if (!["Audit", "Deny", "Warn"].includes(action)) found.notSupported(`${at}[${index}]`, action, ["Audit", "Deny", "Warn"]);
    if (actions.indexOf(action) < index) found.duplicate(`${at}[${index}]`, action);
  }
  if (actions.includes("Deny") && actions.includes("Warn"))
    found.invalid(
      at,
      actions,
      "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
    );
  if (actions.length === 0) found.required(at, "at least one validation action is required");
}
