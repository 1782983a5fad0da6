import { setMaxListeners } from "node:events";
import type { KubeObject, Resource } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import type { Informer, InformerOptions } from "./informer.ts";
import { SharedInformer } from "./shared-informer.ts";

/** Informers of one client, shared: one reflector for each resource, namespace, selector and form. */
export interface Informers {
  /** The informer for this resource and these options, made when it is not there yet. Once `start` was called, it starts as soon as the caller's turn ends. */
  for<R extends Resource>(resource: R, options?: InformerOptions): Informer<R>;
  /** Starts every informer that was asked for, now and later. */
  start(): void;
  /** Resolves when every informer asked for has synced; rejects with the signal's reason when that comes first. */
  synced(signal?: AbortSignal): Promise<void>;
  /** Ends every watch; the stores stay readable. */
  stop(): Promise<void>;
}

export interface InformersOptions {
  /** Told of each failed list or watch before it is tried again, and of handlers that threw. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown, resource: Resource) => void;
  /** Start with WatchList where the server has it. Default true. */
  readonly watchList?: boolean;
  /** Delay before another try after a failed list or watch, milliseconds: the first, and the longest before jitter. Default 800 and 30,000. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
}

/** Shared informers over a client. */
export function informers(client: Client, options: InformersOptions = {}): Informers {
  return new SharedInformers(client, options);
}

class SharedInformers implements Informers {
  readonly #client: Client;
  readonly #options: InformersOptions;
  readonly #informers = new Map<string, SharedInformer>();
  readonly #transforms = new Map<(object: KubeObject) => KubeObject, number>();
  readonly #stop = new AbortController();
  #started = false;

  constructor(client: Client, options: InformersOptions) {
    // Each informer listens for the end.
    setMaxListeners(0, this.#stop.signal);
    this.#client = client;
    this.#options = options;
  }

  for<R extends Resource>(resource: R, options: InformerOptions = {}): Informer<R> {
    const key = this.#key(resource, options);
    let informer = this.#informers.get(key);
    if (!informer) {
      const onError = this.#options.onError ?? warn;
      informer = new SharedInformer(this.#client, resource as Resource, {
        ...options,
        watchList: this.#options.watchList ?? true,
        ...(this.#options.backoff ? { backoff: this.#options.backoff } : {}),
        onError: (error) => onError(error, resource),
      });
      this.#informers.set(key, informer);
      if (this.#started) queueMicrotask(() => this.#run(informer!));
    }
    return informer as unknown as Informer<R>;
  }

  start(): void {
    this.#started = true;
    for (const informer of this.#informers.values()) this.#run(informer);
  }

  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all(Array.from(this.#informers.values(), (informer) => informer.synced(signal)));
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException("the informers were stopped", "AbortError"));
    if (this.#started) await Promise.all(Array.from(this.#informers.values(), (informer) => informer.run(this.#stop.signal)));
  }

  #run(informer: SharedInformer): void {
    void informer.run(this.#stop.signal);
  }

  #key({ apiVersion, plural }: Resource, { namespace, labelSelector, fieldSelector, metadataOnly, transform }: InformerOptions): string {
    let number = 0;
    if (transform) {
      number = this.#transforms.get(transform) ?? this.#transforms.size + 1;
      this.#transforms.set(transform, number);
    }
    return JSON.stringify([apiVersion, plural, namespace ?? "", labelSelector ?? "", fieldSelector ?? "", metadataOnly ?? false, number]);
  }
}

function warn(error: unknown, { plural }: Resource): void {
  process.emitWarning(`${plural}: ${error instanceof Error ? error.message : String(error)}`, { type: "InformerWarning" });
}
