import type { Resource, Scope } from "../api/index.ts";
import type { Static, TSchema } from "./builder.ts";
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
}

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
  Sp extends TSchema,
  St extends TSchema | undefined,
  S extends Scope,
> {
  readonly group: G;
  readonly version: V;
  readonly kind: K;
  /** Default: the kind in lower case with an s. */
  readonly plural?: string;
  readonly singular?: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default `Namespaced`. */
  readonly scope?: S;
  readonly spec: Sp;
  /** With a status there is a status subresource. */
  readonly status?: St;
  readonly columns?: readonly Column[];
  readonly scale?: ScaleSubresource;
  /** CEL rules over the whole object. */
  readonly rules?: SchemaNode["x-kubernetes-validations"];
  /** Of the definition itself. Groups below `k8s.io` need `api-approved.kubernetes.io` (https://github.com/kubernetes/enhancements/pull/1111). */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Clients that use this version are warned, with this text or the API server's. */
  readonly deprecated?: boolean | string;
  /** Paths that field selectors may name. */
  readonly selectableFields?: readonly string[];
}

/** A CustomResourceDefinition, whole. */
export interface CustomResourceDefinitionObject {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Record<string, unknown>;
}

export interface CustomResource<V extends string, K extends string, D extends object, O extends object, S extends Scope>
  extends Resource<V, K, D, O, S> {
  /** The definition to apply to a cluster. */
  crd(): CustomResourceDefinitionObject;
}

/**
 * Describes an API type once: its static types, and the CustomResourceDefinition.
 *
 * @throws RangeError for a group without a dot, a group of Kubernetes' own without approval, a version that is no Kubernetes version, or a kind not in CamelCase.
 */
export function defineResource<
  const G extends string,
  const V extends string,
  const K extends string,
  Sp extends TSchema,
  St extends TSchema | undefined = undefined,
  const S extends Scope = "Namespaced",
>(
  definition: ResourceDefinition<V, G, K, Sp, St, S>,
): CustomResource<
  `${G}/${V}`,
  K,
  { spec: Input<Sp> },
  St extends TSchema ? { spec: Static<Sp>; status?: Static<St> } : { spec: Static<Sp> },
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

function definitionObject(
  definition: ResourceDefinition<string, string, string, TSchema, TSchema | undefined, Scope>,
  plural: string,
): CustomResourceDefinitionObject {
  const { group, version, kind, status, columns, scale, rules, selectableFields, deprecated = false } = definition;
  const singular = definition.singular ?? kind.toLowerCase();
  const openAPIV3Schema: SchemaNode = {
    type: "object",
    required: ["spec"],
    properties: { spec: structural(definition.spec as SchemaNode), ...(status ? { status: structural(status as SchemaNode) } : {}) },
    ...(rules ? { "x-kubernetes-validations": [...rules] } : {}),
  };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}`, ...(definition.annotations ? { annotations: definition.annotations } : {}) },
    spec: {
      group,
      scope: definition.scope ?? "Namespaced",
      names: {
        kind,
        listKind: `${kind}List`,
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
          ...(status || scale ? { subresources: { ...(status ? { status: {} } : {}), ...(scale ? { scale: { ...scale } } : {}) } } : {}),
          ...(columns ? { additionalPrinterColumns: printed(columns) } : {}),
          ...(selectableFields ? { selectableFields: selectableFields.map((jsonPath) => ({ jsonPath })) } : {}),
        },
      ],
    },
  };
}

/** Columns as given, and the age last, which columns of one's own otherwise take away. */
function printed(columns: readonly Column[]): object[] {
  const given = columns.map(({ type = "string", ...column }) => ({ ...column, type }));
  return columns.some((column) => column.name.toLowerCase() === "age")
    ? given
    : [...given, { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }];
}

/** A schema without what only the builder needs, as plain JSON. */
function structural(schema: SchemaNode): SchemaNode {
  return JSON.parse(JSON.stringify(schema)) as SchemaNode;
}
