type Json = Record<string, unknown>;

interface Version extends Json {
  name: string;
  schema?: { openAPIV3Schema?: Json };
}

/** A definition as `v1`, and what a person should look at. `undefined` for what is no `v1beta1` definition. */
export function converted(definition: Json): { readonly object: Json; readonly notes: readonly string[] } | undefined {
  if (definition["apiVersion"] !== "apiextensions.k8s.io/v1beta1" || definition["kind"] !== "CustomResourceDefinition") return undefined;
  const notes: string[] = [];
  const { version, versions, validation, subresources, additionalPrinterColumns, preserveUnknownFields, conversion, ...rest } = definition[
    "spec"
  ] as Json;
  const shared = { validation: validation as Json | undefined, subresources, columns: additionalPrinterColumns };
  const keep = preserveUnknownFields !== false;
  const all = (versions as Version[] | undefined) ?? [{ name: String(version), served: true, storage: true }];
  const spec = {
    ...rest,
    scope: rest["scope"] ?? "Namespaced",
    versions: all.map((one) => versionOf(one, shared, keep, notes)),
    ...(conversion === undefined ? {} : { conversion: conversionOf(conversion as Json) }),
  };
  return {
    object: { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: metadataOf(definition, notes), spec },
    notes,
  };
}

function metadataOf({ metadata, spec }: Json, notes: string[]): Json {
  const { creationTimestamp: _, ...own } = metadata as Json;
  const { group } = spec as { readonly group: string };
  const annotations = (own["annotations"] ?? {}) as Json;
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group) || annotations["api-approved.kubernetes.io"]) return own;
  notes.push(
    `metadata.annotations: v1 protects the group ${group}, which is Kubernetes' own: it was marked as unapproved; choose another group where you can`,
  );
  return { ...own, annotations: { ...annotations, "api-approved.kubernetes.io": "unapproved, converted from v1beta1" } };
}

function versionOf(
  version: Version,
  shared: { readonly validation: Json | undefined; readonly subresources: unknown; readonly columns: unknown },
  keep: boolean,
  notes: string[],
): Json {
  const { schema, subresources = shared.subresources, additionalPrinterColumns: columns = shared.columns, ...rest } = version;
  const given = schema?.openAPIV3Schema ?? (shared.validation?.["openAPIV3Schema"] as Json | undefined);
  const path = `${version.name}: openAPIV3Schema`;
  if (!given) notes.push(`${path}: there was none, so every field is kept unchecked; describe the fields`);
  const root = { ...structural(given ?? {}, path, notes), type: "object" };
  return {
    ...rest,
    schema: { openAPIV3Schema: keep ? { ...root, "x-kubernetes-preserve-unknown-fields": true } : root },
    ...(subresources === undefined ? {} : { subresources }),
    ...(columns === undefined
      ? {}
      : {
          additionalPrinterColumns: (columns as Json[]).map(({ JSONPath, ...column }) => ({
            ...column,
            jsonPath: JSONPath ?? column["jsonPath"],
          })),
        }),
  };
}

/** The schema with the types that a structural one must state, as far as they follow from what is there. */
function structural(schema: Json, path: string, notes: string[]): Json {
  const result: Json = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties")
      result[key] = Object.fromEntries(
        Object.entries(value as Json).map(([name, child]) => [name, structural(child as Json, `${path}.${name}`, notes)]),
      );
    else if ((key === "items" || key === "additionalProperties") && typeof value === "object" && value !== null)
      result[key] = structural(value as Json, `${path}${key === "items" ? "[]" : ".*"}`, notes);
    else result[key] = value;
  }
  if (result["type"] === undefined && !result["x-kubernetes-int-or-string"] && !result["x-kubernetes-preserve-unknown-fields"]) {
    if (result["properties"] || result["additionalProperties"]) result["type"] = "object";
    else if (result["items"]) result["type"] = "array";
    else if (Object.keys(schema).length > 0 || path.includes(".")) {
      result["x-kubernetes-preserve-unknown-fields"] = true;
      notes.push(`${path}: has no type, which v1 wants; any value is kept there`);
    }
  }
  return result;
}

function conversionOf({ strategy, webhookClientConfig, conversionReviewVersions = ["v1beta1"], ...rest }: Json): Json {
  if (strategy !== "Webhook") return { strategy: strategy ?? "None", ...rest };
  return { strategy, webhook: { clientConfig: webhookClientConfig, conversionReviewVersions } };
}
