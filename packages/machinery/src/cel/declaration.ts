import type { SchemaNode } from "@outrigger/kit/schema";
import { escapedName, isReserved } from "@outrigger/kit/schema";

export type Kind = "string" | "bytes" | "int" | "double" | "bool" | "duration" | "timestamp" | "list" | "map" | "object" | "dyn";

/** What a schema says about the size of values, as cost estimates need it. */
export interface Declaration {
  readonly kind: Kind;
  /** Of a field: the property's own name, where it is not the name by which expressions reach it. */
  readonly name?: string;
  /** Items, entries or bytes that one value can have; 0 for what has no size. */
  readonly most: number;
  /** Bytes of JSON that the smallest value takes. */
  readonly smallest: number;
  readonly fields?: ReadonlyMap<string, Declaration>;
  readonly item?: Declaration;
  readonly key?: Declaration;
}

/** The largest request that an API server reads, in bytes: what no schema bounds, this does. */
export const MAX_REQUEST_BYTES = 3 * 1024 * 1024;

/** Of a value of which nothing is known before it is there. */
export const ANYTHING: Declaration = { kind: "dyn", most: 0, smallest: 1 };
const TEXT: Declaration = { kind: "string", most: 0, smallest: 2 };
/** Formats with a type of their own: kind, longest and shortest text with quotation marks. */
const FORMATS: Readonly<Record<string, readonly [Kind, number, number]>> = {
  duration: ["duration", 32, 3],
  date: ["timestamp", 12, 12],
  "date-time": ["timestamp", 32, 21],
};

/**
 * The declaration of a schema; `undefined` where expressions cannot reach its values.
 *
 * @param whole the schema is a whole object's, so that `apiVersion`, `kind` and names are there
 */
export function declare(schema: SchemaNode, whole = schema["x-kubernetes-embedded-resource"] === true): Declaration | undefined {
  if (schema["x-kubernetes-int-or-string"]) return { kind: "dyn", most: textLength(schema), smallest: 1 };
  switch (schema.type) {
    case "array": {
      const item = schema.items && declare(schema.items);
      if (!item) return undefined;
      const most = schema.maxItems ?? Math.floor((MAX_REQUEST_BYTES - 2) / (item.smallest + 1));
      return { kind: "list", most, smallest: 2, item };
    }
    case "object":
      return declareObject(schema, whole);
    case "string":
      return declareString(schema);
    case "boolean":
      return { kind: "bool", most: 0, smallest: 4 };
    case "number":
      return { kind: "double", most: 0, smallest: 1 };
    case "integer":
      return { kind: "int", most: 0, smallest: 1 };
    default:
      return undefined;
  }
}

/** Bytes of JSON that the smallest value of a schema takes. */
export function smallestJson(schema: SchemaNode): number {
  return declare(schema)?.smallest ?? 0;
}

function declareObject(schema: SchemaNode, whole: boolean): Declaration | undefined {
  if (typeof schema.additionalProperties === "object") {
    const item = declare(schema.additionalProperties);
    if (!item) return undefined;
    const most = schema.maxProperties ?? Math.floor((MAX_REQUEST_BYTES - 2) / (item.smallest + 6));
    return { kind: "map", most, smallest: 2, item, key: TEXT };
  }
  const fields = new Map<string, Declaration>();
  let smallest = 2;
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const declaration = declare(inner);
    if (!declaration) continue;
    const escaped = escapedName(name);
    if (escaped !== undefined) fields.set(escaped, escaped === name ? declaration : { ...declaration, name });
    if (schema.required?.includes(name) && inner.default === undefined) smallest += name.length + declaration.smallest + 4;
  }
  if (whole && !saysWholeObject(schema)) for (const [name, declaration] of WHOLE_OBJECT) fields.set(name, declaration);
  return { kind: "object", most: 0, smallest, fields };
}

/** A field by the name that an expression uses; a name that CEL keeps for itself can be written as it is, too. */
export function fieldOf({ fields }: Declaration, name: string): Declaration | undefined {
  return fields?.get(name) ?? (isReserved(name) ? fields?.get(`__${name}__`) : undefined);
}

/** A schema that says less about the metadata than every object has is as one that says nothing: controller-gen writes `metadata: {type: object}`. */
function saysWholeObject({ properties = {} }: SchemaNode): boolean {
  const metadata = properties["metadata"];
  return (
    properties["kind"]?.type === "string" &&
    properties["apiVersion"]?.type === "string" &&
    metadata?.type === "object" &&
    metadata.properties?.["name"]?.type === "string" &&
    metadata.properties["generateName"]?.type === "string"
  );
}

function declareString(schema: SchemaNode): Declaration {
  if (schema.format === "byte") return { kind: "bytes", most: schema.maxLength ?? MAX_REQUEST_BYTES - 2, smallest: 2 };
  const [kind, most, smallest] = FORMATS[schema.format ?? ""] ?? ["string", textLength(schema), 2];
  return { kind, most, smallest };
}

/** In bytes: a character may take four. */
function textLength(schema: SchemaNode): number {
  if (schema.maxLength !== undefined) return schema.maxLength * 4;
  if (schema["x-kubernetes-int-or-string"] || !schema.enum?.length) return MAX_REQUEST_BYTES - 2;
  return Math.max(0, ...schema.enum.map((value) => (typeof value === "string" ? Buffer.byteLength(value) : 0)));
}

const ANY_TEXT: Declaration = { kind: "string", most: MAX_REQUEST_BYTES - 2, smallest: 2 };
const NAMES = new Map([
  ["name", ANY_TEXT],
  ["generateName", ANY_TEXT],
]);
const WHOLE_OBJECT: readonly [string, Declaration][] = [
  ["apiVersion", ANY_TEXT],
  ["kind", ANY_TEXT],
  ["metadata", { kind: "object", most: 0, smallest: 2, fields: NAMES }],
];
