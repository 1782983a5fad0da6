import { parseDuration } from "../../api/index.ts";
import type { SchemaNode } from "../node.ts";

/** What the evaluator calls a duration. */
export type DurationMaker = (milliseconds: number) => unknown;

/**
 * JSON as CEL sees it. With a schema: integers are `int` and other numbers `double` as the schema says, times and
 * durations are their own types, fields have the names under which an expression reaches them, and only fields that the
 * schema has are reached (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules).
 * Without one, whole numbers are integers.
 *
 * @param whole the value is a whole object: `apiVersion`, `kind` and `metadata` are reached though no schema has them
 */
export function celValue(value: unknown, schema: SchemaNode | undefined, duration: DurationMaker, whole = false): unknown {
  if (typeof value === "number") return wholeNumber(value, schema) ? BigInt(value) : value;
  if (typeof value === "string") return schema?.format === undefined ? value : formatted(value, schema.format, duration);
  if (Array.isArray(value)) return value.map((item) => celValue(item, schema?.items, duration));
  if (value === null || typeof value !== "object" || !isPlain(value)) return value;
  const typed = schema !== undefined && schema["x-kubernetes-preserve-unknown-fields"] !== true && schema.properties !== undefined;
  const object = whole || schema?.["x-kubernetes-embedded-resource"] === true;
  const result: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const known = schema?.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const others = typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined;
    if (typed && known === undefined && others === undefined && !(object && OF_OBJECTS.has(key))) continue;
    const name = known === undefined ? key : escapedName(key);
    if (name !== undefined) set(result, name, celValue(inner, known ?? others, duration));
  }
  return result;
}

const OF_OBJECTS: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

function wholeNumber(value: number, schema: SchemaNode | undefined): boolean {
  return Number.isInteger(value) && schema?.type !== "number";
}

function formatted(text: string, format: string, duration: DurationMaker): unknown {
  if (format === "date" || format === "date-time") {
    const time = new Date(text);
    return Number.isNaN(time.getTime()) ? text : time;
  }
  if (format === "byte") return new Uint8Array(Buffer.from(text, "base64"));
  if (format !== "duration") return text;
  try {
    return duration(parseDuration(text));
  } catch {
    return text;
  }
}

const KEYWORDS = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(" "),
);
const SIGNS: Readonly<Record<string, string>> = { __: "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__" };

/** The name under which an expression reaches a property; `undefined` where there is none. */
export function escapedName(property: string): string | undefined {
  if (KEYWORDS.has(property)) return `__${property}__`;
  const name = property.replace(/__|[.\-/]/g, (sign) => SIGNS[sign]!);
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : undefined;
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function set(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}
