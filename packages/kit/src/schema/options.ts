// What the parts of a schema may state beside their type, each by a name of its own: a mistake in a name does not compile.
import type { SchemaNode, ValidationRule } from "./node.ts";

/** Options that every schema takes. */
export interface SchemaOptions {
  readonly description?: string;
  readonly title?: string;
  readonly example?: unknown;
  readonly externalDocs?: { readonly url?: string; readonly description?: string };
  /** What a value must fulfil beside its type; says nothing to the static type. */
  readonly allOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
  readonly not?: SchemaNode;
  /** CEL rules, judged by the API server. */
  readonly rules?: readonly ValidationRule[];
  /** The value that an object was created with stays: an optional field can be neither added nor removed later. A CEL rule (`self == oldSelf`). */
  readonly immutable?: boolean;
}

/** Options of a text. */
export interface StringOptions extends SchemaOptions {
  /** In characters. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** A regular expression of RE2's, not anchored. */
  readonly pattern?: string;
  /** `date-time`, `ipv4`, `uuid`, …: checked where the API server knows it, otherwise documentation. */
  readonly format?: string;
}

/** Options of a number. */
export interface NumberOptions extends SchemaOptions {
  readonly minimum?: number;
  readonly maximum?: number;
  /** `minimum` itself is not allowed. */
  readonly exclusiveMinimum?: boolean;
  /** `maximum` itself is not allowed. */
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly format?: "int32" | "int64" | "float" | "double";
}

/** Of a whole number or a text: each limit is for one of both. */
export interface IntOrStringOptions
  extends SchemaOptions,
    Pick<NumberOptions, "minimum" | "maximum">,
    Pick<StringOptions, "pattern" | "maxLength"> {}

/** Of listed values: limits that a definition states beside its list. */
export interface EnumOptions extends StringOptions, Pick<NumberOptions, "minimum" | "maximum"> {}

/** Options of an object or a map. */
export interface ObjectOptions extends SchemaOptions {
  readonly minProperties?: number;
  readonly maxProperties?: number;
  /** `atomic`: server-side apply owns the object as a whole. Default `granular`: field by field. */
  readonly mapType?: "granular" | "atomic";
  /** Keeps fields that the schema does not name. */
  readonly preserveUnknownFields?: boolean;
}

interface ListSize extends SchemaOptions {
  readonly minItems?: number;
  readonly maxItems?: number;
}
/**
 * How server-side apply sees a list: as a whole (`atomic`, the default), as a set of values, or as a map of objects by some of
 * their fields (`listMapKeys`), which must be required or have a default.
 */
export type ArrayOptions<Item = unknown> = ListSize &
  (
    | { readonly listType?: "atomic" | "set"; readonly listMapKeys?: never }
    | { readonly listType: "map"; readonly listMapKeys: readonly (keyof Item & string)[] }
  );

/** Any of the above, for the builder. */
export type AnyOptions = StringOptions | NumberOptions | ObjectOptions | ArrayOptions<never>;

/** On a node that the API server compares with its former state; never written out. */
export const IMMUTABLE = Symbol("immutable");

/** The keywords of a structural schema that the options stand for. */
export function keywords(options: AnyOptions = {}): SchemaNode & { [IMMUTABLE]?: true } {
  const {
    rules = [],
    immutable,
    mapType,
    preserveUnknownFields,
    listType,
    listMapKeys,
    ...same
  } = options as StringOptions & ObjectOptions & { readonly listType?: "atomic" | "set" | "map"; readonly listMapKeys?: readonly string[] };
  const all = immutable ? [...rules, { rule: "self == oldSelf", message: "is immutable" }] : [...rules];
  return {
    ...(same as SchemaNode),
    ...(mapType ? { "x-kubernetes-map-type": mapType } : {}),
    ...(preserveUnknownFields ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    ...(listType ? { "x-kubernetes-list-type": listType } : {}),
    ...(listMapKeys ? { "x-kubernetes-list-map-keys": [...listMapKeys] } : {}),
    ...(all.length > 0 ? { "x-kubernetes-validations": all } : {}),
    ...(immutable ? { [IMMUTABLE]: true as const } : {}),
  };
}
