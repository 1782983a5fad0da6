import { isDeepStrictEqual } from "node:util";

/** Where two values differ first; `undefined` when they are the same. */
export function differing(before: unknown, after: unknown, path = ""): string | undefined {
  if (isDeepStrictEqual(before, after)) return undefined;
  const [left, right] = [before, after] as (Record<string, unknown> | undefined)[];
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null)
    return `${path} is ${JSON.stringify(before)} and would become ${JSON.stringify(after)}`;
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = differing(left[key], right[key], path === "" ? key : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
