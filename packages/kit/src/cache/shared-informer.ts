import { type KubeObject, type ObjectKey, type Observed, parseLabelSelector, type Resource } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { deepFreeze } from "./freeze.ts";
import { type Change, HandlerQueue, untilAborted } from "./handler-queue.ts";
import type { EventHandler, HandlerRegistration, IndexFunction, Informer, InformerOptions, Lister, ListFilter } from "./informer.ts";
import { Reflector, type ReflectorSink } from "./reflector.ts";
import { type IndexOf, Store, storeKey } from "./store.ts";
import { withoutManagedFields } from "./transform.ts";

export interface SharedInformerOptions extends InformerOptions {
  readonly watchList: boolean;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly onError: (error: unknown) => void;
}

/** One reflector, one store, any number of handlers. */
export class SharedInformer<R extends Resource = Resource> implements Informer<R>, ReflectorSink {
  readonly resource: R;
  readonly lister: Lister<Observed<R>>;
  readonly #options: SharedInformerOptions;
  readonly #store = new Store();
  readonly #reflector: Reflector;
  readonly #handlers = new Set<HandlerQueue<KubeObject>>();
  readonly #progress = new Set<() => void>();
  readonly #whenSynced = Promise.withResolvers<void>();
  readonly #transform: (object: KubeObject) => KubeObject;
  #isSynced = false;
  #version = "";
  #running: Promise<void> | undefined;

  constructor(client: Client, resource: R, options: SharedInformerOptions) {
    this.resource = resource;
    this.#options = options;
    this.#transform = options.transform ?? withoutManagedFields;
    this.#reflector = new Reflector(client, resource, this, options);
    this.lister = new StoreLister(this.#store) as unknown as Lister<Observed<R>>;
  }

  /** Starts mirroring, once; the promise ends when the signal does. */
  run(signal: AbortSignal): Promise<void> {
    this.#running ??= this.#reflector.run(signal);
    return this.#running;
  }

  addHandler(handler: EventHandler<Observed<R>>, { frozen = true }: { readonly frozen?: boolean } = {}): HandlerRegistration {
    const handOut = frozen ? deepFreeze : (object: KubeObject): KubeObject => object;
    const queue: HandlerQueue<KubeObject> = new HandlerQueue(
      handler as unknown as EventHandler<KubeObject>,
      handOut,
      this.#options.onError,
      () => this.#handlers.delete(queue),
    );
    this.#handlers.add(queue);
    for (const now of this.#store.values()) queue.push({ type: "add", now, initial: true });
    if (this.#isSynced) queue.push({ type: "synced" });
    return queue;
  }

  addIndex(name: string, index: IndexFunction<Observed<R>>): void {
    this.#store.addIndex(name, index as unknown as IndexOf);
  }

  hasSynced(): boolean {
    return this.#isSynced;
  }

  synced(signal?: AbortSignal): Promise<void> {
    return untilAborted(this.#whenSynced.promise, signal);
  }

  get lastSyncedResourceVersion(): string {
    return this.#version;
  }

  onProgress(listener: () => void): () => void {
    this.#progress.add(listener);
    return () => void this.#progress.delete(listener);
  }

  covers({ metadata }: KubeObject): boolean | undefined {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    if (namespace && metadata.namespace !== namespace) return false;
    if (labelSelector && !parseLabelSelector(labelSelector).matches(metadata.labels ?? {})) return false;
    return fieldSelector ? undefined : true;
  }

  replace(objects: readonly KubeObject[], resourceVersion: string): void {
    const initial = !this.#isSynced;
    const vanished = new Set(this.#store.keys());
    for (const object of objects) {
      vanished.delete(storeKey(object.metadata));
      this.#put(object, initial);
    }
    for (const key of vanished) {
      const before = this.#store.delete(key);
      if (before) this.#tell({ type: "delete", before });
    }
    if (initial) {
      this.#isSynced = true;
      this.#tell({ type: "synced" });
      this.#whenSynced.resolve();
    }
    this.bookmark(resourceVersion);
  }

  set(object: KubeObject, resourceVersion: string): void {
    this.#put(object, false);
    this.bookmark(resourceVersion);
  }

  delete(object: KubeObject, resourceVersion: string): void {
    // The event holds the last state, which may be newer than the one stored.
    const last = this.#transform(object);
    if (this.#store.delete(storeKey(object.metadata))) this.#tell({ type: "delete", before: last });
    this.bookmark(resourceVersion);
  }

  bookmark(resourceVersion: string): void {
    this.#version = resourceVersion;
    for (const listener of this.#progress) listener();
  }

  #put(object: KubeObject, initial: boolean): void {
    const before = this.#store.get(storeKey(object.metadata));
    // A relist brings most objects again as they were.
    if (
      before !== undefined &&
      before.metadata.resourceVersion === object.metadata.resourceVersion &&
      before.metadata.uid === object.metadata.uid
    )
      return;
    const now = this.#transform(object);
    this.#store.set(now);
    this.#tell(before === undefined ? { type: "add", now, initial } : { type: "update", now, before });
  }

  #tell(change: Change<KubeObject>): void {
    for (const handler of this.#handlers) handler.push(change);
  }
}

class StoreLister implements Lister<KubeObject> {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return deepFreeze(this.#store.get(storeKey(key)));
  }

  list({ namespace, labels }: ListFilter = {}): readonly KubeObject[] {
    const matches = labelMatcher(labels);
    const found: KubeObject[] = [];
    for (const object of this.#store.values(namespace))
      if (!matches || matches(object.metadata.labels ?? {})) found.push(deepFreeze(object));
    return found;
  }

  byIndex(index: string, value: string): readonly KubeObject[] {
    return Array.from(this.#store.byIndex(index, value), deepFreeze<KubeObject>);
  }
}

function labelMatcher(labels: ListFilter["labels"]): ((labels: Readonly<Record<string, string>>) => boolean) | undefined {
  if (labels === undefined || labels === "") return undefined;
  if (typeof labels === "string") {
    const selector = parseLabelSelector(labels);
    return (given) => selector.matches(given);
  }
  const wanted = Object.entries(labels);
  return (given) => wanted.every(([name, value]) => given[name] === value);
}
