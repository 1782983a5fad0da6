import { equal, isObject, own } from "@outrigger/kit/patch";
import { FieldSet, fieldElement, type PathElement } from "./field-set.ts";
import { deduce, type FieldType, itemElement, type ListType, type MapType, sameType, typeOfKey } from "./field-type.ts";

/** What differs between two values; no field is in more than one of the sets. */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** Compares leaf by leaf, where an atomic list or map is one leaf (`structured-merge-diff/typed.Compare`). */
export function compareValues(type: FieldType, before: unknown, after: unknown): Comparison {
  const comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  walk(type, before, after, [], comparison);
  return comparison;
}

/** Leaves fields out of a comparison, with all below them. */
export function ignoring(comparison: Comparison, fields: FieldSet): Comparison {
  return {
    added: comparison.added.recursiveDifference(fields),
    modified: comparison.modified.recursiveDifference(fields),
    removed: comparison.removed.recursiveDifference(fields),
  };
}

type Path = readonly PathElement[];

function walk(type: FieldType, before: unknown, after: unknown, path: Path, comparison: Comparison): void {
  if (before === undefined && after === undefined) return;
  const left = deduce(type, before);
  const right = deduce(type, after);
  let leaf: boolean;
  if (after === undefined) leaf = visit(left, before, after, path, comparison);
  else if (before === undefined || sameType(left, right)) leaf = visit(right, before, after, path, comparison);
  else {
    visit(left, before, after, path, comparison);
    leaf = visit(right, before, after, path, comparison);
  }
  if (leaf) return;
  if (before === undefined) comparison.added.insert(path);
  else if (after === undefined) comparison.removed.insert(path);
}

/** @returns Whether the value is a leaf, about which all is said. */
function visit(type: FieldType, before: unknown, after: unknown, path: Path, comparison: Comparison): boolean {
  if (type.map) {
    const left = isObject(before) ? before : {};
    const right = isObject(after) ? after : {};
    const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
    if (type.map.atomic || keys.size === 0) return compareLeaf(before, after, path, comparison);
    compareMaps(type.map, left, right, keys, path, comparison);
    return false;
  }
  if (type.scalar) return compareLeaf(before, after, path, comparison);
  if (!type.list) return false;
  const left = Array.isArray(before) ? before : [];
  const right = Array.isArray(after) ? after : [];
  if (type.list.atomic || (left.length === 0 && right.length === 0)) return compareLeaf(before, after, path, comparison);
  compareLists(type.list, left, right, path, comparison);
  return false;
}

function compareLeaf(before: unknown, after: unknown, path: Path, comparison: Comparison): true {
  if (before === undefined) comparison.added.insert(path);
  else if (after === undefined) comparison.removed.insert(path);
  else if (!equal(before, after)) comparison.modified.insert(path);
  return true;
}

function compareMaps(
  map: MapType,
  left: Record<string, unknown>,
  right: Record<string, unknown>,
  keys: Iterable<string>,
  path: Path,
  comparison: Comparison,
): void {
  for (const key of keys) walk(typeOfKey(map, key), own(left, key), own(right, key), [...path, fieldElement(key)], comparison);
}

/** Items that stand more than once cannot be told apart: they are compared as one leaf. */
function compareLists(list: ListType, left: readonly unknown[], right: readonly unknown[], path: Path, comparison: Comparison): void {
  const before = grouped(list, left);
  const after = grouped(list, right);
  const type = list.element();
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const ours = before.get(element) ?? [];
    const theirs = after.get(element) ?? [];
    const at = [...path, element];
    if (ours.length <= 1 && theirs.length <= 1) walk(type, ours[0], theirs[0], at, comparison);
    else if (ours.length >= 2 && theirs.length >= 2) {
      if (!equal(ours, theirs)) comparison.modified.insert(at);
    } else if (ours.length >= 2) {
      walk(type, undefined, theirs[0], at, comparison);
      comparison.removed.insert(at);
    } else {
      walk(type, ours[0], undefined, at, comparison);
      comparison.added.insert(at);
    }
  }
}

function grouped(list: ListType, items: readonly unknown[]): Map<PathElement, unknown[]> {
  const groups = new Map<PathElement, unknown[]>();
  for (const item of items) {
    const element = itemElement(list, item);
    const group = groups.get(element);
    if (group) group.push(item);
    else groups.set(element, [item]);
  }
  return groups;
}
