import { Quantity } from "@outrigger/kit/api";
import { type GoField, goStructs } from "./container-fields.ts";

/**
 * A value as Go's encoding/json would write it after decoding it into the struct: fields in the struct's order, empty
 * ones gone, amounts canonical, unknown fields dropped.
 *
 * @param nulls whether a pointer that Go writes as `null` stands as null in the result (for hashing) or is left out
 */
export function goValue(struct: string, value: unknown, nulls: boolean): Record<string, unknown> {
  const source = isObject(value) ? value : {};
  const result: Record<string, unknown> = {};
  for (const field of goStructs.get(struct) ?? []) {
    const written = goField(field, source[field.name], nulls);
    if (written !== undefined) result[field.name] = written;
  }
  return result;
}

function goField(field: GoField, value: unknown, nulls: boolean): unknown {
  if (field.list) {
    if (!Array.isArray(value) || value.length === 0) return undefined;
    return field.type === undefined ? value : value.map((item) => goValue(field.type!, item, nulls));
  }
  if (field.type === "quantity") return quantity(value ?? "0");
  if (field.type === "quantities") {
    if (!isObject(value)) return undefined;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([name, amount]) => [name, quantity(amount)]));
  }
  if (field.type !== undefined) return isObject(value) ? goValue(field.type, value, nulls) : field.always ? {} : undefined;
  if (field.pointer) return value === undefined || value === null ? (field.always && nulls ? null : undefined) : value;
  if (field.always) return value ?? "";
  return value === undefined || value === null || value === "" || value === 0 || value === false ? undefined : value;
}

/** Canonical, or as it stands where it is no quantity: validation says so, not this. */
function quantity(value: unknown): unknown {
  try {
    return Quantity.parse(String(value)).toString();
  } catch {
    return value;
  }
}

/** JSON with the characters escaped that Go escapes for HTML's sake. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
