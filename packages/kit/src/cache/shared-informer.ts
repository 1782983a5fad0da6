import { deepFreeze, type KubeObject, type Observed, parseLabelSelector, type Resource } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { HandlerBehindError, IndexError } from "./errors.ts";
import { selectsFields } from "./field-selection.ts";
import { type Change, HandlerQueue } from "./handler-queue.ts";
import type { EventHandler, HandlerRegistration, IndexFunction, Informer, InformerOptions, Lister } from "./informer.ts";
import { StoreLister } from "./lister.ts";
import { Reflector, type ReflectorSink } from "./reflector.ts";
import { SharedTexts } from "./shared-texts.ts";
import { type IndexOf, Store, storeKey } from "./store.ts";
import { metadataOf, withoutManagedFields } from "./transform.ts";
import { untilAborted } from "./until-aborted.ts";

export interface SharedInformerOptions extends InformerOptions {
  readonly watchList: boolean;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  readonly onError: (error: unknown) => void;
  /** Changes that a handler may be behind, beside one for each object in the store, before the informer stops reading. */
  readonly handlerBuffer: number;
  readonly quietMs?: number;
}

/** One reflector, one store, any number of handlers. */
export class SharedInformer<R extends Resource = Resource> implements Informer<R>, ReflectorSink {
  readonly resource: R;
  readonly lister: Lister<Observed<R>>;
  readonly #options: SharedInformerOptions;
  readonly #store: Store;
  readonly #reflector: Reflector;
  readonly #handlers = new Set<HandlerQueue<KubeObject>>();
  readonly #progress = new Set<() => void>();
  readonly #whenSynced = Promise.withResolvers<void>();
  readonly #transform: (object: KubeObject) => KubeObject;
  readonly #texts = new SharedTexts();
  #isSynced = false;
  #version = "";
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #ending: Promise<unknown> | undefined;

  constructor(client: Client, resource: R, options: SharedInformerOptions) {
    this.resource = resource;
    this.#options = options;
    this.#transform = options.transform ?? withoutManagedFields;
    this.#store = new Store((index, error) => options.onError(new IndexError(resource.plural, index, error)));
    this.#whenSynced.promise.catch(() => {});
    this.#reflector = new Reflector(client, resource, this, options);
    this.lister = new StoreLister(this.#store) as unknown as Lister<Observed<R>>;
  }

  /** Starts mirroring, once, until `stop`. */
  start(): void {
    this.#running ??= this.#reflector.run(this.#stop.signal);
  }

  /** Ends the watch, and for handlers every call after the one under way, whose end it waits for. */
  async stop(): Promise<void> {
    if (this.#ending === undefined) {
      const reason = new DOMException(`the informer of ${this.resource.plural} was stopped`, "AbortError");
      this.#stop.abort(reason);
      this.#whenSynced.reject(reason);
      this.#ending = Promise.all([this.#running, ...Array.from(this.#handlers, (handler) => handler.end(reason))]);
    }
    await this.#ending;
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
    if (this.#stop.signal.aborted) void queue.end(this.#stop.signal.reason);
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

  get following(): number | undefined {
    return this.#reflector.following;
  }

  hasten(): void {
    this.#reflector.hasten();
  }

  onProgress(listener: () => void): () => void {
    this.#progress.add(listener);
    return () => void this.#progress.delete(listener);
  }

  partOf(): Informer {
    return this as unknown as Informer;
  }

  covers(object: KubeObject): boolean | undefined {
    const { metadata } = object;
    const { namespace, labelSelector, fieldSelector } = this.#options;
    if (namespace && metadata.namespace !== namespace) return false;
    if (labelSelector && !parseLabelSelector(labelSelector).matches(metadata.labels ?? {})) return false;
    return fieldSelector ? selectsFields(fieldSelector, object) : true;
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
    if (this.#store.delete(storeKey(object.metadata))) this.#tell({ type: "delete", before: object });
    this.bookmark(resourceVersion);
  }

  prepare(object: KubeObject): KubeObject {
    const wanted = this.#options.metadataOnly ? metadataOf(object) : object;
    let prepared = wanted;
    try {
      prepared = this.#transform(wanted);
    } catch (error) {
      this.#options.onError(error);
    }
    // What a transform of the user's gave may be frozen, or shared.
    if (!this.#options.transform) this.#texts.share(prepared);
    return prepared;
  }

  room(): Promise<void> | undefined {
    const limit = this.#options.handlerBuffer + this.#store.size;
    let slow: HandlerQueue<KubeObject>[] | undefined;
    for (const handler of this.#handlers) {
      if (handler.behind < limit) continue;
      slow ??= [];
      slow.push(handler);
    }
    if (slow === undefined) return undefined;
    this.#options.onError(new HandlerBehindError(this.resource.plural, Math.max(...slow.map(({ behind }) => behind))));
    return Promise.all(slow.map((handler) => handler.downTo(limit >> 1))).then(() => {});
  }

  bookmark(resourceVersion: string): void {
    this.#version = resourceVersion;
    for (const listener of this.#progress) listener();
  }

  #put(now: KubeObject, initial: boolean): void {
    const before = this.#store.get(storeKey(now.metadata));
    // A relist brings most objects again as they were.
    if (
      before !== undefined &&
      before.metadata.resourceVersion === now.metadata.resourceVersion &&
      before.metadata.uid === now.metadata.uid
    )
      return;
    this.#store.set(now);
    this.#tell(before === undefined ? { type: "add", now, initial } : { type: "update", now, before });
  }

  #tell(change: Change<KubeObject>): void {
    for (const handler of this.#handlers) handler.push(change);
  }
}
