import { Quantity } from "@outrigger/kit/api";
import { goStruct } from "@outrigger/kit/kinds";
import type { SchemaNode } from "@outrigger/kit/schema";

type Json = Record<string, unknown>;

/** What normalizing does with the fields of one struct; worked out once, since every write passes here. */
interface Plan {
  /** Fields that are always written, with what is written when nothing was said. */
  readonly always: readonly (readonly [field: string, child: SchemaNode, value: unknown])[];
  /** Fields whose zero value stays. */
  readonly kept: ReadonlySet<string>;
  /** Fields that are null when they are empty. */
  readonly nullables: ReadonlySet<string>;
}
const plans = new WeakMap<SchemaNode, Plan>();
const none: ReadonlySet<string> = new Set();

function planOf(node: SchemaNode): Plan {
  let plan = plans.get(node);
  if (plan) return plan;
  const { pointers = none, nullables = none, omitted = none } = goStruct(node) ?? {};
  const fields = Object.entries(node.properties ?? {}).filter(([field]) => !omitted.has(field));
  const always = fields.flatMap(([field, child]): Plan["always"] => {
    if (child.default !== undefined && !pointers.has(field)) return [[field, child, child.default]];
    return nullables.has(field) ? [[field, child, null]] : [];
  });
  const kept = new Set([...pointers, ...fields.filter(([, child]) => child.default !== undefined).map(([field]) => field)]);
  plan = { always, kept, nullables };
  plans.set(node, plan);
  return plan;
}

/**
 * Brings a decoded value into the form in which Kubernetes writes it, in place: nulls and zero values that Go leaves out
 * go, zero values that it always writes come, times lose their fractions of a second, quantities are canonical.
 */
export function normalize(node: SchemaNode, value: Json): void {
  const { properties } = node;
  if (!properties) {
    const { additionalProperties } = node;
    if (typeof additionalProperties !== "object") return;
    for (const key in value) {
      const inner = value[key];
      const next = additionalProperties.title === QUANTITY ? resourceAmount(inner) : scalarForm(additionalProperties, inner);
      if (next !== inner) value[key] = next;
      descend(additionalProperties, next);
    }
    return;
  }
  const { always, kept, nullables } = planOf(node);
  for (const field of Object.keys(value)) {
    const child = properties[field];
    if (!child) continue;
    const inner = value[field];
    if (inner === null) {
      delete value[field];
      continue;
    }
    const next = scalarForm(child, inner);
    if (next !== inner) value[field] = next;
    descend(child, next);
    if (!isZero(next) || kept.has(field)) continue;
    if (isStruct(child) && typeof next === "object") continue;
    if (nullables.has(field)) value[field] = null;
    else delete value[field];
  }
  for (const [field, child, given] of always) {
    if (value[field] !== undefined) continue;
    if (given === null || typeof given !== "object") {
      value[field] = given;
      continue;
    }
    const made = isZero(given) ? (Array.isArray(given) ? [] : {}) : structuredClone(given);
    value[field] = made;
    descend(child, made);
  }
}

function zeroOf({ type, properties, additionalProperties }: SchemaNode): unknown {
  switch (type) {
    case "string":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    case "array":
      return [];
    default:
      return type === "object" || properties || additionalProperties ? {} : null;
  }
}

function descend(node: SchemaNode, value: unknown): void {
  if (value === null || typeof value !== "object") return;
  if (!Array.isArray(value)) {
    normalize(node, value as Json);
    return;
  }
  const { items } = node;
  if (!items) return;
  for (let index = 0; index < value.length; index++) {
    // Go decodes `null` in a list as the type's zero value.
    if (value[index] === null) value[index] = zeroOf(items);
    const item: unknown = value[index];
    const next = scalarForm(items, item);
    if (next !== item) value[index] = next;
    descend(items, next);
  }
}

const canonical = new Map<string, string>();

const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const TIME = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const MICRO_TIME = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";

/** Quantities are written as Kubernetes writes them, whatever their author wrote; times are in UTC, most in whole seconds. */
function scalarForm(node: SchemaNode, value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number") return value;
  if (node.title === QUANTITY) return quantityText(String(value));
  if (typeof value !== "string" || (node.title !== TIME && node.title !== MICRO_TIME)) return value;
  const utc = value.endsWith("Z") ? value : inUtc(value);
  return node.title === TIME ? utc.replace(/\.\d+(?=Z$)/, "") : utc;
}

/** The same instant in UTC, its fraction of a second as it was written. */
function inUtc(time: string): string {
  const parts = /^(.{19})(\.\d+)?([+-]\d\d:\d\d)$/.exec(time);
  const instant = parts ? Date.parse(`${parts[1]}${parts[3]}`) : Number.NaN;
  return Number.isNaN(instant) ? time : `${new Date(instant).toISOString().slice(0, 19)}${parts?.[2] ?? ""}Z`;
}

/** In lists of resources, nothing is finer than a thousandth: it is rounded up. */
function resourceAmount(value: unknown): unknown {
  if (typeof value !== "string" && typeof value !== "number") return value;
  const text = quantityText(String(value));
  if (!/\d[un]$|e-\d+$/.test(text)) return text;
  const exact = Quantity.parse(text);
  return Quantity.ofMilli(exact.milliValue, exact.format).toString();
}

function quantityText(text: string): string {
  let known = canonical.get(text);
  if (known !== undefined) return known;
  try {
    known = Quantity.parse(text).toString();
  } catch {
    // Decoding refuses it; here it stays what it is.
    known = text;
  }
  if (canonical.size > 10_000) canonical.clear();
  canonical.set(text, known);
  return known;
}

/** A struct is written even when nothing in it is set; a list or map that is empty is not. */
function isStruct(node: SchemaNode): boolean {
  return node.properties !== undefined;
}

function isZero(value: unknown): boolean {
  if (value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (value !== null && typeof value === "object") {
    for (const _ in value) return false;
    return true;
  }
  return false;
}
