import type { KubeObject, Observed, Resource } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import { UndeclaredInformerError } from "./errors.ts";
import { explainFrozen } from "./frozen-error.ts";
import type { Informer, InformerOptions, Lister } from "./informer.ts";
import { SeveralNamespaces } from "./several-namespaces.ts";
import { SharedInformer } from "./shared-informer.ts";

/** Informers of one client, shared: one reflector for each resource, namespace, selector and form. */
export interface Informers {
  /** The informer for this resource and these options, made when it is not there yet. Once `start` was called, it starts as soon as the caller's turn ends. */
  for<R extends Resource>(resource: R, options?: InformerOptions): Informer<R>;
  /**
   * The lister of an informer that was declared by `for` with these options. For code that only reads, so that a forgotten declaration is no hidden watch of a whole cluster.
   *
   * @throws UndeclaredInformerError when there is none, with what to declare and which verbs it needs.
   */
  lister<R extends Resource>(resource: R, options?: InformerOptions): Lister<Observed<R>>;
  /** Ends the watch of one informer and forgets it: its handlers hear nothing more (none may wait for this), its lister keeps the last state, and the next `for` begins anew. Who shares it loses it too. For kinds that are served no longer, whose watch would be tried for ever. */
  drop(informer: Informer): Promise<void>;
  /** Starts every informer that was asked for, now and later. */
  start(): void;
  /** Resolves when every informer asked for has synced; rejects with the signal's reason when that comes first. */
  synced(signal?: AbortSignal): Promise<void>;
  /**
   * Ends every watch, and every handler's calls: what it was not yet told of it never hears. Resolves when the calls under
   * way have ended, so no handler may wait for it. The stores stay readable.
   */
  stop(): Promise<void>;
}

/** What a set of informers watches, and how. */
export interface InformersOptions {
  /** Told of each failed list or watch before it is tried again, and of handlers that threw. Where it throws itself, both errors go to the default. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown, resource: Resource) => void;
  /** Start with WatchList where the server has it. Default true. */
  readonly watchList?: boolean;
  /** Delay before another try after a failed list or watch, milliseconds: the first, and the longest before jitter. Default 800 and 30,000. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  /** How many changes a handler may be behind, beside one for each object in the store, before its informer stops reading, and with it the other handlers' news. Default 10,000. */
  readonly handlerBuffer?: number;
  /** Silence after which a watch that used to bring bookmarks counts as dead, milliseconds. Default: three times the bookmarks' distance, at least 180,000. */
  readonly quietMs?: number;
}

/** Shared informers over a client. */
export function informers(client: Client, options: InformersOptions = {}): Informers {
  return new SharedInformers(client, options);
}

class SharedInformers implements Informers {
  readonly #client: Client;
  readonly #options: InformersOptions;
  readonly #informers = new Map<string, SharedInformer>();
  readonly #several = new Map<string, SeveralNamespaces>();
  readonly #transforms = new Map<(object: KubeObject) => KubeObject, number>();
  #started = false;
  #stopped = false;

  constructor(client: Client, options: InformersOptions) {
    this.#client = client;
    this.#options = options;
  }

  for<R extends Resource>(resource: R, { namespaces, ...options }: InformerOptions = {}): Informer<R> {
    if (namespaces !== undefined) return this.#of(resource, namespaces, options);
    const key = this.#key(resource, options);
    let informer = this.#informers.get(key);
    if (!informer) {
      informer = new SharedInformer(this.#client, resource as Resource, {
        ...options,
        watchList: this.#options.watchList ?? true,
        handlerBuffer: this.#options.handlerBuffer ?? 10_000,
        ...(this.#options.backoff ? { backoff: this.#options.backoff } : {}),
        ...(this.#options.quietMs === undefined ? {} : { quietMs: this.#options.quietMs }),
        onError: (error) => this.#report(error, resource),
      });
      this.#informers.set(key, informer);
      if (this.#started) this.#startSoon(key, informer);
    }
    return informer as unknown as Informer<R>;
  }

  lister<R extends Resource>(resource: R, options: InformerOptions = {}): Lister<Observed<R>> {
    const key = this.#key(resource, options);
    const informer = options.namespaces === undefined ? this.#informers.get(key) : this.#several.get(key);
    if (!informer) throw new UndeclaredInformerError(resource, options);
    return informer.lister as unknown as Lister<Observed<R>>;
  }

  async drop(informer: Informer): Promise<void> {
    if (informer instanceof SeveralNamespaces) {
      for (const [key, one] of this.#several) if (one === informer) this.#several.delete(key);
      await Promise.all(informer.parts.map((part) => this.drop(part as Informer)));
      return;
    }
    for (const [key, one] of this.#informers) {
      if ((one as unknown as Informer) !== informer) continue;
      this.#informers.delete(key);
      await one.stop();
    }
  }

  start(): void {
    this.#started = true;
    if (!this.#stopped) for (const informer of this.#informers.values()) informer.start();
  }

  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all(Array.from(this.#informers.values(), (informer) => informer.synced(signal)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(Array.from(this.#informers.values(), (informer) => informer.stop()));
  }

  /** @throws RangeError for namespaces that cannot be meant. */
  #of<R extends Resource>(resource: R, namespaces: readonly string[], options: Omit<InformerOptions, "namespaces">): Informer<R> {
    const { kind } = resource;
    if (namespaces.length === 0 || namespaces.includes(""))
      throw new RangeError(`${kind}: namespaces must name at least one, and "" is none`);
    if (options.namespace !== undefined) throw new RangeError(`${kind}: namespace and namespaces exclude each other`);
    if (resource.scope === "Cluster") throw new RangeError(`${kind} is cluster-scoped: it cannot be watched by namespace`);
    const key = this.#key(resource, { ...options, namespaces });
    let several = this.#several.get(key);
    if (!several) {
      const parts = new Map(
        [...new Set(namespaces)].map((namespace) => [namespace, this.for(resource as Resource, { ...options, namespace })]),
      );
      several = new SeveralNamespaces(resource as Resource, parts);
      this.#several.set(key, several);
    }
    return several as unknown as Informer<R>;
  }

  /** Whoever asked may first add handlers and indexes. */
  #startSoon(key: string, informer: SharedInformer): void {
    queueMicrotask(() => {
      if (!this.#stopped && this.#informers.get(key) === informer) informer.start();
    });
  }

  /** Neither a handler's turn nor the watch may end because nobody could be told of a failure. */
  #report(error: unknown, resource: Resource): void {
    const { onError = warn } = this.#options;
    explainFrozen(error);
    try {
      onError(error, resource);
    } catch (thrown) {
      warn(error, resource);
      warn(thrown, resource);
    }
  }

  #key(
    { apiVersion, plural }: Resource,
    { namespace, namespaces, labelSelector, fieldSelector, metadataOnly, transform }: InformerOptions,
  ): string {
    let number = 0;
    if (transform) {
      number = this.#transforms.get(transform) ?? this.#transforms.size + 1;
      this.#transforms.set(transform, number);
    }
    const where = namespaces === undefined ? (namespace ?? "") : [...new Set(namespaces)].sort();
    return JSON.stringify([apiVersion, plural, where, labelSelector ?? "", fieldSelector ?? "", metadataOnly ?? false, number]);
  }
}

function warn(error: unknown, { plural }: Resource): void {
  process.emitWarning(`${plural}: ${error instanceof Error ? error.message : String(error)}`, { type: "InformerWarning" });
}
