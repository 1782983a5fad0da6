import { kinds } from "@outrigger/machinery/kinds";
import { builtIn } from "./built-in.ts";
import type { ServedResource } from "./contracts.ts";
import { apiVersionOf } from "./versions.ts";

/**
 * Every resource that the server serves: the rows of the kinds table, and what CustomResourceDefinitions add.
 * Listeners hear of each change of the latter.
 */
export class Resources {
  readonly #builtIn = new Map<string, ServedResource>();
  /** By name of the definition. */
  readonly #custom = new Map<string, readonly ServedResource[]>();
  #customByAddress = new Map<string, ServedResource>();
  #all: readonly ServedResource[] | undefined;
  readonly #listeners = new Set<() => void>();
  /** Counts changes: a cache key for documents made of all resources. */
  version = 0;

  find(group: string, version: string, plural: string): ServedResource | undefined {
    const address = `${group}/${version}/${plural}`;
    const known = this.#builtIn.get(address) ?? this.#customByAddress.get(address);
    if (known) return known;
    const row = kinds().byResource(group, version, plural);
    if (!row) return undefined;
    const resource = builtIn(row);
    this.#builtIn.set(address, resource);
    return resource;
  }

  /** Whether any resource is served in this group, in any version. */
  hasGroup(group: string): boolean {
    return this.all().some((resource) => resource.group === group);
  }

  /** Whether Kubernetes itself serves this group; what is unknown in other groups is unknown as a path. */
  hasBuiltInGroup(group: string): boolean {
    return kinds().groups.some(({ name }) => name === group);
  }

  readonly findKind = (apiVersion: string, kind: string): ServedResource | undefined =>
    this.all().find((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);

  /** Built-in resources first, in the order of the table. */
  all(): readonly ServedResource[] {
    this.#all ??= [...kinds().rows.map((row) => this.find(row.group, row.version, row.plural)!), ...[...this.#custom.values()].flat()];
    return this.#all;
  }

  /** The resources that a definition adds; none takes them away. */
  setCustom(definition: string, resources: readonly ServedResource[]): void {
    if (resources.length === 0) this.#custom.delete(definition);
    else this.#custom.set(definition, resources);
    this.#customByAddress = new Map(
      [...this.#custom.values()].flat().map((resource) => [`${resource.group}/${resource.version}/${resource.plural}`, resource]),
    );
    this.#all = undefined;
    this.version++;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
