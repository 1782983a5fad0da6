import { isDeepStrictEqual } from "node:util";
import { isObject } from "./render.ts";

/** By what an entry of a list of Kubernetes' is known. A mount has its path: names of volumes come more than once. */
export function identity(item: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(item)) return undefined;
  const { kind, metadata } = item;
  // An object in a List.
  if (typeof kind === "string" && isObject(metadata)) return { kind, object: `${metadata["namespace"]}/${metadata["name"]}` };
  for (const key of ["mountPath", "name", "conditionType"]) {
    const value = item[key];
    if (typeof value === "string") return { [key]: value };
  }
  return undefined;
}

/** For each entry of `before` its place in `after`, or -1 where it is gone. Places grow: the order stays. */
export function aligned(before: readonly unknown[], after: readonly unknown[]): number[] {
  let next = 0;
  return before.map((item) => {
    const own = identity(item);
    for (let place = next; place < after.length; place++) {
      const other = after[place];
      if (isDeepStrictEqual(item, other) || (own !== undefined && isDeepStrictEqual(own, identity(other)))) {
        next = place + 1;
        return place;
      }
    }
    return -1;
  });
}
