import type { ServedResource } from "../../../registry/index.ts";
import { Definitions } from "./definitions.ts";
import { patchMediaTypes, pathsOf } from "./paths.ts";
import { tag } from "./v3.ts";

const prefix = "#/definitions/";
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

export interface SwaggerSchema {
  readonly [field: string]: unknown;
}
export interface Swagger {
  readonly swagger: "2.0";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly definitions: Readonly<Record<string, SwaggerSchema>>;
}

/** `/openapi/v2`: one document of everything. */
export function openapiV2(served: readonly ServedResource[]): Swagger {
  const definitions = new Definitions(prefix);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const resource of served) {
    const names = definitions.add(resource);
    for (const { path, parameters, operations } of pathsOf(resource)) {
      const item: Record<string, unknown> = {};
      for (const operation of operations) {
        const body = operation.body === "object" ? names.object : `${meta}.${operation.body}`;
        const answer = operation.answer === "Status" ? `${meta}.Status` : names[operation.answer];
        item[operation.method] = {
          tags: [tag(resource)],
          operationId: operation.id,
          consumes: operation.body === "Patch" ? patchMediaTypes(resource) : ["*/*"],
          produces: ["application/json", "application/yaml"],
          parameters: [
            ...(operation.body ? [{ name: "body", in: "body", required: true, schema: { $ref: `${prefix}${body}` } }] : []),
            ...operation.query.map(([name, type]) => ({ name, in: "query", type, uniqueItems: true })),
          ],
          responses: { "200": { description: "OK", schema: { $ref: `${prefix}${answer}` } }, "401": { description: "Unauthorized" } },
          "x-kubernetes-action": operation.action,
          "x-kubernetes-group-version-kind": operation.kind,
        };
      }
      item["parameters"] = parameters.map((name) => ({ name, in: "path", required: true, type: "string", uniqueItems: true }));
      paths[path] = item;
    }
  }
  return {
    swagger: "2.0",
    info: { title: "Kubernetes", version: "v1.36.3" },
    paths,
    definitions: Object.fromEntries(
      Object.entries(definitions.schemas).map(([name, schema]) => [name, swaggerSchema(schema) as SwaggerSchema]),
    ),
  };
}

/**
 * What OpenAPI 2 cannot say is left out: alternatives, negation, defaults, and all that is said of a value that may also be null,
 * or hold what no schema knows. Beside a reference, only a description and extensions stand.
 */
function swaggerSchema(schema: unknown): unknown {
  if (schema === null || typeof schema !== "object") return schema;
  const { anyOf: _any, oneOf, not: _not, nullable, default: _default, allOf, ...rest } = schema as Record<string, unknown>;
  const kept = Object.fromEntries(Object.entries(rest).filter(([field]) => field === "description" || field.startsWith("x-kubernetes")));
  const [reference] = Array.isArray(allOf) ? (allOf as { $ref?: string }[]).filter(({ $ref }) => $ref !== undefined) : [];
  if (reference) return { ...reference, ...kept };
  if (nullable === true || rest["x-kubernetes-preserve-unknown-fields"] === true || rest["x-kubernetes-int-or-string"] === true)
    return kept;
  const shown: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(rest)) {
    if (field === "properties")
      shown[field] = Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, swaggerSchema(one)]));
    else if (field === "items" || field === "additionalProperties") shown[field] = swaggerSchema(value);
    else shown[field] = value;
  }
  // Kubernetes' own numbers that may be texts (quantities, ports) are texts there.
  if (Array.isArray(oneOf) && (oneOf as { type?: string }[]).some(({ type }) => type === "string")) shown["type"] = "string";
  return shown;
}
