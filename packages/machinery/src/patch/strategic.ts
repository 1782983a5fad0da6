import { clone, equal, isObject, type JsonObject, own, put } from "@outrigger/kit/patch";
import type { SchemaNode } from "@outrigger/kit/schema";
import { PatchError } from "./error.ts";
import { goMap, goType, goValue } from "./go-format.ts";

const DIRECTIVE = "$patch";
const RETAIN_KEYS = "$retainKeys";
const SET_ORDER = "$setElementOrder";
const DELETE_FROM = "$deleteFromPrimitiveList";

/**
 * Applies a strategic merge patch: objects are merged field by field, lists as the schema says
 * (`x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key`), and directives steer:
 * `$patch: replace | delete`, `$retainKeys`, `$setElementOrder/<list>`, `$deleteFromPrimitiveList/<list>`.
 * After Kubernetes' `apimachinery/pkg/util/strategicpatch`.
 *
 * @returns The patched document; `document` and `patch` are not changed. Lists in `document` that have a merge key
 *   may repeat it: the first such item is the one that is merged.
 * @throws PatchError 400 for a malformed directive, 500 (as Kubernetes) for a missing merge key and the like.
 */
export function applyStrategicMergePatch<T extends object>(document: T, patch: unknown, schema: SchemaNode): T {
  if (!isObject(patch))
    throw PatchError.badRequest(`json: cannot unmarshal ${goType(patch)} into Go value of type map[string]interface {}`);
  return mergeObjects(clone(document as JsonObject), clone(patch), schema) as T;
}

/** Merges in place: both arguments are copies of ours. */
function mergeObjects(original: JsonObject, patch: JsonObject, schema: SchemaNode | undefined): JsonObject {
  const directive = own(patch, DIRECTIVE);
  if (directive !== undefined) return replaceOrDelete(directive, patch);
  retainKeys(original, patch);
  setElementOrders(original, patch, schema);
  for (const name of Object.keys(patch)) {
    const deletes = name.startsWith(DELETE_FROM);
    const key = deletes ? listOf(name, DELETE_FROM, "invalid patch format of primitive list") : name;
    const change = patch[name];
    if (change === null) {
      delete original[key];
      continue;
    }
    const present = own(original, key);
    const field = fieldOf(schema, key);
    if (present === undefined || goKind(present) !== goKind(change)) {
      if (!deletes) putWithoutDirectives(original, key, change);
    } else if (isObject(present) && isObject(change)) {
      put(original, key, strategyOf(field) === "replace" ? change : mergeObjects(present, change, field));
    } else if (Array.isArray(present) && Array.isArray(change)) {
      put(original, key, mergeLists(present, change, field, deletes));
    } else putWithoutDirectives(original, key, change);
  }
  return original;
}

function replaceOrDelete(directive: unknown, patch: JsonObject): JsonObject {
  if (directive === "delete") return {};
  if (directive !== "replace") throw unknownDirective(directive, patch);
  delete patch[DIRECTIVE];
  return patch;
}

function unknownDirective(directive: unknown, patch: JsonObject): PatchError {
  return PatchError.internal(`unknown patch type: ${goValue(directive)} in map: ${goMap(patch)}`);
}

/** `$retainKeys` names the only fields that may stay; the patch may set none but those. */
function retainKeys(original: JsonObject, patch: JsonObject): void {
  const retained = own(patch, RETAIN_KEYS);
  if (retained === undefined) return;
  delete patch[RETAIN_KEYS];
  const malformed = PatchError.badRequest("invalid patch format of retainKeys");
  if (!Array.isArray(retained)) throw malformed;
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || key.startsWith(DELETE_FROM) || key.startsWith(SET_ORDER)) continue;
    if (!retained.includes(key)) throw malformed;
  }
  for (const key of Object.keys(original)) if (!retained.includes(key)) delete original[key];
}

/** Merges the lists for which the patch gives an order, and takes them out of the patch. */
function setElementOrders(original: JsonObject, patch: JsonObject, schema: SchemaNode | undefined): void {
  for (const name of Object.keys(patch)) {
    if (!name.startsWith(SET_ORDER)) continue;
    const order = asList(patch[name]);
    delete patch[name];
    const key = listOf(name, SET_ORDER, "invalid patch format of setElementOrder list");
    const present = own(original, key);
    const change = own(patch, key);
    const before = present === undefined ? undefined : asList(present);
    const after = change === undefined ? undefined : asList(change);
    const field = fieldOf(schema, key);
    const mergeKey = field?.["x-kubernetes-patch-merge-key"] ?? "";
    checkOrder(after ?? [], order, mergeKey);
    if (!before && !after) continue;
    const merged = before && after ? mergeListsByStrategy(before, after, field) : (before ?? (withoutDirectives(after) as unknown[]));
    elementKind(before ?? [], after ?? [], true);
    put(original, key, inOrder(merged, order, before ?? [], mergeKey));
    delete patch[key];
  }
}

function asList(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw badArgument("[]interface {}", value);
  return value;
}

function badArgument(expected: string, actual: unknown): PatchError {
  return PatchError.internal(`expected a ${expected}, but received a ${goType(actual)}`);
}

function listOf(name: string, prefix: string, malformed: string): string {
  if (!name.startsWith(`${prefix}/`)) throw PatchError.badRequest(malformed);
  return name.slice(prefix.length + 1);
}

/** The items of a patch must come in the order that `$setElementOrder` gives. */
function checkOrder(items: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (order.length === 0 || items.length === 0) return;
  const kept = mergeKey === "" ? items : items.filter((item) => !isDeletion(asObject(item)));
  let next = 0;
  let at = 0;
  while (next < kept.length && at < order.length) {
    const item = kept[next];
    if (isObject(item) && own(item, DIRECTIVE) !== undefined) next++;
    else if (sameElement(item, order[at++], mergeKey)) next++;
  }
  if (next < kept.length && at >= order.length) {
    throw PatchError.internal(`The order in patch list:\n${goValue(items)}\n doesn't match ${SET_ORDER} list:\n${goValue(order)}\n`);
  }
}

function isDeletion(item: JsonObject): boolean {
  return own(item, DIRECTIVE) === "delete";
}

function asObject(item: unknown): JsonObject {
  if (!isObject(item)) throw badArgument("map[string]interface {}", item);
  return item;
}

function keyValue(item: unknown, mergeKey: string): unknown {
  const value = own(asObject(item), mergeKey);
  if (value === undefined) throw PatchError.internal(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
  return value;
}

function sameElement(left: unknown, right: unknown, mergeKey: string): boolean {
  return mergeKey === "" ? equal(left, right) : equal(keyValue(left, mergeKey), keyValue(right, mergeKey));
}

function mergeListsByStrategy(original: unknown[], patch: unknown[], field: SchemaNode | undefined): unknown[] {
  return strategyOf(field) === "merge" ? mergeLists(original, patch, field, false) : patch;
}

function mergeLists(original: unknown[], patch: unknown[], field: SchemaNode | undefined, deletes: boolean): unknown[] {
  if (strategyOf(field) !== "merge" && !deletes) return patch;
  if (original.length === 0 && patch.length === 0) return original;
  if (elementKind(original, patch) !== "map") {
    if (deletes) return original.filter((item) => !patch.includes(item));
    return inOrder([...new Set([...original, ...patch])], patch, original, "");
  }
  const mergeKey = field?.["x-kubernetes-patch-merge-key"] ?? "";
  if (mergeKey === "") throw PatchError.internal("cannot merge lists without merge key for struct");
  const { kept, items } = followDirectives(original as JsonObject[], patch as JsonObject[], mergeKey);
  const merged = [...kept];
  for (const item of items) {
    const value = keyValue(item, mergeKey);
    const found = merged.findIndex((candidate) => equal(own(candidate, mergeKey), value));
    const present = merged[found];
    if (present) merged[found] = mergeObjects(present, item, field?.items);
    else merged.push(item);
  }
  return inOrder(merged, items, kept, mergeKey);
}

/** Takes items with `$patch: delete` out of the list, or the whole list with an item `$patch: replace`. */
function followDirectives(original: JsonObject[], patch: JsonObject[], mergeKey: string): { kept: JsonObject[]; items: JsonObject[] } {
  let kept = original;
  let replaces = false;
  const items: JsonObject[] = [];
  for (const item of patch) {
    const directive = own(item, DIRECTIVE);
    if (directive === undefined) items.push(item);
    else if (directive === "delete") {
      const value = keyValue(item, mergeKey);
      kept = kept.filter((candidate) => !equal(own(candidate, mergeKey), value));
    } else if (directive === "replace") replaces = true;
    else if (directive === "merge") throw PatchError.internal("merging lists cannot yet be specified in the patch");
    else throw unknownDirective(directive, item);
  }
  return replaces ? { kept: items, items: [] } : { kept, items };
}

/**
 * Orders a merged list: the items that `order` names follow it, the others keep the order they had on the server, and
 * the two are woven so that an item the server knew first comes first.
 */
function inOrder(merged: readonly unknown[], order: readonly unknown[], server: readonly unknown[], mergeKey: string): unknown[] {
  const rank = (list: readonly unknown[], item: unknown) =>
    list.findIndex((candidate) =>
      mergeKey === "" ? equal(candidate, item) : equal(own(asObject(candidate), mergeKey), own(asObject(item), mergeKey)),
    );
  if (mergeKey !== "") for (const item of [...merged, ...order, ...server]) keyValue(item, mergeKey);
  const byRank = (list: readonly unknown[]) => (a: unknown, b: unknown) => {
    const left = rank(list, a);
    const right = rank(list, b);
    return left < 0 || right < 0 ? 0 : left - right;
  };
  const named = merged.filter((item) => rank(order, item) >= 0).sort(byRank(order));
  const others = merged.filter((item) => rank(order, item) < 0).sort(byRank(server));
  const result: unknown[] = [];
  while (named.length > 0 || others.length > 0) {
    const left = rank(server, others[0] ?? named[0]);
    const right = rank(server, named[0] ?? others[0]);
    const othersFirst = named.length === 0 || (others.length > 0 && left >= 0 && right >= 0 && left < right);
    result.push(othersFirst ? others.shift() : named.shift());
  }
  return result;
}

/** All items of a list must be of one kind. */
function elementKind(original: readonly unknown[], patch: readonly unknown[], never_empty = false): string | undefined {
  let kind: string | undefined;
  for (const item of [...original, ...patch]) {
    const own = goKind(item);
    if (own === "slice") throw PatchError.unprocessable("lists of lists are not supported");
    if (kind !== undefined && own !== kind) {
      throw PatchError.internal(`list element types are not identical: ${goValue([original, patch])}`);
    }
    kind = own;
  }
  if (kind === undefined && never_empty) throw PatchError.internal("no elements in any of the given slices");
  return kind;
}

function goKind(value: unknown): string {
  if (Array.isArray(value)) return "slice";
  if (isObject(value)) return "map";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return value === null ? "nil" : typeof value;
}

function fieldOf(schema: SchemaNode | undefined, key: string): SchemaNode | undefined {
  if (schema?.properties && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  return typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined;
}

/** How a field is patched, `retainKeys` aside: that one only tells the writer of patches what to send. */
function strategyOf(field: SchemaNode | undefined): string {
  return (field?.["x-kubernetes-patch-strategy"] ?? "").split(",").find((strategy) => strategy !== "retainKeys") ?? "";
}

function putWithoutDirectives(target: JsonObject, key: string, value: unknown): void {
  const clean = withoutDirectives(withoutNulls(value));
  if (clean === undefined) delete target[key];
  else put(target, key, clean);
}

/** A value of the patch that meets nothing on the server: objects that carry a directive are dropped. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== undefined);
  if (!isObject(value)) return value;
  if (own(value, DIRECTIVE) !== undefined) return undefined;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const clean = withoutDirectives(value[key]);
    if (clean !== undefined) put(kept, key, clean);
  }
  return kept;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) if (value[key] !== null) put(kept, key, withoutNulls(value[key]));
  return kept;
}
