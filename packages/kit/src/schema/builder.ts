// The schema builder: static types from typebox, plain structural schemas at run time. typebox itself is not loaded, so
// that describing a type costs nothing at start.
import type * as typebox from "typebox";
import { withDefault } from "./input.ts";
import { enumValues, listed } from "./listed.ts";
import type { SchemaNode, ValidationRule } from "./node.ts";
import { union } from "./union.ts";

/** An object of a kind that only the writer knows. */
export interface EmbeddedResource {
  apiVersion: string;
  kind: string;
  metadata?: { name?: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/** What any part of a schema may state beside its type. */
export interface SchemaOptions {
  readonly description?: string;
  readonly nullable?: boolean;
  /** CEL rules, judged by the API server. */
  readonly rules?: readonly ValidationRule[];
  readonly [keyword: string]: unknown;
}

/** Marks a property as optional, for `Object`; never written out. */
const OPTIONAL = Symbol("optional");
type Node = SchemaNode & { [OPTIONAL]?: true };

const node = (own: SchemaNode, options: SchemaOptions = {}): Node => {
  const { rules, ...rest } = options;
  return { ...own, ...(rest as SchemaNode), ...(rules ? { "x-kubernetes-validations": [...rules] } : {}) };
};

const object = (properties: Record<string, Node>, options?: SchemaOptions): Node => {
  const required = Object.entries(properties)
    .filter(([, property]) => !property[OPTIONAL] && property.default === undefined)
    .map(([name]) => name);
  return node({ type: "object", properties: { ...properties }, ...(required.length > 0 ? { required } : {}) }, options);
};
/** Listed values, or an enum of TypeScript's. */
const enumeration = (values: Parameters<typeof listed>[0] | Readonly<Record<string, string | number>>, options?: SchemaOptions): Node =>
  node(listed(Array.isArray(values) ? values : enumValues(values as Readonly<Record<string, string | number>>)), options);

/** `t.Object({ replicas: t.Integer({ minimum: 0 }) })`: what an API type's fields hold. */
export const t = {
  Object: object as unknown as typeof typebox.Object,
  String: ((options?: SchemaOptions) => node({ type: "string" }, options)) as unknown as typeof typebox.String,
  Integer: ((options?: SchemaOptions) => node({ type: "integer" }, options)) as unknown as typeof typebox.Integer,
  Number: ((options?: SchemaOptions) => node({ type: "number" }, options)) as unknown as typeof typebox.Number,
  Boolean: ((options?: SchemaOptions) => node({ type: "boolean" }, options)) as unknown as typeof typebox.Boolean,
  Array: ((items: Node, options?: SchemaOptions) => node({ type: "array", items }, options)) as unknown as typeof typebox.Array,
  /** A map from any text; the key's schema only binds its type. */
  Record: ((_key: Node, value: Node, options?: SchemaOptions) =>
    node({ type: "object", additionalProperties: value }, options)) as unknown as typeof typebox.Record,
  Enum: enumeration as unknown as typeof typebox.Enum,
  Literal: ((value: string | number | boolean, options?: SchemaOptions) =>
    enumeration([value], options)) as unknown as typeof typebox.Literal,
  Optional: ((inner: Node) => ({ ...inner, [OPTIONAL]: true })) as unknown as typeof typebox.Optional,
  /** Optional for the writer, always there for the reader: the API server fills it in. */
  Default: withDefault,
  /** A count or a percentage (`IntOrString`). */
  IntOrString: ((options?: SchemaOptions) => node({ "x-kubernetes-int-or-string": true }, options)) as unknown as (
    options?: SchemaOptions,
  ) => typebox.TUnsafe<number | string>,
  /** An amount of a resource, as text or number. */
  Quantity: ((options?: SchemaOptions) =>
    node(
      {
        "x-kubernetes-int-or-string": true,
        pattern: "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$",
      },
      options,
    )) as unknown as (options?: SchemaOptions) => typebox.TUnsafe<number | string>,
  /** One of several: listed values, whole numbers or text, or objects that differ in their fields. @throws RangeError where a structural schema cannot say it. */
  Union: ((members: Node[], options?: SchemaOptions) => node(union(members), options)) as unknown as typeof typebox.Union,
  /** `null` is a value of its own here, and not taken for absent. */
  Nullable: ((inner: Node) => ({ ...inner, nullable: true })) as unknown as <T extends typebox.TSchema>(
    inner: T,
  ) => typebox.TUnsafe<typebox.Static<T> | null>,
  /** Any JSON value, kept as it is. */
  Unknown: ((options?: SchemaOptions) => node({ "x-kubernetes-preserve-unknown-fields": true }, options)) as unknown as (
    options?: SchemaOptions,
  ) => typebox.TUnsafe<unknown>,
  /** A whole object of another kind, kept as it is; the API server checks its apiVersion, kind and metadata. */
  EmbeddedResource: ((options?: SchemaOptions) =>
    node({ type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }, options)) as unknown as (
    options?: SchemaOptions,
  ) => typebox.TUnsafe<EmbeddedResource>,
  /** Any object, kept as it is. */
  Any: ((options?: SchemaOptions) => node({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, options)) as unknown as (
    options?: SchemaOptions,
  ) => typebox.TUnsafe<Record<string, unknown>>,
  /** A shape of its own: the schema as it stands, with the static type that the caller names. */
  Unsafe: ((schema: SchemaNode) => schema) as unknown as typeof typebox.Unsafe,
};

export type { Static, TObject, TSchema } from "typebox";
