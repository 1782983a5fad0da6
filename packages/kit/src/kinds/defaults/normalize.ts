import type { SchemaNode } from "../../schema/index.ts";
import { goStruct } from "../table.ts";

type Json = Record<string, unknown>;

/**
 * Brings a decoded value into the form in which Kubernetes writes it, in place: nulls and zero values that Go leaves out
 * go, zero values that it always writes come, times lose their fractions of a second.
 */
export function normalize(node: SchemaNode, value: Json): void {
  const struct = goStruct(node);
  const { properties } = node;
  if (!properties) {
    if (typeof node.additionalProperties === "object") for (const inner of Object.values(value)) descend(node.additionalProperties, inner);
    return;
  }
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
    if (isZero(next) && !struct?.pointers.has(field) && !struct?.nullables.has(field) && child.default === undefined && !(isStruct(child) && typeof next === "object")) delete value[field];
  }
  for (const [field, child] of Object.entries(properties)) {
    if (value[field] !== undefined) continue;
    if (child.default !== undefined && !(struct?.pointers.has(field) ?? false)) {
      const given = structuredClone(child.default);
      value[field] = given;
      descend(child, given);
    } else if (struct?.nullables.has(field)) value[field] = null;
  }
}

function descend(node: SchemaNode, value: unknown): void {
  if (Array.isArray(value)) {
    if (!node.items) return;
    for (const [index, item] of value.entries()) {
      const next = scalarForm(node.items, item);
      if (next !== item) value[index] = next;
      descend(node.items, next);
    }
  } else if (value !== null && typeof value === "object") normalize(node, value as Json);
}

/** Quantities that were written as numbers are texts; times have whole seconds. */
function scalarForm(node: SchemaNode, value: unknown): unknown {
  if (typeof value === "number" && node.title === "io.k8s.apimachinery.pkg.api.resource.Quantity") return String(value);
  if (typeof value === "string" && node.title === "io.k8s.apimachinery.pkg.apis.meta.v1.Time") return value.replace(/\.\d+(?=Z$)/, "");
  return value;
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
