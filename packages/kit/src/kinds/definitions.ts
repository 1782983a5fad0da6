// The definitions of Kubernetes' own kinds, as an API server publishes them, and as schemas.
import { readFileSync } from "node:fs";
import type { SchemaNode } from "../schema/index.ts";

/** A definition as the data file has it: an OpenAPI schema with references by name, and what Go's JSON needs to know. */
export interface Definition extends Record<string, unknown> {
  readonly $ref?: string;
  readonly properties?: Record<string, Definition>;
  readonly items?: Definition;
  readonly additionalProperties?: Definition | boolean;
  readonly order?: readonly string[];
  readonly pointers?: readonly string[];
  readonly nullables?: readonly string[];
  readonly omitted?: readonly string[];
}
/** How Go writes one struct as JSON. */
export interface GoStruct {
  /** JSON names in the order of the struct's fields. */
  readonly order: readonly string[];
  /** Fields whose zero value is a value, since they are pointers: `replicas: 0`. */
  readonly pointers: ReadonlySet<string>;
  /** Lists and maps that are written as null when there are none. */
  readonly nullables: ReadonlySet<string>;
  /** Fields that have a zero value by default and are left out while they have it. */
  readonly omitted: ReadonlySet<string>;
}

type Definitions = Readonly<Record<string, Definition>>;

let raw: Definitions | undefined;
let resolve: ((name: string) => SchemaNode) | undefined;
const structs = new WeakMap<SchemaNode, GoStruct>();

/** Definitions as the data file has them; read from it at the first call. */
export function rawDefinitions(): Definitions {
  raw ??= JSON.parse(readFileSync(new URL("../../data/definitions.json", import.meta.url), "utf8")) as Definitions;
  return raw;
}

/** The schema of a definition by its published name, such as `io.k8s.api.core.v1.PodSpec`, with references followed. */
export function builtInDefinition(name: string): SchemaNode | undefined {
  const definitions = rawDefinitions();
  resolve ??= resolver(definitions);
  return Object.hasOwn(definitions, name) ? resolve(name) : undefined;
}

/** Go's facts about the struct that a node of a built-in kind's schema describes. */
export function goStruct(node: SchemaNode): GoStruct | undefined {
  return structs.get(node);
}

/** The name of the definition that a node came from: `io.k8s.api.core.v1.PodSpec`. */
export function schemaName(node: SchemaNode): string | undefined {
  return node.title;
}

/** Makes nodes of definitions when they are first looked at: they refer to each other, and to themselves. */
function resolver(definitions: Definitions): (name: string) => SchemaNode {
  const made = new Map<string, SchemaNode>();
  const resolve = (name: string): SchemaNode => {
    let node = made.get(name);
    if (!node) {
      const definition = definitions[name];
      if (!definition) throw new RangeError(`the table of kinds has no definition ${name}`);
      node = build(definition, name);
      made.set(name, node);
    }
    return node;
  };
  const follow = (raw: Definition): SchemaNode => {
    if (raw.$ref === undefined) return build(raw, undefined);
    const { $ref: named, ...own } = raw;
    const $ref = STANDS_FOR[named] ?? named;
    return Object.keys(own).length === 0 ? resolve($ref) : build({ ...definitions[$ref], ...own }, $ref);
  };
  const build = (raw: Definition, name: string | undefined): SchemaNode => {
    const { properties, items, additionalProperties, order, pointers = [], nullables = [], omitted = [], ...facts } = raw;
    const node = (WELL_KNOWN[name ?? ""] ? { ...facts, ...WELL_KNOWN[name ?? ""] } : facts) as SchemaNode;
    if (name !== undefined) node.title = name;
    if (properties) lazily(node, "properties", () => childrenOf(properties));
    if (items) lazily(node, "items", () => follow(items));
    if (typeof additionalProperties === "object") lazily(node, "additionalProperties", () => follow(additionalProperties));
    else if (additionalProperties !== undefined) node.additionalProperties = additionalProperties;
    if (order) structs.set(node, { order, pointers: new Set(pointers), nullables: new Set(nullables), omitted: new Set(omitted) });
    return node;
  };
  const childrenOf = (properties: Record<string, Definition>): Record<string, SchemaNode> => {
    const children = Object.create(null) as Record<string, SchemaNode>;
    for (const [field, raw] of Object.entries(properties)) children[field] = follow(raw);
    return children;
  };
  return resolve;
}

/** Types with a JSON form of their own, said in the terms of structural schemas. */
const WELL_KNOWN: Readonly<Record<string, SchemaNode>> = {
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { "x-kubernetes-int-or-string": true },
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": { "x-kubernetes-preserve-unknown-fields": true },
  "io.k8s.apimachinery.pkg.runtime.RawExtension": { "x-kubernetes-preserve-unknown-fields": true },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": { "x-kubernetes-preserve-unknown-fields": true },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": { "x-kubernetes-preserve-unknown-fields": true },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": { "x-kubernetes-preserve-unknown-fields": true },
};
/** Types that stand for another in all but one odd form. */
const STANDS_FOR: Readonly<Record<string, string>> = {
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray":
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps",
};

function lazily(node: SchemaNode, field: "properties" | "items" | "additionalProperties", make: () => unknown): void {
  Object.defineProperty(node, field, {
    enumerable: true,
    configurable: true,
    get() {
      const value = make();
      Object.defineProperty(node, field, { enumerable: true, configurable: true, writable: true, value });
      return value;
    },
  });
}
