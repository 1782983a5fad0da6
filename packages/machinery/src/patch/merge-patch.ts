import { clone, equal, isObject, type JsonObject, own, put } from "@outrigger/kit/patch";
import { PatchError } from "./error.ts";
import { jsonTypeName } from "./go-format.ts";

/**
 * Applies a JSON merge patch (RFC 7386) to an object.
 *
 * A list replaces a list whole. As in Kubernetes (`evanphx/json-patch`), nulls inside a list that replaces an object
 * stay, all others vanish.
 *
 * @returns The patched object; `document` is not changed.
 * @throws PatchError 400 where the patch is no object.
 */
export function applyMergePatch<T extends object>(document: T, patch: unknown): T {
  if (!isObject(patch)) {
    throw PatchError.badRequest(
      `error decoding patch: json: cannot unmarshal ${jsonTypeName(patch)} into Go value of type map[string]interface {}`,
    );
  }
  return merged(document as JsonObject, patch) as T;
}

function merged(document: JsonObject, patch: JsonObject): JsonObject {
  const result: JsonObject = { ...document };
  for (const key of Object.keys(patch)) {
    const change = patch[key];
    const present = own(document, key);
    if (change === undefined) continue;
    if (change === null) delete result[key];
    else if (!isObject(present)) put(result, key, withoutNulls(change));
    else put(result, key, isObject(change) ? merged(present, change) : clone(change));
  }
  return result;
}

/** Without the object fields that are null, at any depth; the items of lists all stay. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (value[key] !== null && value[key] !== undefined) put(kept, key, withoutNulls(value[key]));
  }
  return kept;
}

/**
 * The merge patch that turns `before` into `after`; `{}` where they are equal. Lists are compared whole. A merge patch
 * cannot set a field to null: such fields of `after` come out absent.
 */
export function createMergePatch(before: object, after: object): Record<string, unknown> {
  const from = before as JsonObject;
  const to = after as JsonObject;
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) {
    if (from[key] !== undefined && own(to, key) === undefined) put(patch, key, null);
  }
  for (const key of Object.keys(to)) {
    const present = own(from, key);
    const wanted = to[key];
    if (wanted === undefined || equal(present, wanted)) continue;
    put(patch, key, isObject(present) && isObject(wanted) ? createMergePatch(present, wanted) : clone(wanted));
  }
  return patch;
}
