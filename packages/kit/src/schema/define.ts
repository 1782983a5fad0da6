import type { Resource, Scope } from "../api/index.ts";
import { type Static, type TObject, type TSchema, t } from "./builder.ts";
import type { Input } from "./input.ts";
import type { SchemaNode } from "./node.ts";

/** A column of `kubectl get`. */
export interface Column {
  readonly name: string;
  readonly jsonPath: string;
  readonly type?: "string" | "integer" | "number" | "boolean" | "date";
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority?: number;
  readonly description?: string;
  /** How clients print the value, such as `int32` or `date-time`. */
  readonly format?: string;
}

/** Where the scale subresource of a kind reads and writes: paths as in a CustomResourceDefinition. */
export interface ScaleSubresource {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  readonly labelSelectorPath?: string;
}

/** An API type: what `defineResource` takes. */
export interface ResourceDefinition<
  V extends string,
  G extends string,
  K extends string,
  Sp extends TSchema | undefined,
  St extends TSchema | undefined,
  S extends Scope,
  F extends TObject | undefined = undefined,
> {
  readonly group: G;
  readonly version: V;
  readonly kind: K;
  /** Default: the kind in lower case with an s. */
  readonly plural?: string;
  readonly singular?: string;
  /** Default: the kind with List. */
  readonly listKind?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default `Namespaced`. */
  readonly scope?: S;
  /** Of the kind, for `kubectl explain`. */
  readonly description?: string;
  /** Required in each object, unless it is optional or has a default. */
  readonly spec?: Sp;
  /** With a status there is a status subresource. */
  readonly status?: St;
  /** Whether there is a status subresource. Default: if there is a `status`. */
  readonly statusSubresource?: boolean;
  /** Fields beside spec and status, at the top of each object; its options are those of the whole object. */
  readonly fields?: F;
  readonly columns?: readonly Column[];
  /** Whether columns without one for the age get one, as the last. Default true. */
  readonly age?: boolean;
  readonly scale?: ScaleSubresource;
  /** CEL rules over the whole object. */
  readonly rules?: SchemaNode["x-kubernetes-validations"];
  /** Of the definition itself. Groups below `k8s.io` need `api-approved.kubernetes.io` (https://github.com/kubernetes/enhancements/pull/1111). */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Of the definition itself. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Clients that use this version are warned, with this text or the API server's. */
  readonly deprecated?: boolean | string;
  /** Paths that field selectors may name. */
  readonly selectableFields?: readonly string[];
}

/** A CustomResourceDefinition, whole. */
export interface CustomResourceDefinitionObject {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: Record<string, unknown>;
}

export interface CustomResource<V extends string, K extends string, D extends object, O extends object, S extends Scope>
  extends Resource<V, K, D, O, S> {
  /** The definition to apply to a cluster. */
  crd(): CustomResourceDefinitionObject;
}

/** The fields of an object that its writer states, as one schema. What every object has is typed elsewhere. */
type Stated<Sp, F> = TObject<
  Schemas<
    (Sp extends TSchema ? { spec: Sp } : unknown) & (F extends TObject<infer P> ? Omit<P, "apiVersion" | "kind" | "metadata"> : unknown)
  >
>;
type Schemas<P> = { [K in keyof P]: P[K] extends TSchema ? P[K] : never };

/**
 * Describes an API type once: its static types, and the CustomResourceDefinition.
 *
 * @throws RangeError for a group without a dot, a group of Kubernetes' own without approval, a version that is no Kubernetes version, or a kind not in CamelCase.
 */
export function defineResource<
  const G extends string,
  const V extends string,
  const K extends string,
  Sp extends TSchema | undefined = undefined,
  St extends TSchema | undefined = undefined,
  const S extends Scope = "Namespaced",
  F extends TObject | undefined = undefined,
>(
  definition: ResourceDefinition<V, G, K, Sp, St, S, F>,
): CustomResource<
  `${G}/${V}`,
  K,
  Input<Stated<Sp, F>>,
  St extends TSchema ? Simplify<Static<Stated<Sp, F>> & { status?: Static<St> }> : Static<Stated<Sp, F>>,
  S
> {
  const { group, version, kind } = definition;
  if (!group.includes("."))
    throw new RangeError(`group ${JSON.stringify(group)}: custom resources need a group with a dot, such as example.com`);
  if (!/^v\d+((alpha|beta)\d+)?$/.test(version))
    throw new RangeError(`version ${JSON.stringify(version)}: write it as v1, v1beta1 or v1alpha1`);
  if (!/^[A-Z][A-Za-z0-9]*$/.test(kind)) throw new RangeError(`kind ${JSON.stringify(kind)}: write it in CamelCase`);
  if (/(^|\.)(k8s|kubernetes)\.io$/.test(group) && !definition.annotations?.["api-approved.kubernetes.io"])
    throw new RangeError(
      `group ${JSON.stringify(group)} is Kubernetes' own: choose another, or state annotations: { "api-approved.kubernetes.io": "unapproved, an experiment" }`,
    );
  const plural = definition.plural ?? `${kind.toLowerCase()}s`;
  return {
    apiVersion: `${group}/${version}`,
    kind,
    plural,
    scope: (definition.scope ?? "Namespaced") as S,
    crd: () => definitionObject(definition, plural),
  };
}

type Simplify<T> = { [K in keyof T]: T[K] } & {};
type Definition = ResourceDefinition<string, string, string, TSchema | undefined, TSchema | undefined, Scope, TObject | undefined>;

/** The schema of whole objects. */
function whole({ spec, status, fields, rules, description }: Definition): SchemaNode {
  const own = structural(t.Object({ ...(spec ? { spec } : {}) }) as SchemaNode);
  const {
    properties,
    required = [],
    ...rest
  } = fields ? structural(fields as SchemaNode) : ({ type: "object" } satisfies SchemaNode as SchemaNode);
  const all = [...(own.required ?? []), ...required];
  return {
    ...rest,
    ...(description === undefined ? {} : { description }),
    ...(all.length > 0 ? { required: all } : {}),
    properties: { ...own.properties, ...(status ? { status: structural(status as SchemaNode) } : {}), ...properties },
    ...(rules ? { "x-kubernetes-validations": [...(rest["x-kubernetes-validations"] ?? []), ...rules] } : {}),
  };
}

function definitionObject(definition: Definition, plural: string): CustomResourceDefinitionObject {
  const { group, version, kind, status, columns, scale, selectableFields, deprecated = false, annotations, labels } = definition;
  const { singular = kind.toLowerCase(), listKind = `${kind}List`, statusSubresource = status !== undefined } = definition;
  const openAPIV3Schema = whole(definition);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, ...(annotations ? { annotations } : {}), ...(labels ? { labels } : {}) },
    spec: {
      group,
      scope: definition.scope ?? "Namespaced",
      names: {
        kind,
        listKind,
        plural,
        singular,
        ...(definition.shortNames ? { shortNames: [...definition.shortNames] } : {}),
        ...(definition.categories ? { categories: [...definition.categories] } : {}),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(deprecated ? { deprecated: true } : {}),
          ...(typeof deprecated === "string" ? { deprecationWarning: deprecated } : {}),
          schema: { openAPIV3Schema },
          ...(statusSubresource || scale
            ? { subresources: { ...(statusSubresource ? { status: {} } : {}), ...(scale ? { scale: { ...scale } } : {}) } }
            : {}),
          ...(columns ? { additionalPrinterColumns: printed(columns, definition.age) } : {}),
          ...(selectableFields ? { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) } : {}),
        },
      ],
    },
  };
}

/** Columns as given, and the age last, which columns of one's own otherwise take away. */
function printed(columns: readonly Column[], age = true): object[] {
  const given = columns.map(({ type = "string", ...column }) => ({ ...column, type }));
  return !age || columns.some((column) => column.name.toLowerCase() === "age")
    ? given
    : [...given, { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }];
}

/** A schema without what only the builder needs, as plain JSON. */
function structural(schema: SchemaNode): SchemaNode {
  return JSON.parse(JSON.stringify(schema)) as SchemaNode;
}
