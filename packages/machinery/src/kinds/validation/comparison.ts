import { isDeepStrictEqual } from "node:util";
import type { Findings } from "./findings.ts";

/**
 * Whether two values mean the same to Kubernetes: an absent field, null and an empty list or map are one
 * (`apiequality.Semantic`).
 */
export function same(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(settled(a), settled(b));
}

function settled(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value ?? undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(settled);
  const fields = Object.entries(value)
    .map(([key, field]) => [key, settled(field)] as const)
    .filter(([, field]) => field !== undefined);
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}

/** A field that may not change. @param shown What the message shows; the new value when absent. */
export function immutable(found: Findings, value: unknown, old: unknown, path: string, shown: unknown = value): void {
  if (!same(value, old)) found.invalid(path, shown ?? null, "field is immutable");
}
