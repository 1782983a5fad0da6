import { isObject, type JsonObject, put } from "@outrigger/kit/patch";
import { FieldSet, fieldElement, type PathElement } from "./field-set.ts";
import { deduce, type FieldType, itemElement, typeOfKey } from "./field-type.ts";

/** Every leaf and every list item that a value states (`structured-merge-diff/typed.ToFieldSet`). */
export function fieldsOf(type: FieldType, value: unknown): FieldSet {
  const set = new FieldSet();
  collect(type, value, [], set);
  return set;
}

function collect(type: FieldType, value: unknown, path: readonly PathElement[], set: FieldSet): void {
  const actual = deduce(type, value);
  if (actual.map) {
    if (actual.map.atomic) set.insert(path);
    else if (isObject(value)) collectMap(actual.map, value, path, set);
  } else if (actual.scalar) set.insert(path);
  else if (actual.list) {
    if (actual.list.atomic) set.insert(path);
    else if (Array.isArray(value)) collectList(actual.list, value, path, set);
  }
}

function collectMap(map: NonNullable<FieldType["map"]>, value: JsonObject, path: readonly PathElement[], set: FieldSet): void {
  for (const key of Object.keys(value)) {
    const at = [...path, fieldElement(key)];
    const item = value[key];
    if (item === undefined) continue;
    collect(typeOfKey(map, key), item, at, set);
    const empty = item === null || (isObject(item) && Object.keys(item).length === 0);
    if (empty || !map.field(key)) set.insert(at);
  }
}

function collectList(list: NonNullable<FieldType["list"]>, value: readonly unknown[], path: readonly PathElement[], set: FieldSet): void {
  const elements = value.map((item) => itemElement(list, item));
  const count = new Map<PathElement, number>();
  for (const element of elements) count.set(element, (count.get(element) ?? 0) + 1);
  value.forEach((item, index) => {
    const element = elements[index] ?? "";
    const at = [...path, element];
    if (count.get(element) === 1) collect(list.element(), item, at, set);
    set.insert(at);
  });
}

/**
 * A value without the fields and items of a set. A map or list that loses its last one becomes null, as in
 * `structured-merge-diff/typed.RemoveItems`: the caller drops those that were something before.
 */
export function withoutFields(type: FieldType, value: unknown, fields: FieldSet): unknown {
  const actual = deduce(type, value);
  if (actual.map && isObject(value)) {
    if (actual.map.atomic) return null;
    const kept: JsonObject = {};
    for (const key of Object.keys(value)) {
      const element = fieldElement(key);
      if (fields.members.has(element)) continue;
      const below = fields.children.get(element);
      put(kept, key, below && !below.empty ? withoutFields(typeOfKey(actual.map, key), value[key], below) : value[key]);
    }
    return Object.keys(kept).length > 0 ? kept : null;
  }
  if (actual.scalar && !actual.map) return value;
  if (!actual.list || !Array.isArray(value) || actual.list.atomic) return null;
  const items: unknown[] = [];
  for (const item of value) {
    const element = itemElement(actual.list, item);
    if (fields.members.has(element)) continue;
    const below = fields.children.get(element);
    items.push(below && !below.empty ? withoutFields(actual.list.element(), item, below) : item);
  }
  return items.length > 0 ? items : null;
}

/** Makes the declared fields on the way to each member members as well. */
export function withNamedParents(type: FieldType | undefined, set: FieldSet): FieldSet {
  const result = new FieldSet(set.members);
  for (const [element, child] of set.children) {
    const name = element.startsWith("f:") ? element.slice(2) : undefined;
    const declared = name === undefined ? undefined : type?.map?.field(name);
    if (declared) result.members.add(element);
    const below = name === undefined ? type?.list?.element() : (declared ?? type?.map?.element());
    result.children.set(element, withNamedParents(below, child));
  }
  return result;
}
