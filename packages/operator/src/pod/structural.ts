import { goStruct, schemaName } from "@outrigger/kit/kinds";
import type { SchemaNode } from "@outrigger/kit/schema";

const QUANTITY = String.raw`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`;

/**
 * A node of a built-in kind's schema as a structural schema for a CustomResourceDefinition: amounts as integer or text
 * with Kubernetes' pattern, no list types (a map of ports by protocol would need defaults, and variables may stand
 * twice), no descriptions.
 */
export function structural(node: SchemaNode): SchemaNode {
  if (schemaName(node)?.endsWith(".Quantity") === true) return quantity();
  if (isIntOrString(node)) return { "x-kubernetes-int-or-string": true };
  const result: SchemaNode = {};
  if (node.type !== undefined) result.type = node.type;
  if (node.format !== undefined && node.type !== undefined) result.format = node.format;
  if (node.enum !== undefined) result.enum = node.enum;
  if (node.required !== undefined) result.required = node.required;
  if (node.properties !== undefined) {
    result.type = "object";
    result.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, inner]) => [
        name,
        pointer(node, name) ? { ...structural(inner), nullable: true } : structural(inner),
      ]),
    );
  }
  if (typeof node.additionalProperties === "object") {
    result.type = "object";
    result.additionalProperties = structural(node.additionalProperties);
  }
  if (node.items !== undefined) {
    result.type = "array";
    result.items = structural(node.items);
  }
  if (result.type === "object" && result.properties === undefined && result.additionalProperties === undefined)
    result["x-kubernetes-preserve-unknown-fields"] = true;
  return result;
}

/** What Go writes as null where it is absent, a pointer or a time: sets that kruise stored hold such nulls, and so do ours. */
function pointer(node: SchemaNode, field: string): boolean {
  if (field === "creationTimestamp") return true;
  return node.properties?.[field]?.default !== undefined && goStruct(node)?.pointers.has(field) === true;
}

function quantity(): SchemaNode {
  return { anyOf: [{ type: "integer" }, { type: "string" }], pattern: QUANTITY, "x-kubernetes-int-or-string": true };
}

function isIntOrString(node: SchemaNode): boolean {
  return schemaName(node)?.endsWith(".IntOrString") === true || node["x-kubernetes-int-or-string"] === true;
}
