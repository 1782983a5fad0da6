import type { Cause } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import { hasFormat } from "./format.ts";
import { compilePattern } from "./pattern.ts";

type Json = Record<string, unknown>;

export interface ValidateOptions {
  /** The value before an update: what did not change is not judged again (ratcheting). */
  readonly old?: unknown;
  /** Path of the value within its object. Default "". */
  readonly path?: string;
}

/**
 * Judges a value by a structural schema, in the words of the API server for custom resources. CEL rules are judged
 * separately.
 *
 * @returns the causes in the order in which the API server lists them; empty when all is well.
 */
export function validate(schema: SchemaNode, value: unknown, options: ValidateOptions = {}): Cause[] {
  const causes: Cause[] = [];
  judge(schema, value, options.path ?? "", options.old, Object.hasOwn(options, "old"), causes);
  return causes;
}

/** Duplicates in lists of type set and map, which the API server judges after everything else. */
export function validateListTypes(schema: SchemaNode, value: unknown, path = ""): Cause[] {
  const causes: Cause[] = [];
  listTypes(schema, value, path, causes);
  return causes;
}

/** `Invalid value: "x": message` about a field; bare values are shown as Go's `%v`, texts quoted. */
export function invalidValue(field: string, value: unknown, message: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${shown(value)}: ${message}`, field };
}

function judge(schema: SchemaNode, value: unknown, path: string, old: unknown, hasOld: boolean, causes: Cause[]): void {
  if (hasOld && same(value, old)) return;
  if (value === null) {
    if (schema.nullable || schema["x-kubernetes-preserve-unknown-fields"] || schema.type === undefined) return;
    causes.push(wrongType(path, schema, "null"));
    return;
  }
  const type = typeOf(value);
  if (schema["x-kubernetes-int-or-string"]) {
    if (type !== "integer" && type !== "string") causes.push(typeCause(path, "integer,string", type));
    else if (type === "string") text(schema, value as string, path, causes);
    else number(schema, value as number, path, causes);
    return;
  }
  if (schema.type && !fits(schema.type, type)) {
    causes.push(wrongType(path, schema, type));
    return;
  }
  if (schema.enum && !schema.enum.some((allowed) => same(allowed, value))) {
    const supported = schema.enum.map((allowed) => (typeof allowed === "string" ? JSON.stringify(allowed) : String(allowed))).join(", ");
    causes.push({
      reason: "FieldValueNotSupported",
      message: `Unsupported value: ${shown(value)}: supported values: ${supported}`,
      field: path,
    });
    return;
  }
  if (typeof value === "string") text(schema, value, path, causes);
  else if (typeof value === "number") number(schema, value, path, causes);
  else if (Array.isArray(value)) list(schema, value, path, old, hasOld, causes);
  else if (typeof value === "object") object(schema, value as Json, path, old, hasOld, causes);
  combined(schema, value, path, causes);
}

function text(schema: SchemaNode, value: string, path: string, causes: Cause[]): void {
  const length = [...value].length;
  if (schema.maxLength !== undefined && length > schema.maxLength)
    causes.push({ reason: "FieldValueTooLong", message: `Too long: may not be more than ${schema.maxLength} bytes`, field: path });
  if (schema.minLength !== undefined && length < schema.minLength)
    causes.push(invalidValue(path, value, `${path} in body should be at least ${schema.minLength} chars long`));
  if (schema.pattern !== undefined && !compilePattern(schema.pattern)(value))
    causes.push(invalidValue(path, value, `${path} in body should match '${schema.pattern}'`));
  if (schema.format !== undefined && !hasFormat(schema.format, value))
    causes.push({
      ...invalidValue(path, value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`),
      reason: "FieldValueTypeInvalid",
    });
}

function number(schema: SchemaNode, value: number, path: string, causes: Cause[]): void {
  if (schema.multipleOf !== undefined) {
    // Whole numbers are divided as whole numbers, for which a factor below one is none (kube-openapi's MultipleOfNativeType).
    const whole = Number.isInteger(value);
    const factor = whole ? Math.trunc(schema.multipleOf) : schema.multipleOf;
    if (factor <= 0) causes.push(invalidValue(path, value, `factor MultipleOf declared for ${path} must be positive: ${factor}`));
    else if (whole ? value % factor !== 0 : Math.abs(value / factor - Math.round(value / factor)) > 1e-9)
      causes.push(invalidValue(path, value, `${path} in body should be a multiple of ${factor}`));
  }
  if (schema.maximum !== undefined && (schema.exclusiveMaximum ? value >= schema.maximum : value > schema.maximum))
    causes.push(
      invalidValue(path, value, `${path} in body should be less than ${schema.exclusiveMaximum ? "" : "or equal to "}${schema.maximum}`),
    );
  if (schema.minimum !== undefined && (schema.exclusiveMinimum ? value <= schema.minimum : value < schema.minimum))
    causes.push(
      invalidValue(path, value, `${path} in body should be greater than ${schema.exclusiveMinimum ? "" : "or equal to "}${schema.minimum}`),
    );
  if (schema.format === "int32" && (value > 2_147_483_647 || value < -2_147_483_648))
    causes.push(invalidValue(path, value, `Checked value must be of type integer with format int32 in ${path}`));
}

function list(schema: SchemaNode, value: readonly unknown[], path: string, old: unknown, hasOld: boolean, causes: Cause[]): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems)
    causes.push({
      reason: "FieldValueTooMany",
      message: `Too many: ${value.length}: must have at most ${schema.maxItems} ${schema.maxItems === 1 ? "item" : "items"}`,
      field: path,
    });
  if (schema.minItems !== undefined && value.length < schema.minItems)
    causes.push(invalidValue(path, value.length, `${path} in body should have at least ${schema.minItems} items`));
  if (!schema.items) return;
  const before = correlated(schema, old);
  for (const [index, item] of value.entries()) {
    const match = hasOld ? before(item) : undefined;
    judge(schema.items, item, `${path}[${index}]`, match, match !== undefined, causes);
  }
}

/** Items of a list of type map are the same item when their keys are. */
function correlated(schema: SchemaNode, old: unknown): (item: unknown) => unknown {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (schema["x-kubernetes-list-type"] !== "map" || !keys || !Array.isArray(old)) return () => undefined;
  const identity = (item: unknown): string => JSON.stringify(keys.map((key) => (item as Json | null)?.[key] ?? null));
  const known = new Map(old.map((item) => [identity(item), item as unknown]));
  return (item) => known.get(identity(item));
}

function object(schema: SchemaNode, value: Json, path: string, old: unknown, hasOld: boolean, causes: Cause[]): void {
  const before = hasOld && old !== null && typeof old === "object" ? (old as Json) : undefined;
  if (schema["x-kubernetes-embedded-resource"]) {
    for (const field of ["apiVersion", "kind"])
      if (value[field] === undefined || value[field] === "") causes.push(required(child(path, field)));
  }
  const count = Object.keys(value).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties)
    causes.push({
      reason: "FieldValueTooMany",
      message: `Too many: ${count}: must have at most ${schema.maxProperties} ${schema.maxProperties === 1 ? "item" : "items"}`,
      field: path,
    });
  if (schema.minProperties !== undefined && count < schema.minProperties)
    causes.push(invalidValue(path, count, `${path} in body should have at least ${schema.minProperties} properties`));
  for (const field of schema.required ?? []) if (value[field] === undefined) causes.push(required(child(path, field)));
  for (const field of Object.keys(value).sort()) {
    const known = schema.properties && Object.hasOwn(schema.properties, field) ? schema.properties[field] : undefined;
    const node = known ?? (typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined);
    if (node) judge(node, value[field], child(path, field), before?.[field], before !== undefined && field in before, causes);
  }
}

function combined(schema: SchemaNode, value: unknown, path: string, causes: Cause[]): void {
  const failing = (part: SchemaNode): Cause[] => validate(part, value, { path });
  const whole = (message: string): Cause => ({ reason: "FieldValueInvalid", message: `Invalid value: "": ${message}`, field: "<nil>" });
  for (const part of schema.allOf ?? []) causes.push(...failing(part));
  if (schema.oneOf) {
    const answers = schema.oneOf.map(failing);
    const valid = answers.filter((answer) => answer.length === 0).length;
    if (valid === 0) causes.push(whole(`"${path}" must validate one and only one schema (oneOf). Found none valid`), ...closest(answers));
    else if (valid > 1) causes.push(whole(`"${path}" must validate one and only one schema (oneOf). Found ${valid} valid alternatives`));
  }
  if (schema.anyOf) {
    const answers = schema.anyOf.map(failing);
    if (!answers.some((answer) => answer.length === 0))
      causes.push(whole(`"${path}" must validate at least one schema (anyOf)`), ...closest(answers));
  }
  if (schema.not && failing(schema.not).length === 0) causes.push(whole(`"${path}" must not validate the schema (not)`));
}

/** The alternative with the fewest faults tells what is missing. */
function closest(answers: readonly Cause[][]): Cause[] {
  return answers.reduce<Cause[]>((best, answer, index) => (index === 0 || answer.length < best.length ? answer : best), []);
}

function listTypes(schema: SchemaNode, value: unknown, path: string, causes: Cause[]): void {
  if (Array.isArray(value)) {
    const kind = schema["x-kubernetes-list-type"];
    if (kind === "set" || kind === "map") {
      const keys = schema["x-kubernetes-list-map-keys"] ?? [];
      const seen = new Set<string>();
      for (const [index, item] of value.entries()) {
        const identity =
          kind === "set"
            ? item
            : Object.fromEntries(keys.filter((key) => (item as Json | null)?.[key] !== undefined).map((key) => [key, (item as Json)[key]]));
        const key = JSON.stringify(identity);
        if (seen.has(key)) causes.push({ reason: "FieldValueDuplicate", message: `Duplicate value: ${key}`, field: `${path}[${index}]` });
        seen.add(key);
      }
    }
    if (schema.items) for (const [index, item] of value.entries()) listTypes(schema.items, item, `${path}[${index}]`, causes);
    return;
  }
  if (value === null || typeof value !== "object") return;
  for (const [field, inner] of Object.entries(value)) {
    const node =
      schema.properties && Object.hasOwn(schema.properties, field)
        ? schema.properties[field]
        : typeof schema.additionalProperties === "object"
          ? schema.additionalProperties
          : undefined;
    if (node) listTypes(node, inner, child(path, field), causes);
  }
}

function child(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}

function required(field: string): Cause {
  return { reason: "FieldValueRequired", message: "Required value", field };
}

function wrongType(path: string, schema: SchemaNode, type: string): Cause {
  return typeCause(path, schema.type ?? "", type);
}

function typeCause(path: string, wanted: string, type: string): Cause {
  return {
    reason: "FieldValueTypeInvalid",
    message: `Invalid value: "${type}": ${path} in body must be of type ${wanted}: "${type}"`,
    field: path,
  };
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function fits(wanted: string, type: string): boolean {
  return wanted === type || (wanted === "number" && type === "integer");
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : typeof value === "object" ? JSON.stringify(value) : String(value);
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const [left, right] = [Object.keys(a), Object.keys(b)];
  if (Array.isArray(a) !== Array.isArray(b) || left.length !== right.length) return false;
  return left.every((key) => Object.hasOwn(b, key) && same((a as Json)[key], (b as Json)[key]));
}
