import type { KubeObject, ObjectKey, Observed, Resource } from "../api/index.ts";

/** What an informer watches, and what it keeps of each object. */
export interface InformerOptions {
  /** One namespace; all when absent. */
  readonly namespace?: string;
  /** Several namespaces, with one watch each: needs no right to list in all of them. Not together with `namespace`, and not for cluster-scoped kinds. */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keep only apiVersion, kind and metadata (asks the server for `PartialObjectMetadata`). */
  readonly metadataOnly?: boolean;
  /** Changes an object before it is stored, in place or by returning another. Default: `withoutManagedFields`. If it throws, that is reported and the object stored as it is. */
  readonly transform?: (object: KubeObject) => KubeObject;
}

/** Told of changes, in order, one at a time; a handler that returns a promise is waited for. Errors are reported and do not end the informer. */
export interface EventHandler<T> {
  /** @param initial true while the objects of the first list come in. */
  onAdd?(object: T, initial: boolean): void | Promise<void>;
  onUpdate?(now: T, before: T): void | Promise<void>;
  /** @param last the last state known: of an object that vanished during a disconnection it may be old. */
  onDelete?(last: T): void | Promise<void>;
}

/** A handler that was added to an informer. */
export interface HandlerRegistration {
  /** The handler was told of every object of the first list. */
  hasSynced(): boolean;
  /** Resolves when `hasSynced`; rejects with the signal's reason when that comes first, or when the handler is removed or the informer stopped. */
  synced(signal?: AbortSignal): Promise<void>;
  /** No more calls after the one under way. */
  remove(): void;
}

/** Which of the cached objects a list has. */
export interface ListFilter {
  readonly namespace?: string;
  /** A label selector as text (`app in (a,b),!canary`), or labels that must be equal. */
  readonly labels?: string | Readonly<Record<string, string>>;
}

/** Reads the cache; every object is frozen, deeply. */
export interface Lister<T> {
  get(key: ObjectKey): T | undefined;
  /** In no particular order. */
  list(filter?: ListFilter): readonly T[];
  /** Objects for which the index function named `index` gave `value`. Throws when there is no such index. */
  byIndex(index: string, value: string): readonly T[];
}

/** The values under which an object is found in an index. */
export type IndexFunction<T> = (object: T) => Iterable<string>;

/** See the folder's contract. */
export interface Informer<R extends Resource = Resource> {
  readonly resource: R;
  readonly lister: Lister<Observed<R>>;
  /** @param options.frozen false for a handler that only looks: its objects are not frozen for it, which saves the walk through each. */
  addHandler(handler: EventHandler<Observed<R>>, options?: { readonly frozen?: boolean }): HandlerRegistration;
  /** Adds an index; objects stored already are indexed at once. A name that is taken by another function is an error. */
  addIndex(name: string, index: IndexFunction<Observed<R>>): void;
  /** The first list is in the store. */
  hasSynced(): boolean;
  /** Resolves when `hasSynced`; rejects with the signal's reason when that comes first, or when the informer is stopped before. */
  synced(signal?: AbortSignal): Promise<void>;
  /** The resource version that the store has reached, bookmarks counted; "" before the first list. */
  readonly lastSyncedResourceVersion: string;
  /**
   * Names the watch that keeps the store up to date, another number after each break; `undefined` while there is none, as
   * before the first list, or while the API server is away: then the store may be older than the server's state by any time.
   */
  readonly following: number | undefined;
  /** Ends a wait between two tries at once: the caller knows that the API server answers again. */
  hasten(): void;
  /** Calls `listener` whenever `lastSyncedResourceVersion` moved. The returned function ends that. */
  onProgress(listener: () => void): () => void;
  /** The informer that shows this object: this one, or, of several namespaces, the one of the object's; undefined when none does. */
  partOf(object: KubeObject): Informer | undefined;
  /** Whether an object would be in this informer, going by namespace and selectors; undefined where only the server can say. */
  covers(object: KubeObject): boolean | undefined;
}
