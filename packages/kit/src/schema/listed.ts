import type { SchemaNode } from "./node.ts";

/**
 * The schema of listed values: their type, and each of them once. Whole numbers and texts together are an int-or-string,
 * whole and fractional numbers together are numbers.
 *
 * @throws RangeError for no values, values that no structural schema can list together, and values that JSON cannot hold.
 */
export function listed(values: readonly unknown[]): SchemaNode {
  const distinct = [...new Set(values)];
  if (distinct.length === 0) throw new RangeError("an enum needs at least one value");
  const types = new Set(distinct.map(typeOf));
  if (types.size === 2 && types.has("integer") && types.has("number")) types.delete("integer");
  const [type] = types;
  if (types.size === 1) return { type: type!, enum: distinct };
  if (types.size === 2 && types.has("integer") && types.has("string")) return { "x-kubernetes-int-or-string": true, enum: distinct };
  throw new RangeError(
    `${distinct.map((value) => JSON.stringify(value)).join(", ")} are of several types: Kubernetes' schemas list values of one`,
  );
}

/** The values of an enum of TypeScript's, which lists its numbers' names as well. */
export function enumValues(members: Readonly<Record<string, string | number>>): (string | number)[] {
  return Object.entries(members)
    .filter(([name, value]) => !(typeof value === "string" && members[value] === Number(name)))
    .map(([, value]) => value);
}

function typeOf(value: unknown): "string" | "boolean" | "integer" | "number" {
  if (typeof value === "string") return "string";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number" && Number.isFinite(value)) return Number.isInteger(value) ? "integer" : "number";
  throw new RangeError(
    `${typeof value === "bigint" ? `${value}n` : JSON.stringify(value)} cannot be listed: write texts, numbers or true and false`,
  );
}
