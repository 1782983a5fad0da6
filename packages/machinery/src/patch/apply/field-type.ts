import { isObject, own } from "@outrigger/kit/patch";
import type { SchemaNode } from "@outrigger/kit/schema";
import { keyElement, type PathElement, valueElement } from "./field-set.ts";

/**
 * What apply knows of a field: how its value may look and how it is merged (`structured-merge-diff/schema.Atom`).
 * A field of no declared type may be a scalar, a list or a map: the value decides.
 */
export interface FieldType {
  readonly scalar?: "numeric" | "string" | "boolean" | "untyped";
  readonly list?: ListType;
  readonly map?: MapType;
}

export interface ListType {
  /** Replaced whole; otherwise a set (no keys) or a list of objects told apart by keys. */
  readonly atomic: boolean;
  readonly keys: readonly string[];
  readonly element: () => FieldType;
}

export interface MapType {
  readonly atomic: boolean;
  /** The declared fields. */
  readonly field: (name: string) => FieldType | undefined;
  /** The type of all others; `undefined` where there must be none. */
  readonly element: () => FieldType | undefined;
}

/** A value without schema, inside a list: replaced whole. */
const UNTYPED: FieldType = {
  scalar: "untyped",
  list: { atomic: true, keys: [], element: () => UNTYPED },
  map: { atomic: true, field: () => undefined, element: () => UNTYPED },
};

/** A value without schema: maps merge by key, lists are replaced whole. */
const DEDUCED: FieldType = {
  scalar: "untyped",
  list: { atomic: true, keys: [], element: () => UNTYPED },
  map: { atomic: false, field: () => undefined, element: () => DEDUCED },
};

/** What every object has, for custom resources whose schema leaves it to the server. */
const OBJECT_META: SchemaNode = {
  type: "object",
  properties: {
    annotations: { type: "object", additionalProperties: { type: "string" } },
    creationTimestamp: { type: "string" },
    deletionGracePeriodSeconds: { type: "integer" },
    deletionTimestamp: { type: "string" },
    finalizers: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
    generateName: { type: "string" },
    generation: { type: "integer" },
    labels: { type: "object", additionalProperties: { type: "string" } },
    managedFields: { type: "array", items: { type: "object" } },
    name: { type: "string" },
    namespace: { type: "string" },
    ownerReferences: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["uid"],
      items: {
        type: "object",
        "x-kubernetes-map-type": "atomic",
        properties: {
          apiVersion: { type: "string" },
          blockOwnerDeletion: { type: "boolean" },
          controller: { type: "boolean" },
          kind: { type: "string" },
          name: { type: "string" },
          uid: { type: "string" },
        },
      },
    },
    resourceVersion: { type: "string" },
    selfLink: { type: "string" },
    uid: { type: "string" },
  },
};

const roots = new WeakMap<SchemaNode, FieldType>();

/** The type of an object with its schema; adds what every object has. */
export function objectType(schema: SchemaNode): FieldType {
  const known = roots.get(schema);
  if (known) return known;
  const { apiVersion, kind, metadata } = schema.properties ?? {};
  const complete: SchemaNode = {
    ...schema,
    type: "object",
    properties: {
      ...schema.properties,
      apiVersion: apiVersion ?? { type: "string" },
      kind: kind ?? { type: "string" },
      metadata: metadata?.properties?.["finalizers"] ? metadata : OBJECT_META,
    },
  };
  const type = fieldType(complete, false);
  roots.set(schema, type);
  return type;
}

const strict = new WeakMap<SchemaNode, FieldType>();
const preserving = new WeakMap<SchemaNode, FieldType>();

/** @param preserve Whether a schema above keeps unknown fields: those below it then do as well. */
function fieldType(node: SchemaNode, preserve: boolean): FieldType {
  const keepsUnknown = preserve || node["x-kubernetes-preserve-unknown-fields"] === true;
  const cache = keepsUnknown ? preserving : strict;
  const known = cache.get(node);
  if (known) return known;
  const type = build(node, keepsUnknown);
  cache.set(node, type);
  return type;
}

function build(node: SchemaNode, preserve: boolean): FieldType {
  switch (node.type) {
    case "object":
      return { map: mapType(node, preserve) };
    case "array":
      return { list: listType(node, preserve) };
    case "integer":
    case "number":
      return { scalar: "numeric" };
    case "boolean":
      return { scalar: "boolean" };
    case "string":
      return { scalar: node.format === "int-or-string" ? "untyped" : "string" };
    default:
      return { scalar: "untyped", list: listType(node, preserve), map: mapType(node, preserve) };
  }
}

function mapType(node: SchemaNode, preserve: boolean): MapType {
  const { properties, additionalProperties } = node;
  return {
    atomic: node["x-kubernetes-map-type"] === "atomic",
    field: (name) => {
      const declared = properties && Object.hasOwn(properties, name) ? properties[name] : undefined;
      return declared && fieldType(declared, preserve);
    },
    element: () => {
      if (typeof additionalProperties === "object") return fieldType(additionalProperties, preserve);
      if (additionalProperties !== undefined) return additionalProperties ? DEDUCED : undefined;
      return preserve || !properties || Object.keys(properties).length === 0 ? DEDUCED : undefined;
    },
  };
}

function listType(node: SchemaNode, preserve: boolean): ListType {
  const relationship = node["x-kubernetes-list-type"] ?? "atomic";
  return {
    atomic: relationship === "atomic",
    keys: relationship === "map" ? (node["x-kubernetes-list-map-keys"] ?? []) : [],
    element: () => (node.items ? withDefaults(node.items, fieldType(node.items, preserve)) : UNTYPED),
  };
}

/** The schema behind a type of list items, where a key may have a default. */
const itemSchemas = new WeakMap<FieldType, SchemaNode>();

function withDefaults(node: SchemaNode, type: FieldType): FieldType {
  itemSchemas.set(type, node);
  return type;
}

/** The possible type that a value takes; all of them where it is null or absent. */
export function deduce(type: FieldType, value: unknown): FieldType {
  if (value === undefined || value === null) return type;
  if (Array.isArray(value)) return type.list ? { list: type.list } : type;
  if (isObject(value)) return type.map ? { map: type.map } : type;
  return type.scalar ? { scalar: type.scalar } : type;
}

export function sameType(a: FieldType, b: FieldType): boolean {
  return a.scalar === b.scalar && a.list === b.list && a.map === b.map;
}

/** The type of a map's value under a key. */
export function typeOfKey(map: MapType, key: string): FieldType {
  return map.field(key) ?? map.element() ?? DEDUCED;
}

/** Why an item of a set or of a list with keys cannot be told from the others. */
export class NoPathElement extends Error {}

/**
 * How an item of a list is addressed. A key that the item leaves out takes its default (`protocol` of a port), or is
 * no part of the address.
 *
 * @throws NoPathElement
 */
export function itemElement(list: ListType, item: unknown): PathElement {
  if (list.keys.length === 0) return setElement(item);
  if (item === null || item === undefined) throw new NoPathElement("associative list with keys may not have a null element");
  if (!isObject(item)) throw new NoPathElement("associative list with keys may not have non-map elements");
  const defaults = itemSchemas.get(list.element())?.properties;
  const keys: [string, unknown][] = [];
  for (const name of list.keys) {
    const value = own(item, name) ?? defaults?.[name]?.default;
    if (value !== undefined) keys.push([name, value]);
  }
  if (keys.length === 0) {
    const names = list.keys.map((name) => JSON.stringify(name)).join(" ");
    throw new NoPathElement(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(keys);
}

function setElement(item: unknown): PathElement {
  if (isObject(item)) throw new NoPathElement("associative list without keys has an element that's a map type");
  if (Array.isArray(item)) throw new NoPathElement("not supported: associative list with lists as elements");
  if (item === null || item === undefined) {
    throw new NoPathElement("associative list without keys has an element that's an explicit null");
  }
  return valueElement(item);
}
