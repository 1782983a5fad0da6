import { isObject } from "@outrigger/kit/patch";

/** A decoded JSON value as Go's `%v` prints it: Kubernetes puts patches into its messages that way. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goValue).join(" ")}]`;
  if (isObject(value)) return goMap(value);
  return String(value);
}

/** Go prints maps by sorted key. */
export function goMap(value: Record<string, unknown>): string {
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goValue(value[key])}`);
  return `map[${fields.join(" ")}]`;
}

/** The Go type that a JSON value is decoded into. */
export function goType(value: unknown): string {
  if (value === null || value === undefined) return "%!s(<nil>)";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  return isObject(value) ? "map[string]interface {}" : "string";
}

/** The name that Go's `encoding/json` gives a value's type in its messages. */
export function jsonTypeName(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value === "boolean" ? "bool" : typeof value;
}
