import { isDeepStrictEqual } from "node:util";
import type { Cause } from "../../api/index.ts";
import type { SchemaNode, ValidationRule } from "../node.ts";
import { CelError, type CelOptions, type CelProgram, compileCel } from "./compile.ts";
import { estimateCost } from "./cost.ts";
import { declare } from "./declaration.ts";

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
  const transition = /\boldSelf\b/.test(rule.rule);
  if (transition ? old === undefined && rule.optionalOldSelf !== true : unchanged) return undefined;
  const evaluation: Evaluation = {
    options: ruleOptions(rule, schema, transition),
    variables: transition ? { self: value, oldSelf: old } : { self: value },
    of: { schema, whole },
  };
  try {
    if (evaluated(rule.rule, evaluation) === true) return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return {
      reason: "FieldValueInvalid",
      message: `Invalid value: ${JSON.stringify(typeName(value))}: ${error.message} evaluating rule: ${rule.message ?? rule.rule}`,
      field: path,
    };
  }
  return cause(rule.reason ?? "FieldValueInvalid", rule.fieldPath ? `${path}${rule.fieldPath}` : path, value, text(rule, evaluation));
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
  const options = ruleOptions(rule, schema, true);
  const declaration = declare(schema, whole) ?? { kind: "dyn", most: Number.POSITIVE_INFINITY, smallest: 1 };
  const variables = new Map(options.variables.map((name) => [name, declaration]));
  const costOf = (field: RuleError["field"], expression: string, type: "bool" | "string"): number => {
    let program: CelProgram;
    let cost: number;
    try {
      program = compileCel(expression, options);
      cost = estimateCost(program.ast, variables);
    } catch (error) {
      throw new RuleError(field, `${field === "rule" ? "" : "messageExpression "}compilation failed: ${(error as Error).message}`);
    }
    if (program.type !== type && program.type !== "dyn")
      throw new RuleError(field, `${field === "rule" ? "cel expression" : "messageExpression"} must evaluate to a ${type}`);
    return cost;
  };
  return {
    cost: costOf("rule", rule.rule, "bool"),
    messageCost: rule.messageExpression ? costOf("messageExpression", rule.messageExpression, "string") : 0,
    usesOldSelf: /\boldSelf\b/.test(rule.rule),
  };
}

function ruleOptions(rule: ValidationRule, schema: SchemaNode, transition: boolean): CelOptions {
  const type = typeOf(schema);
  return {
    variables: transition ? ["self", "oldSelf"] : ["self"],
    types: { self: type, oldSelf: type },
    optional: transition && rule.optionalOldSelf === true ? ["oldSelf"] : [],
  };
}

const TYPES: Readonly<Record<string, string>> = { string: "string", integer: "int", number: "double", boolean: "bool", array: "list" };
/** Formats whose values are of another type, when they can be read. */
const TYPED_FORMATS: ReadonlySet<string> = new Set(["date", "date-time", "duration", "byte"]);

function typeOf(schema: SchemaNode): string {
  if (schema["x-kubernetes-int-or-string"] === true || schema.nullable === true || TYPED_FORMATS.has(schema.format ?? "")) return "dyn";
  return TYPES[schema.type ?? ""] ?? "dyn";
}

interface Evaluation {
  readonly options: CelOptions;
  readonly variables: Json;
  readonly of: { readonly schema: SchemaNode; readonly whole: boolean };
}

function evaluated(expression: string, { options, variables, of }: Evaluation): unknown {
  return compileCel(expression, options).evaluate(variables, of);
}

function text(rule: ValidationRule, evaluation: Evaluation): string {
  if (rule.messageExpression) {
    try {
      const message = evaluated(rule.messageExpression, evaluation);
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
