import { Quantity } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import type { ServedResource } from "./contracts.ts";

/**
 * The first value that does not fit its field, in the words of Go's JSON decoder:
 * `json: cannot unmarshal number into Go struct field ConfigMap.data of type string`. Undefined when all fit.
 */
export function goTypeProblem(resource: ServedResource, value: Record<string, unknown>): string | undefined {
  return inStruct(resource.schema, value, resource.kind, "");
}

function inStruct(schema: SchemaNode, value: Record<string, unknown>, struct: string, path: string): string | undefined {
  const { properties } = schema;
  if (!properties) return undefined;
  for (const field of Object.keys(value)) {
    const node = properties[field];
    if (!node) continue;
    const problem = atField(node, value[field], struct, path === "" ? field : `${path}.${field}`, field);
    if (problem) return problem;
  }
  return undefined;
}

function atField(node: SchemaNode, value: unknown, struct: string, path: string, field: string): string | undefined {
  if (value === null || value === undefined) return undefined;
  const { type } = node;
  const wrong = (goType: string): string =>
    `json: cannot unmarshal ${jsonKind(value)} into Go struct field ${struct}.${path} of type ${goType}`;
  if (isQuantity(node)) return quantityProblem(value);
  if (node["x-kubernetes-int-or-string"] || node["x-kubernetes-preserve-unknown-fields"] || node.oneOf || node.anyOf) return undefined;
  if (type === "array") {
    if (!Array.isArray(value)) return wrong(goType(node, field));
    for (const item of value) {
      const problem = node.items && atField(node.items, item, struct, path, field);
      if (problem) return problem;
    }
    return undefined;
  }
  if (node.properties) {
    if (!isPlainObject(value)) return wrong(goType(node, field));
    return inStruct(node, value, structName(node, struct, field), path);
  }
  if (type === "object") {
    if (typeof node.additionalProperties !== "object") return undefined;
    if (!isPlainObject(value)) return wrong(goType(node, field));
    for (const item of Object.values(value)) {
      const problem = atField(node.additionalProperties, item, struct, path, field);
      if (problem) return problem;
    }
    return undefined;
  }
  if (type === "string" && node.format === "byte" && typeof value === "string") {
    const wrongAt = illegalBase64(value);
    return wrongAt === undefined ? undefined : `illegal base64 data at input byte ${wrongAt}`;
  }
  if (type === "string" && typeof value !== "string") {
    if (node.format === "date-time" || node.format === "byte" || node.format === "int-or-string") return undefined;
    return wrong("string");
  }
  if (type === "boolean" && typeof value !== "boolean") return wrong("bool");
  if (type === "integer") {
    if (typeof value !== "number") return wrong(node.format ?? "int64");
    if (!Number.isInteger(value))
      return `json: cannot unmarshal number ${value} into Go struct field ${struct}.${path} of type ${node.format ?? "int64"}`;
  }
  if (type === "number" && typeof value !== "number") return wrong("float64");
  return undefined;
}

/** Where Go's strict decoder stumbles; undefined where it does not. */
function illegalBase64(text: string): number | undefined {
  const clean = text.replace(/[\r\n]/g, "");
  const wrong = /[^A-Za-z0-9+/=]/.exec(clean)?.index ?? /=(?=[^=])/.exec(clean)?.index;
  if (wrong !== undefined) return wrong;
  return clean.length % 4 === 0 ? undefined : clean.length - (clean.length % 4);
}

function quantityProblem(value: unknown): string | undefined {
  try {
    Quantity.parse(String(value));
    return undefined;
  } catch {
    return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  }
}

/** Quantities may be written as numbers; the published schemas call them strings. */
function isQuantity(node: SchemaNode): boolean {
  return definitionName(node)?.endsWith("resource.Quantity") === true;
}

/** `io.k8s.api.core.v1.PodSpec`, where the schema keeps the name of its definition. */
function definitionName(node: SchemaNode): string | undefined {
  return node.title;
}

function structName(node: SchemaNode, parent: string, field: string): string {
  const name = definitionName(node)?.split(".").at(-1);
  if (name) return name;
  if (field === "metadata") return "ObjectMeta";
  return `${parent.replace(/Spec$|Status$/, "")}${field[0]?.toUpperCase() ?? ""}${field.slice(1)}`;
}

function goType(node: SchemaNode, field: string): string {
  if (node.type === "array") return `[]${node.items ? goType(node.items, field) : "interface {}"}`;
  if (node.properties) {
    const definition = definitionName(node)?.split(".");
    if (definition) return `${definition.at(-2)}.${definition.at(-1)}`;
    return `v1.${structName(node, "", field)}`;
  }
  if (node.type === "object")
    return `map[string]${typeof node.additionalProperties === "object" ? goType(node.additionalProperties, field) : "interface {}"}`;
  if (node.type === "integer") return node.format ?? "int64";
  if (node.type === "boolean") return "bool";
  if (node.type === "number") return "float64";
  return "string";
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
