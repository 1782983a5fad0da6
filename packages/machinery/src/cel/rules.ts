import { isDeepStrictEqual } from "node:util";
import type { Cause } from "@outrigger/kit/api";
import type { SchemaNode, ValidationRule } from "@outrigger/kit/schema";
import { type CelProgram, compileCel } from "./compile.ts";
import { type Declaration, declare } from "./declaration.ts";
import { CelError } from "./error.ts";
import { rulePath } from "./rule-path.ts";

type Json = Record<string, unknown>;

export interface RuleOptions {
  /** The value before an update. */
  readonly old?: unknown;
  readonly path?: string;
}

/**
 * Judges a value by the CEL rules of its schema (`x-kubernetes-validations`), from the outside in. Rules about a
 * transition (`oldSelf`) are judged only where there is an old value, unless `optionalOldSelf` says otherwise. What an
 * update leaves as it was is not judged again by other rules (ratcheting: KEP-4008).
 *
 * @param value a whole object where no `path` is given
 */
export function validateRules(schema: SchemaNode, value: unknown, options: RuleOptions = {}): Cause[] {
  const causes: Cause[] = [];
  const { path = "", old } = options;
  descend(schema, value, { path, old, whole: path === "" }, causes);
  return causes;
}

interface Place {
  readonly path: string;
  /** The value before the update, where it can be told which one it was. */
  readonly old: unknown;
  readonly whole: boolean;
}

function descend(schema: SchemaNode, value: unknown, place: Place, causes: Cause[]): void {
  if (value === null || value === undefined) return;
  const rules = schema["x-kubernetes-validations"] ?? [];
  if (rules.length > 0) {
    const unchanged = place.old !== undefined && isDeepStrictEqual(value, place.old);
    for (const rule of rules) {
      const cause = judge(rule, schema, value, place, unchanged);
      if (cause) causes.push(cause);
    }
  }
  const { path, old } = place;
  if (Array.isArray(value)) {
    if (!schema.items) return;
    const before = itemsBefore(schema, old);
    for (const [index, item] of value.entries())
      descend(schema.items, item, { path: `${path}[${index}]`, old: before?.(item), whole: false }, causes);
  } else if (typeof value === "object") {
    const related = schema["x-kubernetes-map-type"] !== "atomic" && old !== null && typeof old === "object";
    for (const [field, inner] of Object.entries(value)) {
      const known = schema.properties && Object.hasOwn(schema.properties, field) ? schema.properties[field] : undefined;
      const node = known ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
      const before = related && Object.hasOwn(old as Json, field) ? (old as Json)[field] : undefined;
      if (node) descend(node, inner, { path: path === "" ? field : `${path}.${field}`, old: before, whole: false }, causes);
    }
  }
}

/** Items of a list are the same across an update only where keys say so. */
function itemsBefore(schema: SchemaNode, old: unknown): ((item: unknown) => unknown) | undefined {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (!keys || !Array.isArray(old)) return undefined;
  return (item) => (old as Json[]).find((one) => keys.every((key) => one?.[key] === (item as Json | null)?.[key]));
}

function judge(
  rule: ValidationRule,
  schema: SchemaNode,
  value: unknown,
  { path, old, whole }: Place,
  unchanged: boolean,
): Cause | undefined {
  const compile = (expression: string): CelProgram => programOf(schema, whole, rule.optionalOldSelf === true, expression);
  const variables = { self: value, ...(old !== undefined && { oldSelf: old }) };
  try {
    const program = compile(rule.rule);
    const transition = program.uses.has("oldSelf");
    if (transition ? old === undefined && rule.optionalOldSelf !== true : unchanged) return undefined;
    if (program.evaluate(variables) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const failed = rule.message?.trim() || rule.rule.trim();
    const said = error.message.startsWith("no such overload")
      ? `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${failed}`
      : error.message.startsWith("operation cancelled")
        ? `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${failed}`
        : `${error.message} evaluating rule: ${failed}`;
    return {
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(schema.type ?? "")}: ${said}`,
      field: path,
    };
  }
  return cause(
    rule.reason ?? "FieldValueInvalid",
    `${path}${rule.fieldPath ? (rulePath(schema, rule.fieldPath)?.text ?? rule.fieldPath) : ""}`,
    value,
    text(rule, (expression) => compile(expression).evaluate(variables)),
  );
}

/** A rule and its message as they will be used, and what each costs at most in units of Kubernetes' estimate; `Infinity` where nothing bounds it. */
export interface CompiledRule {
  readonly cost: number;
  readonly messageCost: number;
  readonly usesOldSelf: boolean;
}

/** What is wrong with a rule, and in which of its fields. */
export class RuleError extends CelError {
  readonly field: "rule" | "messageExpression";
  constructor(field: "rule" | "messageExpression", message: string) {
    super(message);
    this.field = field;
  }
}

/**
 * Compiles a rule as it will be judged, and estimates its cost.
 *
 * @param whole the rule is of a whole object
 * @throws RuleError with Kubernetes' text, the evaluator's own words for what is wrong in an expression
 */
export function compileRule(rule: ValidationRule, schema: SchemaNode, whole = false): CompiledRule {
  const compile = (field: RuleError["field"], expression: string, type: "bool" | "string"): CelProgram => {
    let program: CelProgram;
    try {
      program = programOf(schema, whole, rule.optionalOldSelf === true, expression);
    } catch (error) {
      throw new RuleError(field, `${field === "rule" ? "" : "messageExpression "}compilation failed: ${(error as Error).message}`);
    }
    if (program.type !== type)
      throw new RuleError(field, `${field === "rule" ? "cel expression" : "messageExpression"} must evaluate to a ${type}`);
    return program;
  };
  const judged = compile("rule", rule.rule, "bool");
  return {
    cost: judged.cost(),
    messageCost: rule.messageExpression ? compile("messageExpression", rule.messageExpression, "string").cost() : 0,
    usesOldSelf: judged.uses.has("oldSelf"),
  };
}

/** Programs by the schema whose values they judge: its types are compiled into them. */
const programs = new WeakMap<SchemaNode, Map<string, CelProgram>>();

function programOf(schema: SchemaNode, whole: boolean, optional: boolean, expression: string): CelProgram {
  const known = programs.get(schema) ?? new Map<string, CelProgram>();
  programs.set(schema, known);
  const object = whole || schema["x-kubernetes-embedded-resource"] === true;
  const key = `${object ? "whole" : "part"} ${optional ? "optional" : "given"} ${expression}`;
  let program = known.get(key);
  if (!program) {
    const declaration: Declaration = declare(schema, object) ?? { kind: "dyn", most: Number.POSITIVE_INFINITY, smallest: 1 };
    program = compileCel(expression, { variables: { self: { declaration }, oldSelf: { declaration, optional } } });
    known.set(key, program);
  }
  return program;
}

function text(rule: ValidationRule, evaluate: (expression: string) => unknown): string {
  if (rule.messageExpression) {
    try {
      const message = evaluate(rule.messageExpression);
      if (typeof message === "string" && message.trim() !== "") return message;
    } catch {
      // A message that cannot be made gives way to the one that is written.
    }
  }
  return rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
}

function cause(reason: string, field: string, value: unknown, message: string): Cause {
  if (reason === "FieldValueForbidden") return { reason, message: `Forbidden: ${message}`, field };
  if (reason === "FieldValueRequired") return { reason, message: `Required value: ${message}`, field };
  // Objects and lists are not shown: they can be long.
  const shown = typeof value === "object" ? "" : `${JSON.stringify(value)}: `;
  if (reason === "FieldValueDuplicate")
    return { reason, message: typeof value === "object" ? "Duplicate value" : `Duplicate value: ${JSON.stringify(value)}`, field };
  return { reason, message: `Invalid value: ${shown}${message}`, field };
}
