import type { Resource } from "../api/index.ts";
import type { Client } from "../client/index.ts";
import type { Informer, InformerOptions } from "./informer.ts";

/** Informers of one client, shared: one reflector for each resource, namespace, selector and form. */
export interface Informers {
  /** The informer for this resource and these options, made when it is not there yet. Started at once when `start` was called before. */
  for<R extends Resource>(resource: R, options?: InformerOptions<R>): Informer<R>;
  /** Starts every informer that was asked for and is not running. */
  start(): void;
  /** Resolves when every started informer has synced. */
  synced(signal?: AbortSignal): Promise<void>;
  /** Ends every watch; the stores stay readable. */
  stop(): Promise<void>;
}

export interface InformersOptions {
  /** Told of each failed list or watch before it is tried again, and of handlers that threw. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown, resource: Resource) => void;
  /** Start with WatchList where the server has it. Default true. */
  readonly watchList?: boolean;
}

/** Shared informers over a client. */
export function informers(client: Client, options: InformersOptions = {}): Informers {
  throw new Error(`not yet: ${client} ${Object.keys(options).join()}`);
}
