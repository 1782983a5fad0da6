import type { KubeObject, ObjectKey, Resource, Scope } from "../api/index.ts";

/** A resource whose objects have no static type: what discovery or a manifest names. */
export interface DynamicResource
  extends Resource<
    string,
    string,
    Omit<KubeObject, "apiVersion" | "kind" | "metadata">,
    Omit<KubeObject, "apiVersion" | "kind" | "metadata">,
    Scope
  > {}

/** A resource known only at run time; its objects are read and written without static types. */
export function dynamicResource(apiVersion: string, kind: string, plural: string, scope: Scope): DynamicResource {
  return { apiVersion, kind, plural, scope };
}

/**
 * The path of a resource's collection, or with a name of one object, or of its subresource:
 * `/apis/apps/v1/namespaces/default/deployments/web/scale`. Without a namespace it is all namespaces' collection.
 */
export function resourcePath(
  resource: Pick<Resource, "apiVersion" | "plural" | "scope">,
  key: Partial<ObjectKey> = {},
  subresource?: string,
): string {
  let path = `${resource.apiVersion.includes("/") ? "/apis/" : "/api/"}${resource.apiVersion}`;
  if (key.namespace && resource.scope === "Namespaced") path += `/namespaces/${encodeURIComponent(key.namespace)}`;
  path += `/${resource.plural}`;
  if (key.name !== undefined) path += `/${encodeURIComponent(key.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}
