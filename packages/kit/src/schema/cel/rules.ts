import type { Cause } from "../../api/index.ts";
import type { SchemaNode, ValidationRule } from "../node.ts";
import { CelError, compileCel } from "./compile.ts";

type Json = Record<string, unknown>;

export interface RuleOptions {
  /** The value before an update. */
  readonly old?: unknown;
  readonly path?: string;
}

/**
 * Judges a value by the CEL rules of its schema (`x-kubernetes-validations`), from the outside in. Rules about a
 * transition (`oldSelf`) are judged only where there is an old value, unless `optionalOldSelf` says otherwise.
 */
export function validateRules(schema: SchemaNode, value: unknown, options: RuleOptions = {}): Cause[] {
  const causes: Cause[] = [];
  descend(schema, value, options.path ?? "", options.old, causes);
  return causes;
}

function descend(schema: SchemaNode, value: unknown, path: string, old: unknown, causes: Cause[]): void {
  if (value === null || value === undefined) return;
  for (const rule of schema["x-kubernetes-validations"] ?? []) {
    const cause = judge(rule, value, path, old);
    if (cause) causes.push(cause);
  }
  if (Array.isArray(value)) {
    if (!schema.items) return;
    const keys = schema["x-kubernetes-list-map-keys"];
    for (const [index, item] of value.entries()) {
      const before =
        keys && Array.isArray(old)
          ? (old as Json[]).find((one) => keys.every((key) => one?.[key] === (item as Json | null)?.[key]))
          : undefined;
      descend(schema.items, item, `${path}[${index}]`, before, causes);
    }
  } else if (typeof value === "object") {
    const before = old !== null && typeof old === "object" ? (old as Json) : undefined;
    for (const [field, inner] of Object.entries(value)) {
      const known = schema.properties && Object.hasOwn(schema.properties, field) ? schema.properties[field] : undefined;
      const node = known ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
      if (node) descend(node, inner, path === "" ? field : `${path}.${field}`, before?.[field], causes);
    }
  }
}

function judge(rule: ValidationRule, value: unknown, path: string, old: unknown): Cause | undefined {
  const transition = /\boldSelf\b/.test(rule.rule);
  if (transition && old === undefined && !rule.optionalOldSelf) return undefined;
  const field = rule.fieldPath ? `${path}${rule.fieldPath}` : path;
  const reason = rule.reason ?? "FieldValueInvalid";
  try {
    const variables = { self: value, ...(transition ? { oldSelf: old } : {}) };
    if (compileCel(rule.rule, { variables: Object.keys(variables) }).evaluate(variables) === true) return undefined;
    return cause(reason, field, value, text(rule, variables));
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return {
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(typeName(value))}: ${error.message} evaluating rule: ${rule.message ?? rule.rule}`,
      field,
    };
  }
}

function text(rule: ValidationRule, variables: Json): string {
  if (rule.messageExpression) {
    try {
      const message = compileCel(rule.messageExpression, { variables: Object.keys(variables) }).evaluate(variables);
      if (typeof message === "string" && message.trim() !== "") return message;
    } catch {
      // A message that cannot be made gives way to the one that is written.
    }
  }
  return rule.message ?? `failed rule: ${rule.rule}`;
}

function cause(reason: string, field: string, value: unknown, message: string): Cause {
  if (reason === "FieldValueForbidden") return { reason, message: `Forbidden: ${message}`, field };
  if (reason === "FieldValueRequired") return { reason, message: `Required value: ${message}`, field };
  // Objects and lists are not shown: they can be long.
  const shown = typeof value === "object" ? "" : `${JSON.stringify(value)}: `;
  if (reason === "FieldValueDuplicate")
    return { reason, message: `Duplicate value: ${JSON.stringify(typeof value === "object" ? typeName(value) : value)}`, field };
  return { reason, message: `Invalid value: ${shown}${message}`, field };
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}
