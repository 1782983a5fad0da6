import { isObject, type JsonObject, own, put } from "@outrigger/kit/patch";
import { deduce, type FieldType, itemElement, type ListType, type MapType, typeOfKey } from "./field-type.ts";

/**
 * Merges a configuration into a live value: nothing is removed, the configuration's leaves win, lists take the
 * configuration's order where it says something about them (`structured-merge-diff/typed.Merge`).
 *
 * @returns `undefined` where nothing comes of it.
 */
export function mergeValues(type: FieldType, live: unknown, config: unknown): unknown {
  if (live === undefined && config === undefined) return undefined;
  const actual = deduce(type, config === undefined ? live : config);
  if (actual.map) return mergeMaps(actual.map, live, config);
  if (actual.scalar) return latter(live, config);
  return actual.list ? mergeLists(actual.list, live, config) : undefined;
}

function latter(live: unknown, config: unknown): unknown {
  return config === undefined ? live : config;
}

function mergeMaps(map: MapType, live: unknown, config: unknown): unknown {
  const left = isObject(live) ? live : {};
  const right = isObject(config) ? config : {};
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  if (map.atomic || keys.size === 0) return latter(live, config);
  const merged: JsonObject = {};
  for (const key of keys) {
    const value = mergeValues(typeOfKey(map, key), own(left, key), own(right, key));
    if (value !== undefined) put(merged, key, value);
  }
  return Object.keys(merged).length > 0 ? merged : undefined;
}

/**
 * Items that both have stand in the configuration's order; the live ones that it does not name stay before the shared
 * item that they stood before.
 */
function mergeLists(list: ListType, live: unknown, config: unknown): unknown {
  const left = Array.isArray(live) ? live : [];
  const right = Array.isArray(config) ? config : [];
  if (list.atomic || (left.length === 0 && right.length === 0)) return latter(live, config);
  const ours = left.map((item) => itemElement(list, item));
  const theirs = right.map((item) => itemElement(list, item));
  const items = byElement(ours, left);
  const changes = byElement(theirs, right);
  const shared = theirs.filter((element) => items.has(element));
  const merged: unknown[] = [];
  const done = new Set<string>();
  const take = (element: string, item: unknown, change: unknown) => {
    const value = mergeValues(list.element(), item, change);
    if (value !== undefined) merged.push(value);
    if (change !== undefined) done.add(element);
    if (shared[0] === element) shared.shift();
  };
  let l = 0;
  let r = 0;
  while (l < ours.length || r < theirs.length) {
    const mine = ours[l];
    const its = theirs[r];
    if (mine !== undefined && mine === its) {
      take(mine, items.get(mine), changes.get(mine));
      l++;
      r++;
      continue;
    }
    if (mine !== undefined && its !== undefined && changes.has(mine) && shared.length > 0 && shared[0] !== mine) {
      l++;
      continue;
    }
    if (mine !== undefined && !changes.has(mine)) {
      take(mine, left[l], undefined);
      l++;
      continue;
    }
    if (mine !== undefined && done.has(mine)) l++;
    if (its !== undefined) {
      take(its, items.get(its), changes.get(its));
      r++;
    }
  }
  return merged.length > 0 ? merged : undefined;
}

/** Items by their element; one that the server has twice cannot be merged and counts as null. */
function byElement(elements: readonly string[], items: readonly unknown[]): Map<string, unknown> {
  const map = new Map<string, unknown>();
  elements.forEach((element, index) => {
    map.set(element, map.has(element) ? null : items[index]);
  });
  return map;
}
