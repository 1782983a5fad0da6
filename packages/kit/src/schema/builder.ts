// The schema builder: static types from typebox, plain structural schemas at run time. typebox itself is not loaded, so
// that describing a type costs nothing at start.
import type * as typebox from "typebox";
import type { Condition } from "../api/index.ts";
import { conditions } from "./conditions.ts";
import { presenceRule, refuseImmutableItems } from "./immutable.ts";
import { withDefault } from "./input.ts";
import { enumValues, listed } from "./listed.ts";
import type { SchemaNode } from "./node.ts";
import {
  type AnyOptions,
  type ArrayOptions,
  type EnumOptions,
  IMMUTABLE,
  type IntOrStringOptions,
  keywords,
  type NumberOptions,
  type ObjectOptions,
  type SchemaOptions,
  type StringOptions,
} from "./options.ts";
import { union } from "./union.ts";

/** An object of a kind that only the writer knows. */
export interface EmbeddedResource {
  apiVersion: string;
  kind: string;
  metadata?: { name?: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  [field: string]: unknown;
}

/** Marks a property as optional, for `Object`; never written out. */
const OPTIONAL = Symbol("optional");
type Node = SchemaNode & { [OPTIONAL]?: true; [IMMUTABLE]?: true };
type EnumLike = Readonly<Record<string, string | number>>;

/** What `t` can build; the static types are typebox's. */
export interface SchemaBuilder {
  Object<P extends typebox.TProperties>(properties: P, options?: ObjectOptions): typebox.TObject<P>;
  String(options?: StringOptions): typebox.TString;
  Integer(options?: NumberOptions): typebox.TInteger;
  Number(options?: NumberOptions): typebox.TNumber;
  Boolean(options?: SchemaOptions): typebox.TBoolean;
  /** @throws RangeError for map keys that are neither required nor have a default, and for items that cannot be immutable. */
  Array<T extends typebox.TSchema>(items: T, options?: ArrayOptions<typebox.Static<T>>): typebox.TArray<T>;
  /** A map from any text; the key's schema only binds its type. */
  Record<K extends typebox.TSchema, V extends typebox.TSchema>(
    key: K,
    value: V,
    options?: ObjectOptions,
  ): ReturnType<typeof typebox.Record<K, V>>;
  Enum<V extends (string | number)[]>(values: readonly [...V], options?: EnumOptions): typebox.TEnum<V>;
  Enum<E extends EnumLike>(values: E, options?: EnumOptions): typebox.TUnsafe<E[keyof E]>;
  Literal<V extends string | number | boolean>(value: V, options?: SchemaOptions): typebox.TLiteral<V>;
  Optional<T extends typebox.TSchema>(inner: T): ReturnType<typeof typebox.Optional<T>>;
  /** Optional for the writer, always there for the reader: the API server fills it in. */
  readonly Default: typeof withDefault;
  /** A count or a percentage (`IntOrString`). */
  IntOrString(options?: IntOrStringOptions): typebox.TUnsafe<number | string>;
  /** An amount of a resource, as text or number. */
  Quantity(options?: SchemaOptions): typebox.TUnsafe<number | string>;
  /** One of several: listed values, whole numbers or text, or objects that differ in their fields. @throws RangeError where a structural schema cannot say it. */
  Union<T extends typebox.TSchema[]>(members: [...T], options?: SchemaOptions): typebox.TUnion<T>;
  /** `null` is a value of its own here, and not taken for absent. */
  Nullable<T extends typebox.TSchema>(inner: T): typebox.TUnsafe<typebox.Static<T> | null>;
  /** Any JSON value, kept as it is. */
  Unknown(options?: SchemaOptions): typebox.TUnsafe<unknown>;
  /** A whole object of another kind, kept as it is; the API server checks its apiVersion, kind and metadata. */
  EmbeddedResource(options?: SchemaOptions): typebox.TUnsafe<EmbeddedResource>;
  /** Any object, kept as it is. */
  Any(options?: SchemaOptions): typebox.TUnsafe<Record<string, unknown>>;
  /** Conditions as Kubernetes' own kinds have them, one of each type; `setCondition` changes one. */
  Conditions(options?: SchemaOptions): typebox.TUnsafe<Condition[]>;
  /** A shape of its own: the schema as it stands, with the static type that the caller names. */
  Unsafe<T>(schema: SchemaNode): typebox.TUnsafe<T>;
}

const node = (own: SchemaNode, options?: AnyOptions): Node => ({ ...own, ...keywords(options) });

function object(properties: Record<string, Node>, options: ObjectOptions = {}): Node {
  const all = Object.entries(properties);
  const required = all.filter(([, property]) => !property[OPTIONAL] && property.default === undefined).map(([name]) => name);
  const presence = all.filter(([, property]) => property[OPTIONAL] && property[IMMUTABLE]).map(([name]) => presenceRule(name));
  const rules = [...presence, ...(options.rules ?? [])];
  return node(
    { type: "object", properties: { ...properties }, ...(required.length > 0 ? { required } : {}) },
    rules.length > 0 ? { ...options, rules } : options,
  );
}

function array(items: Node, options: ArrayOptions<never> = {}): Node {
  for (const key of options.listMapKeys ?? []) {
    const property = items.properties?.[key] as Node | undefined;
    if (!items.required?.includes(key) && property?.default === undefined)
      throw new RangeError(`the list map key ${key} must be a field of the items that is required or has a default`);
  }
  const list = node({ type: "array", items }, options);
  refuseImmutableItems(list);
  return list;
}

/** Listed values, or an enum of TypeScript's. */
const enumeration = (values: Parameters<typeof listed>[0] | EnumLike, options?: EnumOptions): Node =>
  node(listed(Array.isArray(values) ? values : enumValues(values as EnumLike)), options);

const QUANTITY = "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";

/** `t.Object({ replicas: t.Integer({ minimum: 0 }) })`: what an API type's fields hold. */
export const t: SchemaBuilder = {
  Object: object,
  String: (options?: StringOptions) => node({ type: "string" }, options),
  Integer: (options?: NumberOptions) => node({ type: "integer" }, options),
  Number: (options?: NumberOptions) => node({ type: "number" }, options),
  Boolean: (options?: SchemaOptions) => node({ type: "boolean" }, options),
  Array: array,
  Record: (_key: Node, value: Node, options?: ObjectOptions) => node({ type: "object", additionalProperties: value }, options),
  Enum: enumeration,
  Literal: (value: string | number | boolean, options?: SchemaOptions) => enumeration([value], options),
  Optional: (inner: Node) => ({ ...inner, [OPTIONAL]: true }),
  Default: withDefault,
  IntOrString: (options?: IntOrStringOptions) => node({ "x-kubernetes-int-or-string": true }, options),
  Quantity: (options?: SchemaOptions) => node({ "x-kubernetes-int-or-string": true, pattern: QUANTITY }, options),
  Union: (members: Node[], options?: SchemaOptions) => node(union(members), options),
  Nullable: (inner: Node) => ({ ...inner, nullable: true }),
  Unknown: (options?: SchemaOptions) => node({ "x-kubernetes-preserve-unknown-fields": true }, options),
  EmbeddedResource: (options?: SchemaOptions) =>
    node({ type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true }, options),
  Any: (options?: SchemaOptions) => node({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, options),
  Conditions: (options?: SchemaOptions) => node(conditions(), options),
  Unsafe: (schema: SchemaNode) => schema,
} as never;

export type { Static, TObject, TSchema } from "typebox";
