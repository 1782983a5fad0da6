import { isDeepStrictEqual } from "node:util";
import { listed } from "./listed.ts";
import type { SchemaNode } from "./node.ts";

/**
 * One of several shapes, as a structural schema can say it: types stand outside, and which of them go together inside
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
 *
 * - values that are listed: one list (`enum`);
 * - whole numbers or text: `x-kubernetes-int-or-string`;
 * - objects: the fields of all, and `oneOf` with what each of them requires and fixes.
 *
 * @throws RangeError for shapes that no structural schema can tell apart.
 */
export function union(members: readonly SchemaNode[]): SchemaNode {
  const types = new Set(members.map(({ type }) => type));
  if (members.length > 0 && members.every((member) => member.enum)) return listed(members.flatMap((member) => member.enum!));
  if (types.size === 2 && types.has("integer") && types.has("string") && members.every(isBare))
    return { "x-kubernetes-int-or-string": true };
  if (types.size === 1 && types.has("object")) return objects(members);
  throw new RangeError("a union is of listed values, of whole numbers and text, or of objects: Kubernetes' schemas can say no other");
}

function isBare(node: SchemaNode): boolean {
  return Object.keys(node).every((key) => key === "type" || key === "description");
}

function objects(members: readonly SchemaNode[]): SchemaNode {
  const properties: Record<string, SchemaNode> = {};
  for (const member of members) {
    for (const [name, property] of Object.entries(member.properties ?? {})) {
      const other = properties[name];
      if (!other || isDeepStrictEqual(other, property)) properties[name] = property;
      else if (other.enum && property.enum) properties[name] = { ...other, ...listed([...other.enum, ...property.enum]) };
      else throw new RangeError(`the field ${name} has another shape in another member of the union: give it another name there`);
    }
  }
  const everywhere = members.map(({ required = [] }) => required).reduce((all, some) => all.filter((name) => some.includes(name)));
  return {
    type: "object",
    properties,
    ...(everywhere.length > 0 ? { required: everywhere } : {}),
    oneOf: members.map((member) => told(member, properties)),
  };
}

/** What tells one member from the others: the fields it requires, the values it fixes, and that it has no field of another. */
function told({ properties: own = {}, required = [] }: SchemaNode, all: Record<string, SchemaNode>): SchemaNode {
  const fixed = Object.entries(own).filter(([name, { enum: values }]) => values && !isDeepStrictEqual(values, all[name]?.enum));
  const foreign = Object.keys(all).filter((name) => !(name in own));
  return {
    ...(required.length > 0 ? { required: [...required] } : {}),
    ...(fixed.length > 0 ? { properties: Object.fromEntries(fixed.map(([name, node]) => [name, { enum: node.enum! }])) } : {}),
    ...(foreign.length > 0 ? { not: { anyOf: foreign.map((name) => ({ required: [name] })) } } : {}),
  };
}
