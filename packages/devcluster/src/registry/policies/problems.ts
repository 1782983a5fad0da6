import type { Cause, KubeObject } from "@outrigger/kit/api";
import { compileCel, type Variable } from "@outrigger/kit/schema";
import type { PolicySpec } from "./policy.ts";
import { policyVariables } from "./variables.ts";

const REASONS = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What is wrong with the expressions of a ValidatingAdmissionPolicy, in Kubernetes' words. */
export function policyProblems(object: KubeObject): Cause[] {
  const spec = object["spec"] as PolicySpec;
  const causes: Cause[] = [];
  const composed: string[] = [];
  const params = spec.paramKind !== undefined;
  const invalid = (field: string, value: unknown, why: string): void => {
    causes.push({ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field });
  };
  const judge = (expression: string, field: string, types: readonly string[] | undefined): void => {
    const problem = expressionProblem(expression, types, policyVariables(params, composed));
    if (problem !== undefined) invalid(field, expression, problem);
  };
  for (const [index, { name, expression }] of (spec.variables ?? []).entries()) {
    const at = `spec.variables[${index}]`;
    if (name === "") causes.push({ reason: "FieldValueRequired", message: "Required value: name is not specified", field: `${at}.name` });
    else if (!IDENTIFIER.test(name)) invalid(`${at}.name`, name, "must be a valid CEL identifier");
    judge(expression, `${at}.expression`, undefined);
    composed.push(name);
  }
  for (const [index, { expression, messageExpression, reason, message }] of (spec.validations ?? []).entries()) {
    const at = `spec.validations[${index}]`;
    if (expression.trim() === "")
      causes.push({ reason: "FieldValueRequired", message: "Required value: expression is not specified", field: `${at}.expression` });
    else judge(expression, `${at}.expression`, ["bool"]);
    if (messageExpression) judge(messageExpression, `${at}.messageExpression`, ["string"]);
    if (message !== undefined && message !== "" && message.trim() === "")
      invalid(`${at}.message`, message, "message must be non-empty if specified");
    else if (/[\n\r]/.test(message?.trim() ?? "")) invalid(`${at}.message`, message, "message must not contain line breaks");
    if (reason !== undefined && !REASONS.includes(reason))
      causes.push({
        reason: "FieldValueNotSupported",
        message: `Unsupported value: ${JSON.stringify(reason)}: supported values: ${REASONS.slice(0, 3)
          .map((one) => JSON.stringify(one))
          .join(", ")}`,
        field: `${at}.reason`,
      });
  }
  for (const [index, { valueExpression }] of (spec.auditAnnotations ?? []).entries())
    judge(valueExpression, `spec.auditAnnotations[${index}].valueExpression`, ["string", "null_type"]);
  return causes;
}

/** Why an expression is none; `undefined` when nothing is wrong with it. */
export function expressionProblem(
  expression: string,
  types: readonly string[] | undefined,
  variables: Readonly<Record<string, Variable>>,
): string | undefined {
  try {
    const { type } = compileCel(expression, { variables });
    const shown = type === "null" ? "null_type" : type;
    if (types === undefined || types.includes(shown)) return undefined;
    return types.length === 1
      ? `must evaluate to ${types[0]} but got ${shown}`
      : `must evaluate to one of [${types.join(" ")}] but got ${shown}`;
  } catch (error) {
    return `compilation failed: ${(error as Error).message}`;
  }
}
