import type { Resource } from "@outrigger/kit/api";
import { type Client, type DiscoveredResource, type DynamicResource, dynamicResource } from "@outrigger/kit/client";

/** Which resources there are, by kind; refreshed by discovery. */
export class KnownKinds {
  readonly #client: Client;
  #byKind = new Map<string, DynamicResource>();
  #collected: readonly DynamicResource[] = [];
  #asked = 0;
  #answered = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Resources whose objects can be collected: each once, in its group's preferred version. */
  get collected(): readonly DynamicResource[] {
    return this.#collected;
  }
  /** The resource of a kind in whatever version a reference names it; undefined where the server has none. */
  of({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Resource | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`);
  }

  async refresh(signal: AbortSignal): Promise<void> {
    const asked = ++this.#asked;
    const found = (await this.#client.discover({ signal })).filter(({ resource, kind }) => !resource.includes("/") && kind !== "");
    // A later question was answered before: that answer is the newer.
    if (asked < this.#answered) return;
    this.#answered = asked;
    const byKind = new Map<string, DynamicResource>();
    const collected: DynamicResource[] = [];
    for (const one of found) {
      const resource = asResource(one);
      byKind.set(`${resource.apiVersion}/${one.kind}`, resource);
      if (
        one.preferred &&
        ["list", "watch", "delete"].every((verb) => one.verbs.includes(verb)) &&
        !IGNORED.has(`${one.group}/${one.resource}`)
      )
        collected.push(resource);
    }
    this.#byKind = byKind;
    this.#collected = collected;
  }
}

/** Nobody owns these, and they come in numbers. */
const IGNORED = new Set(["/events", "events.k8s.io/events"]);

function asResource({ group, version, kind, resource, namespaced }: DiscoveredResource): DynamicResource {
  return dynamicResource(group === "" ? version : `${group}/${version}`, kind, resource, namespaced ? "Namespaced" : "Cluster");
}
