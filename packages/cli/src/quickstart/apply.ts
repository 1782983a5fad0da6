import { readdirSync, readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import type { Client, DiscoveredResource } from "@outrigger/kit/client";
import { parseAllDocuments } from "yaml";

const folder = new URL("../../quickstart/", import.meta.url);

/** The quickstart's manifests, by file in order: rules first, then what they act on. */
export function manifests(): { readonly file: string; readonly objects: readonly KubeObject[] }[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".yaml"))
    .sort()
    .map((file) => ({
      file,
      objects: parseAllDocuments(readFileSync(new URL(file, folder), "utf8")).map((document) => document.toJS() as KubeObject),
    }));
}

/**
 * Applies objects by server-side apply, in order, as `kubectl apply --server-side` does.
 *
 * @throws StatusError as the server refuses; Error when the server knows no such kind.
 */
export async function applyAll(client: Client, objects: readonly KubeObject[]): Promise<void> {
  const known = await client.discover();
  for (const object of objects) {
    await client.request({
      method: "PATCH",
      path: `${pathOf(object, known)}?fieldManager=outrigger-dev&force=true&fieldValidation=Strict`,
      headers: { "content-type": "application/apply-patch+yaml" },
      body: JSON.stringify(object),
    });
  }
}

function pathOf(object: KubeObject, known: readonly DiscoveredResource[]): string {
  const [group, version] = object.apiVersion.includes("/") ? object.apiVersion.split("/") : ["", object.apiVersion];
  const resource = known.find((one) => one.group === group && one.version === version && one.kind === object.kind && !one.resource.includes("/"));
  if (!resource) throw new Error(`the cluster knows no kind ${object.kind} in ${object.apiVersion}`);
  const prefix = group ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const namespace = resource.namespaced ? `/namespaces/${object.metadata.namespace ?? "default"}` : "";
  return `${prefix}${namespace}/${resource.resource}/${object.metadata.name}`;
}
