import { dns1035LabelProblems, dnsSubdomainProblems, type KubeObject, qualifiedNameProblems } from "@outrigger/kit/api";
import { type Fields, object, objects, optionalText, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { findInMatchResources, findOperationsWithoutObject } from "./policy-bindings.ts";
import { choice, findInMatchConditions } from "./webhook-configurations.ts";

/** What an expression of a policy is for: its type and its variables follow from that. */
export type PolicyExpression = "condition" | "validation" | "message" | "annotation" | "applyConfiguration" | "jsonPatch";

/** Compiles the expressions of one policy. */
export interface PolicyCompiler {
  /** What is wrong with an expression; "" where nothing is. */
  problem(expression: string, use: PolicyExpression): string;
  /** The same of a variable's expression, which later expressions may use. */
  declare(name: string, expression: string): string;
}
export type PolicyCompilers = (policy: { readonly params: boolean }) => PolicyCompiler;

const TRUSTING: PolicyCompilers = () => ({ problem: () => "", declare: () => "" });
const IDENTIFIER = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const LONGEST_VALUE_EXPRESSION = 5 * 1024;
const MOST_ANNOTATIONS = 20;

/**
 * A ValidatingAdmissionPolicy (`pkg/apis/admissionregistration/validation`).
 *
 * @param compilers Compiles expressions; without it they are taken to be right.
 */
export function findInValidatingPolicy(found: Findings, policy: KubeObject, compilers: PolicyCompilers = TRUSTING): void {
  const spec = object(policy, "spec") ?? {};
  const compiler = findInPolicy(found, spec, compilers, () => {});
  const annotations = objects(spec, "auditAnnotations");
  if (objects(spec, "validations").length === 0 && annotations.length === 0) {
    const why = "validations or auditAnnotations must contain at least one item";
    found.required("spec.validations", why);
    found.required("spec.auditAnnotations", why);
    return;
  }
  objects(spec, "validations").forEach((validation, index) => {
    findInValidation(found, validation, `spec.validations[${index}]`, compiler);
  });
  if (annotations.length > MOST_ANNOTATIONS)
    found.invalid("spec.auditAnnotations", annotations, `must not have more than ${MOST_ANNOTATIONS} auditAnnotations`);
  const keys = new Set<string>();
  for (const [index, annotation] of annotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    const key = text(annotation, "key");
    findInAnnotation(found, annotation, policy.metadata.name ?? "", at, compiler);
    if (keys.has(key)) found.duplicate(`${at}.key`, key);
    keys.add(key);
  }
}

/** A MutatingAdmissionPolicy, as `findInValidatingPolicy`. */
export function findInMutatingPolicy(found: Findings, policy: KubeObject, compilers: PolicyCompilers = TRUSTING): void {
  const spec = object(policy, "spec") ?? {};
  const compiler = findInPolicy(found, spec, compilers, (constraints) => {
    findOperationsWithoutObject(found, constraints, "spec.matchConstraints");
  });
  const mutations = objects(spec, "mutations");
  if (mutations.length === 0) found.required("spec.mutations", "mutations must contain at least one item");
  mutations.forEach((mutation, index) => {
    findInMutation(found, mutation, `spec.mutations[${index}]`, compiler);
  });
  found.oneOf("spec.reinvocationPolicy", text(spec, "reinvocationPolicy"), ["IfNeeded", "Never"]);
}

function findInPolicy(
  found: Findings,
  spec: Fields,
  compilers: PolicyCompilers,
  furtherConstraints: (constraints: Fields) => void,
): PolicyCompiler {
  choice(found, spec, "spec", "failurePolicy", ["Fail", "Ignore"]);
  const kind = object(spec, "paramKind");
  if (kind) findInParamKind(found, kind);
  const constraints = object(spec, "matchConstraints");
  if (!constraints) found.required("spec.matchConstraints");
  else {
    findInMatchResources(found, constraints, "spec.matchConstraints");
    if (objects(constraints, "resourceRules").length === 0) found.required("spec.matchConstraints.resourceRules");
    furtherConstraints(constraints);
  }
  const compiler = compilers({ params: kind !== undefined });
  findInMatchConditions(found, objects(spec, "matchConditions"), "spec.matchConditions", (expression) =>
    compiler.problem(expression, "condition"),
  );
  for (const [index, variable] of objects(spec, "variables").entries()) {
    const at = `spec.variables[${index}]`;
    const [name, expression] = [text(variable, "name"), text(variable, "expression")];
    if (name.trim() === "") found.required(`${at}.name`, "name is not specified");
    else if (!IDENTIFIER.test(name)) found.invalid(`${at}.name`, name, "must be a valid CEL identifier");
    if (expression.trim() === "") found.required(`${at}.expression`, "expression is not specified");
    else findInExpression(found, `${at}.expression`, expression, compiler.declare(name, expression));
  }
  return compiler;
}

function findInParamKind(found: Findings, kind: Fields): void {
  const [apiVersion, name] = [text(kind, "apiVersion"), text(kind, "kind")];
  const at = "spec.paramKind.apiVersion";
  const [group, version] = apiVersion.includes("/") ? (apiVersion.split("/") as [string, string]) : ["", apiVersion];
  if (apiVersion === "") found.required(at);
  else if (apiVersion.split("/").length > 2) found.invalid(at, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
  else {
    const problems = group === "" ? [] : dnsSubdomainProblems(group);
    if (problems.length > 0) found.invalid(at, group, problems.join(","));
    const ofVersion = version === "" ? [] : dns1035LabelProblems(version);
    if (version === "" || apiVersion === "/") found.invalid(at, apiVersion, "version must be specified");
    else if (ofVersion.length > 0) found.invalid(at, version, ofVersion.join(","));
  }
  const ofKind = name === "" ? [] : dns1035LabelProblems(name.toLowerCase());
  if (name === "") found.required("spec.paramKind.kind");
  else if (ofKind.length > 0)
    found.invalid("spec.paramKind.kind", name, `may have mixed case, but should otherwise match: ${ofKind.join(",")}`);
}

function findInValidation(found: Findings, validation: Fields, at: string, compiler: PolicyCompiler): void {
  const [expression, message, given] = [text(validation, "expression"), text(validation, "message"), text(validation, "messageExpression")];
  if (expression.trim() === "") found.required(`${at}.expression`, "expression is not specified");
  else findInExpression(found, `${at}.expression`, expression, compiler.problem(expression, "validation"));
  if (given !== "" && given.trim() === "") found.invalid(`${at}.messageExpression`, given, "must be non-empty if specified");
  else if (given !== "") findInExpression(found, `${at}.messageExpression`, given, compiler.problem(given, "message"));
  if (message !== "" && message.trim() === "") found.invalid(`${at}.message`, message, "must be non-empty if specified");
  else if (/[\n\r]/.test(message.trim())) found.invalid(`${at}.message`, message, "must not contain line breaks");
  const reason = optionalText(validation, "reason");
  const reasons = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
  if (reason !== undefined && !reasons.includes(reason)) found.notSupported(`${at}.reason`, reason, reasons);
}

function findInAnnotation(found: Findings, annotation: Fields, policy: string, at: string, compiler: PolicyCompiler): void {
  const [key, expression] = [text(annotation, "key"), text(annotation, "valueExpression")];
  if (policy === "") found.invalid(`${at}.key`, key, "requires metadata.name be non-empty");
  else found.invalidEach(`${at}.key`, `${policy}/${key}`, qualifiedNameProblems(`${policy}/${key}`));
  if (expression.trim() === "") found.required(`${at}.valueExpression`, "valueExpression is not specified");
  else if (Buffer.byteLength(expression.trim()) > LONGEST_VALUE_EXPRESSION)
    found.required(`${at}.valueExpression`, `must not exceed ${LONGEST_VALUE_EXPRESSION} bytes in length`);
  else findInExpression(found, `${at}.valueExpression`, expression, compiler.problem(expression.trim(), "annotation"));
}

const PATCH_TYPES = { JSONPatch: "jsonPatch", ApplyConfiguration: "applyConfiguration" } as const;

function findInMutation(found: Findings, mutation: Fields, at: string, compiler: PolicyCompiler): void {
  const type = text(mutation, "patchType");
  found.oneOf(`${at}.patchType`, type, ["ApplyConfiguration", "JSONPatch"]);
  const field = PATCH_TYPES[type as keyof typeof PATCH_TYPES];
  if (field === undefined) return;
  const patch = object(mutation, field);
  const expression = text(patch, "expression").trim();
  if (!patch) found.required(`${at}.${field}`, `must be specified when patchType is ${type}`);
  else if (expression === "") found.required(`${at}.${field}.expression`);
  else findInExpression(found, `${at}.${field}.expression`, expression, compiler.problem(expression, field));
  const other = field === "jsonPatch" ? "applyConfiguration" : "jsonPatch";
  if (object(mutation, other)) found.invalid(`${at}.${other}`, `{${other}}`, `must not be specified when patchType is ${type}`);
}

function findInExpression(found: Findings, at: string, expression: string, problem: string): void {
  if (problem !== "") found.invalid(at, expression, problem);
}
