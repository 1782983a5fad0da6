import { type SchemaNode, t } from "../schema/index.ts";
import { builtInDefinition, schemaName } from "./definitions.ts";

const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
/** What of metadata an object inside another can have: the rest is the API server's. */
const EMBEDDED_META = ["annotations", "finalizers", "labels", "name", "namespace"];
/** Keywords that a definition of a built-in kind has and a structural schema has not, or that are handled below. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "title",
  "default",
  "properties",
  "items",
  "additionalProperties",
  "x-kubernetes-patch-strategy",
  "x-kubernetes-patch-merge-key",
  "x-kubernetes-group-version-kind",
  "x-kubernetes-unions",
]);

/**
 * The definition of a part of Kubernetes' own kinds as a structural schema, for a CustomResourceDefinition.
 *
 * Published defaults that are only Go's zero values are left out: they would fill in required fields that a writer forgot.
 * Keys of lists that are maps keep theirs, since the API server wants a key to be required or to have a default.
 *
 * @throws RangeError for a definition that is not there, and for one that contains itself.
 */
export function structuralDefinition(name: string): SchemaNode {
  const definition = builtInDefinition(name);
  if (!definition) throw new RangeError(`Kubernetes has no ${name}`);
  return structural(definition, []);
}

function structural(node: SchemaNode, above: readonly string[]): SchemaNode {
  const name = schemaName(node);
  if (name === QUANTITY) return t.Quantity() as SchemaNode;
  if (node["x-kubernetes-int-or-string"]) return t.IntOrString() as SchemaNode;
  if (name !== undefined && above.includes(name)) throw new RangeError(`${name} contains itself, which no structural schema can say`);
  const inside = name === undefined ? above : [...above, name];
  const own = Object.fromEntries(Object.entries(node).filter(([keyword]) => !LEFT_OUT.has(keyword))) as SchemaNode;
  if (isValue(node.default)) own.default = node.default;
  const { properties, items, additionalProperties } = node;
  if (properties) {
    const fields = Object.entries(properties).filter(([field]) => name !== OBJECT_META || EMBEDDED_META.includes(field));
    own.properties = Object.fromEntries(fields.map(([field, child]) => [field, structural(child, inside)]));
  }
  if (items) {
    own.items = structural(items, inside);
    for (const key of node["x-kubernetes-list-map-keys"] ?? []) keepKeyDefault(own.items, items, key);
  }
  if (typeof additionalProperties === "object") own.additionalProperties = structural(additionalProperties, inside);
  else if (additionalProperties !== undefined) own.additionalProperties = additionalProperties;
  return own;
}

/** Says something: Go's zero values and empty objects do not. */
function isValue(value: unknown): boolean {
  return (typeof value === "string" && value !== "") || (typeof value === "number" && value !== 0) || value === true;
}

function keepKeyDefault(own: SchemaNode, published: SchemaNode, key: string): void {
  const property = own.properties?.[key];
  if (!property || own.required?.includes(key) || property.default !== undefined) return;
  property.default = published.properties?.[key]?.default ?? "";
}
