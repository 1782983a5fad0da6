import { CelError } from "../error.ts";
import { Duration } from "../time.ts";
import { compare, equal, ListValue, NativeList, Optional, Uint, type Value } from "../value.ts";
import type { Library, Overload } from "./declare.ts";

const COMPARABLE = ["int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes"];
/** What the sum of no items is. */
const ZEROS: Readonly<Record<string, Value>> = { int: 0n, uint: new Uint(0n), double: 0, duration: new Duration(0n) };
const MAX_INT = (1n << 63n) - 1n;

const items = (list: Value): Value[] => [...(list as ListValue)];
const contains = (all: Value, some: Value): boolean => items(some).every((item) => items(all).some((one) => equal(one, item)));

function extreme(list: Value, name: string, sign: 1 | -1): Value {
  const all = items(list);
  if (all.length === 0) throw new CelError(`${name} called on empty list`);
  return all.reduce((best, item) => ((compare(item, best) ?? 0) * sign > 0 ? item : best));
}

function added(a: Value, b: Value): Value {
  if (typeof a === "number") return a + (b as number);
  if (a instanceof Uint) return new Uint(a.value + (b as Uint).value);
  if (a instanceof Duration) return new Duration(a.nanoseconds + (b as Duration).nanoseconds);
  const sum = (a as bigint) + (b as bigint);
  if (sum > MAX_INT || sum < -MAX_INT - 1n) throw new CelError("integer overflow");
  return sum;
}

function sorted(list: Value, by: Value): NativeList {
  const [all, keys] = [items(list), items(by)];
  const order = keys.map((_, index) => index);
  order.sort((a, b) => {
    const result = compare(keys[a], keys[b]);
    if (result === undefined) throw new CelError("list elements must have the same type");
    return result;
  });
  return new NativeList(order.map((index) => all[index]));
}

function flattened(list: Value, depth: bigint): Value[] {
  if (depth < 0n) throw new CelError("level must be non-negative");
  return items(list).flatMap((item) => (item instanceof ListValue && depth > 0n ? flattened(item, depth - 1n) : [item]));
}

function slice(list: Value, start: bigint, end: bigint): NativeList {
  const range = `cannot slice(${start}, ${end})`;
  if (start < 0n || end < 0n) throw new CelError(`${range}, negative indexes not supported`);
  if (start > end) throw new CelError(`${range}, start index must be less than or equal to end index`);
  const all = items(list);
  if (all.length < end) throw new CelError(`${range}, list is length ${all.length}`);
  return new NativeList(all.slice(Number(start), Number(end)));
}

/** As many numbers as an expression may cost. */
const LONGEST_RANGE = 1_000_000n;

function range(size: bigint): NativeList {
  if (size > LONGEST_RANGE) throw new CelError("operation cancelled: actual cost limit exceeded");
  return new NativeList(Array.from({ length: Math.max(0, Number(size)) }, (_, index) => BigInt(index)));
}

function distinct(list: Value): NativeList {
  const kept: Value[] = [];
  for (const item of list as ListValue) if (!kept.some((other) => equal(other, item))) kept.push(item);
  return new NativeList(kept);
}

function byType(): Library {
  const library: Record<string, Overload["run"]> = {};
  for (const type of COMPARABLE) {
    library[`list<${type}>.isSorted(): bool`] = (list) => {
      const all = items(list);
      return all.every((item, at) => at === 0 || (compare(all[at - 1], item) ?? 1) <= 0);
    };
    library[`list<${type}>.min(): ${type}`] = (list) => extreme(list, "min", -1);
    library[`list<${type}>.max(): ${type}`] = (list) => extreme(list, "max", 1);
    library[`list_${type}_sort = list<${type}>.sort(): list<${type}>`] = (list) => sorted(list, list);
    library[`list_${type}_sortBy = list<T>.@sortByAssociatedKeys(list<${type}>): list<T>`] = sorted;
  }
  for (const [type, zero] of Object.entries(ZEROS))
    library[`list<${type}>.sum(): ${type}`] = (list) => items(list).reduce((sum, item) => added(item, sum), zero);
  return library;
}

/** Kubernetes' lists library, version 3 of CEL's, sets, and what optional values bring for lists. */
export const LIST_FUNCTIONS: Library = {
  ...byType(),
  "list<A>.indexOf(A): int": (list, item) => BigInt(items(list).findIndex((one) => equal(one, item))),
  "list<A>.lastIndexOf(A): int": (list, item) => BigInt(items(list).findLastIndex((one) => equal(one, item))),
  "list_slice = list<T>.slice(int, int): list<T>": (list, start, end) => slice(list, start as bigint, end as bigint),
  "list_flatten = list<list<T>>.flatten(): list<T>": (list) => new NativeList(flattened(list, 1n)),
  "list_flatten_int = list<dyn>.flatten(int): list<dyn>": (list, depth) => new NativeList(flattened(list, depth as bigint)),
  "lists_range = lists.range(int): list<int>": (size) => range(size as bigint),
  "list_reverse = list<T>.reverse(): list<T>": (list) => new NativeList(items(list).reverse()),
  "list_distinct = list<T>.distinct(): list<T>": distinct,
  "list<V>.first(): optional<V>": (list) => at(list as ListValue, 0),
  "list<V>.last(): optional<V>": (list) => at(list as ListValue, (list as ListValue).size - 1),
  "list_sets_contains_list = sets.contains(list<T>, list<T>): bool": contains,
  "list_sets_equivalent_list = sets.equivalent(list<T>, list<T>): bool": (a, b) => contains(a, b) && contains(b, a),
  "list_sets_intersects_list = sets.intersects(list<T>, list<T>): bool": (a, b) =>
    items(a).some((item) => items(b).some((other) => equal(item, other))),
};

function at(list: ListValue, index: number): Optional {
  return index >= 0 && index < list.size ? Optional.of(list.at(index)) : Optional.NONE;
}
