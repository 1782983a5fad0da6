import { createHash } from "node:crypto";
import type { ServedResource } from "../../../registry/index.ts";
import { groupsOf } from "../groups.ts";
import { Definitions } from "./definitions.ts";
import { type Operation, patchMediaTypes, pathsOf } from "./paths.ts";

const prefix = "#/components/schemas/";
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

/** `/openapi/v3`: where the document of each group version is; its hash changes with what is served. */
export function openapiV3Index(served: readonly ServedResource[]): object {
  const paths: Record<string, object> = {};
  for (const { name, versions } of groupsOf(served)) {
    for (const version of versions) {
      const path = name === "" ? `api/${version}` : `apis/${name}/${version}`;
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hashOf(served, name, version)}` };
    }
  }
  return { paths };
}

function hashOf(served: readonly ServedResource[], group: string, version: string): string {
  const hash = createHash("sha256");
  for (const resource of served) {
    if (resource.group !== group || resource.version !== version) continue;
    hash.update(JSON.stringify([resource.plural, resource.verbs, resource.subresources]));
    if (resource.custom) hash.update(JSON.stringify(resource.schema));
  }
  return hash.digest("hex").toUpperCase();
}

/** `/openapi/v3/apis/GROUP/VERSION` */
export function openapiV3(served: readonly ServedResource[], group: string, version: string): object {
  const definitions = new Definitions(prefix);
  const paths: Record<string, object> = {};
  for (const resource of served) {
    if (resource.group !== group || resource.version !== version) continue;
    const names = definitions.add(resource);
    for (const { path, parameters, operations } of pathsOf(resource)) {
      paths[path] = {
        ...Object.fromEntries(operations.map((operation) => [operation.method, operationBody(resource, operation, names)])),
        parameters: [
          ...parameters.map((name) => ({ name, in: "path", required: true, schema: { type: "string", uniqueItems: true } })),
          queryParameter("pretty", "string"),
        ],
      };
    }
  }
  return { openapi: "3.0.0", info: { title: "Kubernetes", version: "1.36" }, paths, components: { schemas: definitions.schemas } };
}

function operationBody(resource: ServedResource, operation: Operation, names: { object: string; list: string }): object {
  const schema = (name: string): object => ({ schema: { $ref: `${prefix}${name}` } });
  const answer = operation.answer === "Status" ? `${meta}.Status` : names[operation.answer];
  const body = operation.body === "object" ? names.object : `${meta}.${operation.body}`;
  const media = operation.body === "Patch" ? patchMediaTypes(resource) : ["*/*"];
  return {
    tags: [tag(resource)],
    operationId: operation.id,
    ...(operation.query.length > 0 ? { parameters: operation.query.map(([name, type]) => queryParameter(name, type)) } : {}),
    ...(operation.body ? { requestBody: { content: Object.fromEntries(media.map((type) => [type, schema(body)])), required: true } } : {}),
    responses: {
      "200": { description: "OK", content: { "application/json": schema(answer), "application/yaml": schema(answer) } },
      "401": { description: "Unauthorized" },
    },
    "x-kubernetes-action": operation.action,
    "x-kubernetes-group-version-kind": operation.kind,
  };
}

export function tag({ group, version }: ServedResource): string {
  return `${group === "" ? "core" : group.split(".")[0]}_${version}`;
}

function queryParameter(name: string, type: string): object {
  return { name, in: "query", schema: { type, uniqueItems: true } };
}
