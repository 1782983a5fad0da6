import { isDeepStrictEqual } from "node:util";

/** Where two JSON values differ, by path. */
export function differencesOf(ours: unknown, theirs: unknown, path = ""): string[] {
  if (isDeepStrictEqual(ours, theirs)) return [];
  if (
    typeof ours === "object" &&
    typeof theirs === "object" &&
    ours !== null &&
    theirs !== null &&
    Array.isArray(ours) === Array.isArray(theirs)
  ) {
    const [a, b] = [ours as Record<string, unknown>, theirs as Record<string, unknown>];
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((key) => differencesOf(a[key], b[key], `${path}.${key}`));
  }
  return [`${path}: ${JSON.stringify(ours)}, recorded ${JSON.stringify(theirs)}`];
}
