import type { KubeObject, ObjectKey, Observed, Resource } from "../api/index.ts";
import type { EventHandler, HandlerRegistration, IndexFunction, Informer, Lister, ListFilter } from "./informer.ts";

/**
 * One kind in several namespaces: an informer for each of them, read as one.
 *
 * It has synced when all have. There is no version that all have reached: `lastSyncedResourceVersion` is "" always, and
 * who waits for a write asks the informer of the object's namespace (`partOf`).
 */
export class SeveralNamespaces<R extends Resource = Resource> implements Informer<R> {
  readonly resource: R;
  readonly lister: Lister<Observed<R>>;
  readonly lastSyncedResourceVersion = "";
  readonly #parts: ReadonlyMap<string, Informer<R>>;

  constructor(resource: R, parts: ReadonlyMap<string, Informer<R>>) {
    this.resource = resource;
    this.#parts = parts;
    this.lister = new SeveralListers(parts);
  }

  get parts(): readonly Informer<R>[] {
    return [...this.#parts.values()];
  }

  addHandler(handler: EventHandler<Observed<R>>, options?: { readonly frozen?: boolean }): HandlerRegistration {
    const registrations = this.parts.map((part) => part.addHandler(handler, options));
    return {
      hasSynced: () => registrations.every((one) => one.hasSynced()),
      synced: async (signal) => void (await Promise.all(registrations.map((one) => one.synced(signal)))),
      remove: () => {
        for (const one of registrations) one.remove();
      },
    };
  }

  addIndex(name: string, index: IndexFunction<Observed<R>>): void {
    for (const part of this.parts) part.addIndex(name, index);
  }

  hasSynced(): boolean {
    return this.parts.every((part) => part.hasSynced());
  }

  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all(this.parts.map((part) => part.synced(signal)));
  }

  /** Each part's number grows with each of its breaks, so their sum is another after a break of any. */
  get following(): number | undefined {
    let sum = 0;
    for (const { following } of this.parts) {
      if (following === undefined) return undefined;
      sum += following;
    }
    return sum;
  }

  hasten(): void {
    for (const part of this.parts) part.hasten();
  }

  onProgress(listener: () => void): () => void {
    const ends = this.parts.map((part) => part.onProgress(listener));
    return () => {
      for (const end of ends) end();
    };
  }

  partOf({ metadata }: KubeObject): Informer | undefined {
    return this.#parts.get(metadata.namespace ?? "") as Informer | undefined;
  }

  covers(object: KubeObject): boolean | undefined {
    const part = this.partOf(object);
    return part ? part.covers(object) : false;
  }
}

class SeveralListers<R extends Resource> implements Lister<Observed<R>> {
  readonly #parts: ReadonlyMap<string, Informer<R>>;
  constructor(parts: ReadonlyMap<string, Informer<R>>) {
    this.#parts = parts;
  }

  get(key: ObjectKey): Observed<R> | undefined {
    return this.#parts.get(key.namespace ?? "")?.lister.get(key);
  }

  list(filter: ListFilter = {}): readonly Observed<R>[] {
    if (filter.namespace !== undefined) return this.#parts.get(filter.namespace)?.lister.list(filter) ?? [];
    return [...this.#parts.values()].flatMap(({ lister }) => lister.list(filter));
  }

  byIndex(index: string, value: string): readonly Observed<R>[] {
    return [...this.#parts.values()].flatMap(({ lister }) => lister.byIndex(index, value));
  }
}
