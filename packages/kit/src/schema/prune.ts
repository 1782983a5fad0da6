import type { SchemaNode } from "./node.ts";

type Json = Record<string, unknown>;

/** Fields that every object has, whatever its schema says of them. */
const OBJECT_FIELDS = new Set(["apiVersion", "kind", "metadata"]);

/**
 * Removes in place what a schema does not know, and tells each removed field by its path: `spec.containers[0].imag`.
 * Follows `x-kubernetes-preserve-unknown-fields`, embedded resources, maps and lists, as the API server does
 * (apiextensions' structural pruning; the typed decoder's for built-in kinds).
 *
 * @param isObject the value is a whole API object, whose apiVersion, kind and metadata are known without being said.
 */
export function prune(schema: SchemaNode, value: unknown, isObject = true): string[] {
  const paths: string[] = [];
  descend(schema, value, "", isObject, paths);
  return paths;
}

function descend(schema: SchemaNode, value: unknown, path: string, isObject: boolean, paths: string[]): void {
  if (Array.isArray(value)) {
    if (schema.items) for (const [index, item] of value.entries()) descend(schema.items, item, `${path}[${index}]`, false, paths);
    return;
  }
  if (value === null || typeof value !== "object") return;
  const object = value as Json;
  const { properties, additionalProperties } = schema;
  const embedded = isObject || schema["x-kubernetes-embedded-resource"] === true;
  if (!properties) {
    if (typeof additionalProperties === "object") {
      for (const [key, inner] of Object.entries(object)) descend(additionalProperties, inner, join(path, key), false, paths);
      return;
    }
    // A schema that says nothing about fields, of a built-in kind, knows any.
    if (
      schema["x-kubernetes-preserve-unknown-fields"] ||
      additionalProperties === true ||
      schema.type !== "object" ||
      schema.title !== undefined
    )
      return;
  }
  const keepUnknown = schema["x-kubernetes-preserve-unknown-fields"] === true || additionalProperties === true;
  for (const key of Object.keys(object)) {
    const child = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
    // A definition says of metadata only that it is an object: its fields are every object's.
    if (embedded && OBJECT_FIELDS.has(key) && !child?.properties) continue;
    if (child) {
      descend(child, object[key], join(path, key), false, paths);
      continue;
    }
    if (typeof additionalProperties === "object") {
      descend(additionalProperties, object[key], join(path, key), false, paths);
      continue;
    }
    if (keepUnknown) continue;
    delete object[key];
    paths.push(join(path, key));
  }
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
