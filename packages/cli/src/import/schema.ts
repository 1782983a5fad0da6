import { isDeepStrictEqual } from "node:util";
import { type SchemaNode, type TSchema, t } from "@outrigger/kit/schema";
import { normalSchema } from "./normal.ts";
import { type Field, json, record, type Source } from "./source.ts";

/** A part of a schema as the builder writes it, and what the builder makes of that. */
export interface Built {
  readonly source: Source;
  readonly node: TSchema;
  /** Why a part is a schema as it stood; for the comment above its field. */
  readonly raw?: string | undefined;
}

const EVERY = ["description", "title", "example", "externalDocs", "rules", "allOf", "anyOf", "oneOf", "not"];
const TEXT = ["minLength", "maxLength", "pattern", "format"];
const NUMBER = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"];
const OBJECT = ["minProperties", "maxProperties", "mapType", "preserveUnknownFields"];
const LIST = ["minItems", "maxItems", "listType", "listMapKeys"];
const NUMBER_FORMATS = ["int32", "int64", "float", "double"];
const NAMES: Readonly<Record<string, string>> = {
  "x-kubernetes-validations": "rules",
  "x-kubernetes-map-type": "mapType",
  "x-kubernetes-preserve-unknown-fields": "preserveUnknownFields",
  "x-kubernetes-list-type": "listType",
  "x-kubernetes-list-map-keys": "listMapKeys",
};
const QUANTITY = (t.Quantity() as SchemaNode).pattern;

/**
 * Writes a schema with the builder. Each part is built as well and compared with what it came from: a part that the builder
 * would make anything else of is kept as it stands, by `t.Unsafe`.
 */
export function built(schema: SchemaNode): Built {
  const whole = normalSchema(schema);
  try {
    const made = attempt(whole);
    if (made && isDeepStrictEqual(plain(made.node), whole)) return made;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return {
    source: { call: `t.Unsafe<${typeOf(whole)}>`, with: [json(whole)] },
    node: whole as TSchema,
    raw: "The schema as it was: the builder has no word for all of it.",
  };
}

const plain = (node: TSchema): SchemaNode => normalSchema(JSON.parse(JSON.stringify(node)));

function attempt(schema: SchemaNode): Built | undefined {
  const { default: value, nullable, ...rest } = schema;
  if (value !== undefined) {
    const inner = built({ ...rest, ...(nullable ? { nullable } : {}) });
    return inner.raw ? undefined : { ...call("Default", [inner.source, json(value)], t.Default(inner.node, value as never)) };
  }
  if (nullable) {
    const inner = built(rest);
    return inner.raw ? undefined : call("Nullable", [inner.source], t.Nullable(inner.node));
  }
  return base(schema);
}

function base(schema: SchemaNode): Built | undefined {
  const { type, enum: values, properties = {}, required: _required, items, additionalProperties, ...keywords } = schema;
  const { "x-kubernetes-int-or-string": either, "x-kubernetes-embedded-resource": embedded, ...rest } = keywords;
  if (values?.length === 1 && typeof values[0] === "boolean")
    return simple("Literal", rest, EVERY, { source: json(values[0]), node: values[0] as never });
  if (values)
    return values.some((value) => typeof value === "boolean")
      ? undefined
      : simple("Enum", rest, [...EVERY, ...TEXT, "minimum", "maximum"], values);
  if (either) {
    const { pattern, ...others } = rest;
    if (pattern === QUANTITY && Object.keys(others).every((name) => EVERY.includes(NAMES[name] ?? name)))
      return simple("Quantity", others, EVERY);
    return simple("IntOrString", rest, [...EVERY, "minimum", "maximum", "pattern", "maxLength"]);
  }
  const { "x-kubernetes-preserve-unknown-fields": open, ...closed } = rest;
  if (embedded) return Object.keys(properties).length > 0 ? undefined : simple("EmbeddedResource", closed, EVERY);
  switch (type) {
    case undefined:
      return open ? simple("Unknown", closed, EVERY) : undefined;
    case "string":
      return simple("String", rest, [...EVERY, ...TEXT]);
    case "boolean":
      return simple("Boolean", rest, EVERY);
    case "integer":
    case "number":
      if (rest.format !== undefined && !NUMBER_FORMATS.includes(rest.format)) return undefined;
      return simple(type === "integer" ? "Integer" : "Number", rest, [...EVERY, ...NUMBER]);
    case "array": {
      if (!items) return undefined;
      const inner = built(items);
      return simple("Array", rest, [...EVERY, ...LIST], inner);
    }
    case "object": {
      if (typeof additionalProperties === "object")
        return simple("Record", rest, [...EVERY, ...OBJECT], { source: "t.String()", node: t.String() }, built(additionalProperties));
      if (open && Object.keys(properties).length === 0) {
        const any = simple("Any", closed, EVERY);
        if (any) return any;
      }
      return simple("Object", rest, [...EVERY, ...OBJECT], members(schema));
    }
  }
}

/** The fields of an object. */
export function members({ properties = {}, required = [] }: SchemaNode): Built {
  const fields: Field[] = [];
  const nodes: Record<string, TSchema> = {};
  for (const [name, property] of Object.entries(properties)) {
    const { source, node, raw } = optional(built(property), required.includes(name) || property.default !== undefined);
    fields.push({ name, value: source, comment: raw });
    nodes[name] = node;
  }
  return { source: { fields, open: true }, node: nodes as unknown as TSchema };
}

export function optional(part: Built, required: boolean): Built {
  return required ? part : { source: { call: "t.Optional", with: [part.source] }, node: t.Optional(part.node), raw: part.raw };
}

/** A call of the builder with arguments and options, unless a keyword is not among the options that it takes. */
function simple(
  name: keyof typeof t,
  keywords: SchemaNode,
  allowed: readonly string[],
  ...given: readonly (Built | unknown[])[]
): Built | undefined {
  const options: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(keywords)) {
    const option = NAMES[keyword] ?? keyword;
    if (!allowed.includes(option)) return undefined;
    options[option] = value;
  }
  const some = Object.keys(options).length > 0;
  const parts = given.map((one) => (Array.isArray(one) ? { source: json(one), node: one, raw: undefined } : one));
  const make = t[name] as (...all: unknown[]) => TSchema;
  const node = make(...parts.map((one) => one.node), ...(some ? [options] : []));
  return {
    ...call(name, [...parts.map(({ source }) => source), ...(some ? [record(options)] : [])], node),
    raw: parts.find(({ raw }) => raw)?.raw,
  };
}

function call(name: string, given: readonly Source[], node: TSchema): Built {
  return { source: { call: `t.${name}`, with: given }, node };
}

/** The longest list of values that is still a type: the formatter breaks longer ones over lines. */
const LONGEST_TYPE = 60;

/** The static type of a part that is kept as it stands. */
function typeOf(schema: SchemaNode): string {
  const { type, enum: values, nullable } = schema;
  const literals = values?.every((value) => value === null || typeof value !== "object")
    ? values.map((value) => JSON.stringify(value)).join(" | ")
    : "";
  const own =
    literals !== "" && literals.length <= LONGEST_TYPE
      ? literals
      : schema["x-kubernetes-int-or-string"]
        ? "number | string"
        : type === "string" || type === "boolean"
          ? type
          : type === "integer" || type === "number"
            ? "number"
            : type === "array"
              ? `${schema.items?.type === "string" ? "string" : schema.items?.type === "object" ? "Record<string, unknown>" : "unknown"}[]`
              : type === "object"
                ? "Record<string, unknown>"
                : "unknown";
  return nullable && own !== "unknown" && !values?.includes(null) ? `${own} | null` : own;
}
