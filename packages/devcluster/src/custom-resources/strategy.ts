import { isDeepStrictEqual } from "node:util";
import type { Cause, KubeObject } from "@outrigger/kit/api";
import { builtInDefinition } from "@outrigger/kit/kinds";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import { validateRules } from "@outrigger/machinery/cel";
import type { CustomResourceDefinition, DefinitionVersion } from "@outrigger/machinery/kinds";
import { normalize, validateAnyMeta, validateObjectMetaUpdate } from "@outrigger/machinery/kinds";
import { applyDefaults, dropNulls, validate, validateListTypes } from "@outrigger/machinery/schema";
import type { Strategy } from "../registry/index.ts";

/** Gives objects of a definition in another of its versions. */
export type Convert = (objects: readonly KubeObject[], apiVersion: string) => Promise<KubeObject[]>;

const objectMeta = (): SchemaNode => builtInDefinition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!;

/** How custom resources of one version go into the store (k8s.io/apiextensions-apiserver/pkg/registry/customresource). */
export function customStrategy(definition: CustomResourceDefinition, version: DefinitionVersion, convert: Convert): Strategy {
  const { group, scope, names } = definition.spec;
  const schema = version.schema?.openAPIV3Schema ?? { "x-kubernetes-preserve-unknown-fields": true };
  const body = withoutMetadata(schema);
  const hasStatus = version.subresources?.status !== undefined;
  const scale = version.subresources?.scale;
  const hasRules = saysRules(schema);
  const judge = (object: KubeObject, old?: KubeObject): Cause[] => {
    const ratcheted = old ? { old } : {};
    const causes = [
      ...kindProblems(object, names.kind),
      ...validate(body, object, ratcheted),
      ...(scale ? scaleProblems(object, scale) : []),
      ...validateListTypes(body, object),
    ];
    if (!hasRules) return causes;
    return [...causes, ...(causes.some(({ reason }) => blocking.has(reason)) ? [unchecked] : validateRules(schema, object, ratcheted))];
  };
  return {
    prune(object) {
      const inMetadata = prune(objectMeta(), object.metadata, false).map((path) => `metadata.${path}`);
      return [...inMetadata, ...prune(body, object)].sort();
    },
    default(object) {
      normalize(objectMeta(), object.metadata);
      applyDefaults(body, object);
      dropNulls(body, object);
    },
    prepareForCreate(object) {
      if (hasStatus) delete object["status"];
      object.metadata.generation = 1;
    },
    prepareForUpdate(object, old, subresource) {
      if (subresource === "status") {
        keepAllBut(object, old, ["status"]);
        return;
      }
      if (hasStatus) restore(object, old, "status");
      const changed = !isDeepStrictEqual(content(object, hasStatus), content(old, hasStatus));
      object.metadata.generation = (old.metadata.generation ?? 0) + (changed ? 1 : 0);
    },
    validate: (object) => [...validateAnyMeta(object.metadata, { scope }), ...judge(object)],
    validateUpdate(object, old) {
      // Kubernetes judges a change of metadata twice, and says so.
      const inMetadata = validateObjectMetaUpdate(object.metadata, old.metadata);
      return [...inMetadata, ...inMetadata, ...judge(object, old)];
    },
    warnings: () => [],
    convert: (objects, wanted) => convert(objects, `${group}/${wanted}`),
  };
}

/** Findings after which an object is too wrong for its rules to be asked. */
const blocking: ReadonlySet<string> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);
const unchecked: Cause = {
  reason: "FieldValueInvalid",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  field: "<nil>",
};

function saysRules(schema: SchemaNode): boolean {
  if (schema["x-kubernetes-validations"]?.length) return true;
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return inner.some((node) => typeof node === "object" && saysRules(node));
}

/** Metadata has rules of its own, whatever a definition says of it. */
function withoutMetadata(schema: SchemaNode): SchemaNode {
  if (!schema.properties) return schema;
  const { metadata: _metadata, apiVersion: _apiVersion, kind: _kind, ...properties } = schema.properties;
  return { ...schema, properties };
}

function content({ metadata: _metadata, status, ...rest }: KubeObject, hasStatus: boolean): object {
  return hasStatus ? rest : { ...rest, status };
}

function restore(object: KubeObject, old: KubeObject, field: string): void {
  if (old[field] === undefined) delete object[field];
  else object[field] = old[field];
}

/** A write of the status changes nothing else: of the metadata, managers alone. */
function keepAllBut(object: KubeObject, old: KubeObject, written: readonly string[]): void {
  for (const field of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (field !== "metadata" && !written.includes(field)) restore(object, old, field);
  }
  const { managedFields, resourceVersion } = object.metadata;
  object.metadata = { ...old.metadata };
  delete object.metadata.managedFields;
  if (managedFields) object.metadata.managedFields = managedFields;
  if (resourceVersion) object.metadata.resourceVersion = resourceVersion;
}

function kindProblems(object: KubeObject, kind: string): Cause[] {
  if (object.kind === kind) return [];
  return [{ reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(object.kind)}: must be ${kind}`, field: "kind" }];
}

function scaleProblems(
  object: KubeObject,
  { specReplicasPath, statusReplicasPath }: { specReplicasPath: string; statusReplicasPath: string },
): Cause[] {
  return [specReplicasPath, statusReplicasPath].flatMap((path) => {
    let value: unknown = object;
    for (const part of path.split(".").slice(1))
      value = value !== null && typeof value === "object" ? (value as Record<string, unknown>)[part] : undefined;
    if (value === undefined) return [];
    const refuse = (shown: unknown, why: string): Cause[] => [
      { reason: "FieldValueInvalid", message: `Invalid value: ${shown}: ${why}`, field: path },
    ];
    if (typeof value !== "number")
      return refuse(0, `${path} accessor error: ${String(value)} is of the type ${goType(value)}, expected int64`);
    if (!Number.isInteger(value)) return refuse(0, `${path} accessor error: ${value} is of the type float64, expected int64`);
    if (value < 0) return refuse(value, "should be a non-negative integer");
    return value > 2 ** 31 - 1 ? refuse(value, `should be less than or equal to ${2 ** 31 - 1}`) : [];
  });
}

function goType(value: unknown): string {
  if (value === null) return "<nil>";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "[]interface {}";
  return typeof value === "object" ? "map[string]interface {}" : typeof value;
}
