import { equal, isObject, type JsonObject, own } from "./json.ts";
import type { JsonPatchOperation } from "./operation.ts";

/** How a JSON patch is made from two values. */
export interface CreateJsonPatchOptions {
  /**
   * The fields that tell the items of a list of objects apart, tried in order: the first that every item has, with a
   * different scalar in each, is taken. `["name"]` when absent.
   */
  readonly keys?: readonly string[];
}

/**
 * A small JSON patch that turns `before` into `after`; `[]` where they are equal.
 *
 * Guarantees
 * - `applyJsonPatch(before, patch)` deep-equals `after`, for any two JSON values of which both are objects or both are
 *   lists.
 * - Only what differs is named: no parent is replaced to change a child. Missing parents come with their child, in
 *   one `add`.
 * - Items of lists are followed by key (or, for scalars, by value), so that one new item is one `add` wherever it
 *   stands, and a list whose items only changed inside has no operation of its own.
 *
 * Caveat: an item that changes its place is removed and added.
 */
export function createJsonPatch(before: unknown, after: unknown, options: CreateJsonPatchOptions = {}): JsonPatchOperation[] {
  const operations: JsonPatchOperation[] = [];
  compare(before, after, "", options.keys ?? ["name"], operations);
  return operations;
}

function compare(before: unknown, after: unknown, path: string, keys: readonly string[], operations: JsonPatchOperation[]): void {
  if (isObject(before) && isObject(after)) compareObjects(before, after, path, keys, operations);
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, keys, operations);
  else if (!equal(before, after)) operations.push({ op: "replace", path, value: after });
}

function compareObjects(
  before: JsonObject,
  after: JsonObject,
  path: string,
  keys: readonly string[],
  operations: JsonPatchOperation[],
): void {
  for (const key of Object.keys(before)) {
    if (before[key] !== undefined && own(after, key) === undefined) operations.push({ op: "remove", path: `${path}/${escapeToken(key)}` });
  }
  for (const key of Object.keys(after)) {
    const wanted = after[key];
    if (wanted === undefined) continue;
    const at = `${path}/${escapeToken(key)}`;
    const present = own(before, key);
    if (present === undefined) operations.push({ op: "add", path: at, value: wanted });
    else compare(present, wanted, at, keys, operations);
  }
}

function escapeToken(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

/**
 * Items that are in both lists and in the same order stay where they are (a longest increasing run, so that as few as
 * possible move); the others are removed, from the end; then the result is walked from the front, adding and comparing.
 */
function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  keys: readonly string[],
  operations: JsonPatchOperation[],
): void {
  const identify = identifier(before, after, keys);
  if (!identify) {
    compareByPlace(before, after, path, keys, operations);
    return;
  }
  const position = new Map(before.map((item, index) => [identify(item), index]));
  const pairs = after.map((item) => position.get(identify(item)) ?? -1);
  const staying = longestIncreasing(pairs);
  const kept = new Set(staying.map((index) => pairs[index]));
  for (let index = before.length - 1; index >= 0; index--) {
    if (!kept.has(index)) operations.push({ op: "remove", path: `${path}/${index}` });
  }
  const stays = new Set(staying);
  after.forEach((item, index) => {
    const at = `${path}/${index}`;
    if (stays.has(index)) compare(before[pairs[index] ?? 0], item, at, keys, operations);
    else operations.push({ op: "add", path: at, value: item });
  });
}

/** Items that nothing tells apart: equal ones at both ends stay, those between are compared one by one. */
function compareByPlace(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  keys: readonly string[],
  operations: JsonPatchOperation[],
): void {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && equal(before[head], after[head])) head++;
  let tail = 0;
  while (tail < shorter - head && equal(before.at(-1 - tail), after.at(-1 - tail))) tail++;
  const both = shorter - tail;
  for (let index = before.length - tail - 1; index >= both; index--) operations.push({ op: "remove", path: `${path}/${index}` });
  for (let index = head; index < both; index++) compare(before[index], after[index], `${path}/${index}`, keys, operations);
  for (let index = both; index < after.length - tail; index++)
    operations.push({ op: "add", path: `${path}/${index}`, value: after[index] });
}

/** What tells the items of two lists apart: a key field, or the value of scalars; `undefined` where nothing does. */
function identifier(
  before: readonly unknown[],
  after: readonly unknown[],
  keys: readonly string[],
): ((item: unknown) => string) | undefined {
  const byKey = keys.find((key) => distinct(before, key) && distinct(after, key));
  if (byKey !== undefined) return (item) => JSON.stringify((item as JsonObject)[byKey]);
  const seen = new Set<unknown>();
  const scalars = (list: readonly unknown[]) => {
    seen.clear();
    return list.every((item) => !isObject(item) && !Array.isArray(item) && !seen.has(item) && seen.add(item));
  };
  if (scalars(before) && scalars(after)) return (item) => JSON.stringify(item);
  return undefined;
}

function distinct(list: readonly unknown[], key: string): boolean {
  const seen = new Set<unknown>();
  return list.every((item) => {
    if (!isObject(item)) return false;
    const value = own(item, key);
    if (value === undefined || typeof value === "object" || seen.has(value)) return false;
    seen.add(value);
    return true;
  });
}

/** The indices of a longest strictly increasing subsequence; negative numbers take no part. */
function longestIncreasing(numbers: readonly number[]): number[] {
  const tails: number[] = [];
  const previous: number[] = [];
  numbers.forEach((number, index) => {
    if (number < 0) return;
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[tails[middle] ?? 0] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? (tails[low - 1] ?? -1) : -1;
    tails[low] = index;
  });
  const result: number[] = [];
  for (let index = tails.at(-1) ?? -1; index >= 0; index = previous[index] ?? -1) result.unshift(index);
  return result;
}
