import type { SchemaNode } from "@outrigger/kit/schema";

type Json = Record<string, unknown>;
const EITHER = JSON.stringify([{ type: "integer" }, { type: "string" }]);

/**
 * A schema in the one form that the API server takes as the same: without what says nothing, and with its lists of fields in order.
 *
 * - `false` for a keyword that is off anyway, no properties, nothing required;
 * - `anyOf` of the two types beside `x-kubernetes-int-or-string`, which says it already;
 * - a required field that has a default: it is never absent.
 */
export function normalSchema(schema: SchemaNode): SchemaNode {
  const result: Json = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (value === undefined || value === false || keyword === "required") continue;
    if (keyword === "properties") {
      const all = Object.entries(value as Record<string, SchemaNode>);
      if (all.length > 0) result[keyword] = Object.fromEntries(all.map(([name, node]) => [name, normalSchema(node)]));
    } else if (keyword === "items" || keyword === "not" || (keyword === "additionalProperties" && typeof value === "object"))
      result[keyword] = normalSchema(value as SchemaNode);
    else if (["allOf", "anyOf", "oneOf"].includes(keyword)) {
      const parts = (value as SchemaNode[]).map(normalSchema);
      if (!(keyword === "anyOf" && schema["x-kubernetes-int-or-string"] && JSON.stringify(parts) === EITHER)) result[keyword] = parts;
    } else result[keyword] = value;
  }
  const required = (schema.required ?? []).filter((name) => own(schema.properties, name)?.default === undefined);
  if (required.length > 0) result["required"] = [...new Set(required)].sort();
  return result;
}

interface Conversion {
  readonly strategy?: string;
  readonly webhook?: { readonly conversionReviewVersions?: readonly string[] };
}

/** The API server asks in the first version of a review that it knows: after v1 none is asked for. */
function normalConversion({ webhook, ...rest }: Conversion): Conversion {
  const { conversionReviewVersions: versions = [], ...where } = webhook ?? {};
  return { ...rest, webhook: { ...where, conversionReviewVersions: versions[0] === "v1" ? ["v1"] : versions } };
}

/** A CustomResourceDefinition in that form, without what the API server adds or its clients note on it. */
export function normalDefinition({ metadata, spec }: { readonly metadata: Json; readonly spec: Json }): Json {
  const { names, versions, conversion, preserveUnknownFields, ...rest } = spec as {
    names: Json & { kind: string };
    versions: Json[];
    conversion?: Conversion;
    preserveUnknownFields?: boolean;
  };
  return {
    name: metadata["name"],
    ...filled("labels", metadata["labels"] as Json | undefined),
    ...filled("annotations", notedByOthers(metadata["annotations"] as Json | undefined)),
    ...rest,
    ...(preserveUnknownFields ? { preserveUnknownFields } : {}),
    ...(conversion?.strategy === "Webhook" ? { conversion: normalConversion(conversion) } : {}),
    names: withoutEmpty({ singular: names.kind.toLowerCase(), listKind: `${names.kind}List`, ...names }),
    versions: versions.map(normalVersion).sort((a, b) => String(a["name"]).localeCompare(String(b["name"]))),
  };
}

function normalVersion({ schema, additionalPrinterColumns, selectableFields, subresources, ...rest }: Json): Json {
  const columns = additionalPrinterColumns as Json[] | undefined;
  const onlyAge = columns?.length === 1 && columns[0]?.["jsonPath"] === ".metadata.creationTimestamp" && columns[0]["name"] === "Age";
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([name, value]) => !(name.startsWith("deprecat") && !value))),
    ...(columns?.length && !onlyAge
      ? { additionalPrinterColumns: columns.map(({ priority, ...column }) => ({ ...column, ...(priority ? { priority } : {}) })) }
      : {}),
    ...((selectableFields as unknown[] | undefined)?.length ? { selectableFields } : {}),
    ...filled("subresources", subresources as Json | undefined),
    schema: normalWhole(((schema as Json | undefined)?.["openAPIV3Schema"] ?? {}) as SchemaNode),
  };
}

/** The schema of whole objects: the API server knows apiVersion, kind and metadata, and describes them itself. */
export function normalWhole(schema: SchemaNode): SchemaNode {
  const { properties = {}, ...rest } = normalSchema(schema);
  const kept = Object.entries(properties).filter(([name, { description: _, ...node }]) => {
    const type = name === "metadata" ? "object" : name === "apiVersion" || name === "kind" ? "string" : undefined;
    return type === undefined || node.type !== type || Object.keys(node).length > 1 || rest.required?.includes(name);
  });
  return { ...rest, ...(kept.length > 0 ? { properties: Object.fromEntries(kept) } : {}) };
}

const notedByOthers = (annotations: Json = {}): Json => {
  const { "kubectl.kubernetes.io/last-applied-configuration": _, ...rest } = annotations;
  return rest;
};
const filled = (name: string, object: Json | undefined): Json => (object && Object.keys(object).length > 0 ? { [name]: object } : {});
const withoutEmpty = (object: Json): Json =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => !(Array.isArray(value) && value.length === 0)));
const own = <T>(object: Record<string, T> | undefined, name: string): T | undefined =>
  object && Object.hasOwn(object, name) ? object[name] : undefined;
