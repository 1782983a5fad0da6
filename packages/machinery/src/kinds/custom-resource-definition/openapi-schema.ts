import type { SchemaNode } from "@outrigger/kit/schema";
import type { Findings } from "./findings.ts";

/** Fields of OpenAPI that a definition's schema may not have, by the name that Kubernetes gives them in its message. */
interface Unsupported {
  $ref?: unknown;
  id?: string;
  additionalItems?: unknown;
  patternProperties?: object;
  definitions?: object;
  dependencies?: object;
}

/** Where a schema stands. */
interface Place {
  readonly root: boolean;
  /** Why no default may be here. */
  readonly noDefaults?: string;
  /** Inside the metadata or type of an object. */
  readonly insideMeta?: boolean;
}

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
const META = new Set(["metadata", "kind", "apiVersion"]);

/** What a schema may not say at all (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). */
export function findInOpenApi(found: Findings, schema: SchemaNode, path: string): void {
  visit(found, schema, path, { root: true });
}

function visit(found: Findings, node: SchemaNode, path: string, place: Place): void {
  unsupportedFields(found, node, path, place);
  const { root: _, ...inside } = place;
  const below = (inner: SchemaNode, at: string, more: Partial<Place> = {}): void =>
    visit(found, inner, `${path}.${at}`, { ...inside, root: false, ...more });
  if (node.uniqueItems)
    found.forbidden(`${path}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  const { additionalProperties: others, properties = {} } = node;
  if (others !== undefined && others !== true && Object.keys(properties).length > 0)
    found.forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive");
  if (typeof others === "object")
    below(
      others,
      "additionalProperties",
      place.insideMeta ? { noDefaults: "inside additionalProperties applying to object metadata" } : {},
    );
  for (const [name, inner] of Object.entries(properties)) {
    const meta = (place.root || node["x-kubernetes-embedded-resource"] === true) && META.has(name);
    below(inner, `properties[${name}]`, meta ? { insideMeta: true, ...(place.root && { noDefaults: `in top-level ${name}` }) } : {});
  }
  // A judgment sets nothing: defaults in it are told of by the structure.
  if (node.not) below(node.not, "not");
  for (const junctor of ["allOf", "oneOf", "anyOf"] as const)
    for (const [index, inner] of (node[junctor] ?? []).entries()) below(inner, `${junctor}[${index}]`);
  if (node.items && !Array.isArray(node.items)) below(node.items, "items");
  extensions(found, node, path);
}

function unsupportedFields(found: Findings, node: SchemaNode & Unsupported, path: string, { noDefaults, insideMeta }: Place): void {
  const { type } = node as { type?: string };
  if (type !== undefined && type !== "" && !TYPES.includes(type)) found.unsupported(`${path}.type`, type, TYPES);
  if (node.default !== undefined && node.default !== null && noDefaults !== undefined)
    found.forbidden(`${path}.default`, `must not be set ${noDefaults}`);
  if (node.id) found.forbidden(`${path}.id`, "id is not supported");
  for (const field of ["additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] as const) {
    const value = node[field];
    const empty = (field === "patternProperties" || field === "definitions") && Object.keys(value ?? {}).length === 0;
    if (value !== undefined && value !== null && !empty) found.forbidden(`${path}.${field}`, `${field} is not supported`);
  }
  if (type === "null") found.forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative");
  if (Array.isArray(node.items)) found.forbidden(`${path}.items`, "items must be a schema object and not an array");
  if (insideMeta && node["x-kubernetes-embedded-resource"])
    found.forbidden(`${path}.x-kubernetes-embedded-resource`, "must not be used inside of resource meta");
}

function extensions(found: Findings, node: SchemaNode, path: string): void {
  const list: string | undefined = node["x-kubernetes-list-type"];
  const map: string | undefined = node["x-kubernetes-map-type"];
  if (node["x-kubernetes-preserve-unknown-fields"] === false)
    found.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined");
  if (map !== undefined) typeMustBe(found, node, path, "object", "x-kubernetes-map-type");
  if (map !== undefined && map !== "atomic" && map !== "granular")
    found.unsupported(`${path}.x-kubernetes-map-type`, map, ["atomic", "granular"]);
  if (list !== undefined && node.type !== "array") typeMustBe(found, node, path, "array", "x-kubernetes-list-type");
  else if (list === "set") itemsOfSet(found, node, path);
  if (list !== undefined && !["atomic", "set", "map"].includes(list))
    found.unsupported(`${path}.x-kubernetes-list-type`, list, ["atomic", "set", "map"]);
  mapKeys(found, node, path);
  if ((list === "set" || list === "map") && node.items?.nullable)
    found.forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${list}`);
  if (list === "map") requiredKeys(found, node, path);
}

function typeMustBe(found: Findings, { type }: SchemaNode, path: string, wanted: "array" | "object", by: string): void {
  if (type === wanted) return;
  if (!type) found.required(`${path}.type`, `must be ${wanted} if ${by} is specified`);
  else found.invalid(`${path}.type`, type, `must be ${wanted} if ${by} is specified`);
}

function itemsOfSet(found: Findings, { items }: SchemaNode, path: string): void {
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const list = items?.["x-kubernetes-list-type"];
  if (items?.type === "array" && list !== undefined && list !== "atomic") found.invalid(`${path}.items.x-kubernetes-list-type`, list, why);
  // Kubernetes shows the type of the list here too.
  if (items?.type === "object" && items["x-kubernetes-map-type"] !== "atomic")
    found.invalid(`${path}.items.x-kubernetes-map-type`, list ?? null, why);
}

function mapKeys(found: Findings, node: SchemaNode, path: string): void {
  const { items } = node;
  const keys = node["x-kubernetes-list-map-keys"] ?? [];
  const list: string | undefined = node["x-kubernetes-list-type"];
  if (keys.length > 0 && list === undefined)
    found.required(`${path}.x-kubernetes-list-type`, "must be map if x-kubernetes-list-map-keys is non-empty");
  else if (keys.length > 0 && list !== "map")
    found.invalid(`${path}.x-kubernetes-list-type`, list, "must be map if x-kubernetes-list-map-keys is non-empty");
  if (list !== "map") return;
  if (keys.length === 0) found.required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map");
  if (!items) {
    found.required(`${path}.items`, "must have a schema if x-kubernetes-list-type is map");
    return;
  }
  if (items.type !== "object") {
    found.invalid(`${path}.items.type`, items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map");
    return;
  }
  const seen = new Set<string>();
  for (const key of keys) {
    const property = items.properties?.[key];
    if (!property) found.invalid(`${path}.x-kubernetes-list-map-keys`, keys, "entries must all be names of item properties");
    else if (property.type === "array" || property.type === "object")
      found.invalid(
        `${path}.items.properties[${key}].type`,
        items.type,
        "must be a scalar type if parent array's x-kubernetes-list-type is map",
      );
    if (seen.has(key)) found.invalid(`${path}.x-kubernetes-list-map-keys`, keys, "must not contain duplicate entries");
    seen.add(key);
  }
}

function requiredKeys(found: Findings, { items, ...node }: SchemaNode, path: string): void {
  for (const key of node["x-kubernetes-list-map-keys"] ?? []) {
    const property = items?.properties?.[key];
    if (!property) continue;
    const at = `${path}.items.properties[${key}]`;
    const why = "this property is in x-kubernetes-list-map-keys, so it";
    if (!items?.required?.includes(key) && property.default === undefined)
      found.required(`${at}.default`, `${why} must have a default or be a required property`);
    if (property.nullable) found.forbidden(`${at}.nullable`, `${why} cannot be nullable`);
  }
}
