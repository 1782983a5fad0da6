import type { KubeObject } from "@outrigger/kit/api";
import { type Client, type DiscoveredResource, type DynamicResource, dynamicResource, NotFoundError } from "@outrigger/kit/client";
import { CliError } from "../errors.ts";

const MANAGER = "outrigger";

/** Objects of manifests on a cluster: their kinds are known to the cluster, not to us. */
export class ClusterObjects {
  readonly #client: Client;
  #known: readonly DiscoveredResource[] | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** @throws CliError when the cluster does not know its kind; StatusError when it is refused. */
  async apply(object: KubeObject): Promise<KubeObject> {
    return (await this.#client.apply(await this.#resource(object), object as never, { fieldManager: MANAGER, force: true })) as KubeObject;
  }

  /** @returns whether it was there. */
  async delete(object: KubeObject): Promise<boolean> {
    const { namespace, name = "" } = object.metadata;
    try {
      const resource = await this.#resource(object);
      await this.#client.delete(resource, namespace === undefined ? { name } : { namespace, name });
      return true;
    } catch (error) {
      if (error instanceof NotFoundError || error instanceof UnknownKindError) return false;
      throw error;
    }
  }

  async find(object: KubeObject): Promise<KubeObject | undefined> {
    const { namespace, name = "" } = object.metadata;
    return (await this.#client.find(await this.#resource(object), namespace === undefined ? { name } : { namespace, name })) as
      | KubeObject
      | undefined;
  }

  async #resource({ apiVersion, kind }: KubeObject): Promise<DynamicResource> {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    const among = (known: readonly DiscoveredResource[]) =>
      known.find((one) => one.group === group && one.version === version && one.kind === kind && !one.resource.includes("/"));
    // A definition that was applied a moment ago makes the cluster know more.
    let found = this.#known && among(this.#known);
    if (!found) {
      this.#known = await this.#client.discover();
      found = among(this.#known);
    }
    if (!found) throw new UnknownKindError(`the cluster knows no ${kind} in ${apiVersion}: install what defines it first`);
    return dynamicResource(apiVersion, kind, found.resource, found.namespaced ? "Namespaced" : "Cluster");
  }
}

class UnknownKindError extends CliError {}

/** `deployment.apps/web`, as kubectl names it. */
export function nameOf({ apiVersion, kind, metadata }: KubeObject): string {
  const [group] = apiVersion.includes("/") ? apiVersion.split("/") : [""];
  return `${kind.toLowerCase()}${group ? `.${group}` : ""}/${metadata.name}`;
}
