import type { SchemaNode } from "@outrigger/kit/schema";

type Json = Record<string, unknown>;

/**
 * Fills a schema's defaults into a value, in place, as the API server does for custom resources: a field that is absent,
 * or null where null is not allowed, gets its default, which is then filled in itself.
 */
export function applyDefaults(schema: SchemaNode, value: unknown): void {
  if (Array.isArray(value)) {
    if (!schema.items) return;
    for (const [index, item] of value.entries()) {
      if (item === null && !schema.items.nullable && schema.items.default !== undefined)
        value[index] = structuredClone(schema.items.default);
      applyDefaults(schema.items, value[index]);
    }
    return;
  }
  if (value === null || typeof value !== "object") return;
  const object = value as Json;
  for (const [field, child] of Object.entries(schema.properties ?? {})) {
    if (
      Object.hasOwn(object, field) &&
      object[field] === null &&
      !child.nullable &&
      !child["x-kubernetes-preserve-unknown-fields"] &&
      child.default !== undefined
    )
      delete object[field];
    if (!Object.hasOwn(object, field) && child.default !== undefined) object[field] = structuredClone(child.default);
    if (Object.hasOwn(object, field)) applyDefaults(child, object[field]);
  }
  if (typeof schema.additionalProperties === "object") {
    for (const [key, inner] of Object.entries(object)) {
      if (schema.properties && Object.hasOwn(schema.properties, key)) continue;
      if (inner === null && !schema.additionalProperties.nullable && schema.additionalProperties.default !== undefined)
        object[key] = structuredClone(schema.additionalProperties.default);
      applyDefaults(schema.additionalProperties, object[key]);
    }
  }
}

/**
 * Removes nulls that a schema neither allows nor replaces by a default, in place: the API server drops them from custom
 * resources before it validates.
 */
export function dropNulls(schema: SchemaNode, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const item of value) dropNulls(schema.items, item);
    return;
  }
  if (value === null || typeof value !== "object") return;
  const object = value as Json;
  for (const [key, inner] of Object.entries(object)) {
    const child =
      schema.properties && Object.hasOwn(schema.properties, key)
        ? schema.properties[key]
        : typeof schema.additionalProperties === "object"
          ? schema.additionalProperties
          : undefined;
    if (!child) continue;
    if (inner === null && !child.nullable && !child["x-kubernetes-preserve-unknown-fields"]) delete object[key];
    else dropNulls(child, inner);
  }
}
