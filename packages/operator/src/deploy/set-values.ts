import { defaults, isValue, type Values, type ValueTree } from "../manifest-tree/index.ts";
import { ValueError } from "./value-error.ts";
import { VALUES } from "./values.ts";

/**
 * The default values with others in their place.
 *
 * @param given nested as in the chart's values.yaml
 * @throws ValueError that names the value, and what it may be.
 */
export function applyValues(given: Values): Values {
  return applied(VALUES, given, "");
}

function applied(tree: ValueTree, given: Values, path: string): Values {
  const result: Record<string, unknown> = { ...defaults(tree) };
  for (const [name, value] of Object.entries(given)) {
    const known = tree[name];
    if (known === undefined)
      throw new ValueError(`there is no value ${path}${name}: ${path || "the values"} has ${Object.keys(tree).join(", ")}`);
    if (isValue(known)) result[name] = checked(known.schema, value, `${path}${name}`);
    else if (isObject(value)) result[name] = applied(known, value, `${path}${name}.`);
    else throw new ValueError(`${path}${name} is an object with ${Object.keys(known).join(", ")}`);
  }
  return result;
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly minLength?: number;
  readonly not?: { readonly enum: readonly unknown[] };
}

function checked(schema: Schema, value: unknown, path: string): unknown {
  const refuse = (must: string): never => {
    throw new ValueError(`${path} is ${JSON.stringify(value)}: ${must}`);
  };
  if (schema.enum && !schema.enum.includes(value)) refuse(`write one of ${schema.enum.join(", ")}`);
  if (schema.not?.enum.includes(value)) refuse(`it must not be ${schema.not.enum.join(" or ")}`);
  if (schema.type !== undefined && schema.type !== typeOf(value)) refuse(`it must be of type ${schema.type}`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value as string)) refuse(`it must match ${schema.pattern}`);
  if (schema.minimum !== undefined && (value as number) < schema.minimum) refuse(`it must be at least ${schema.minimum}`);
  if (schema.minLength !== undefined && (value as string).length < schema.minLength) refuse("it must not be empty");
  return value;
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function isObject(value: unknown): value is Values {
  return typeOf(value) === "object" && value !== null;
}
