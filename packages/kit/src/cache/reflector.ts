import type { KubeObject, Resource } from "../api/index.ts";
import { type Client, ConnectionError, ExpiredError, StatusError, TooManyRequestsError, type WatchEvent } from "../client/index.ts";
import { GrowingDelay } from "../queue/index.ts";

/** Where a reflector puts what it sees. Calls come one at a time, in the order of the server's history. */
export interface ReflectorSink {
  /** The whole state at a version. */
  replace(objects: readonly KubeObject[], resourceVersion: string): void;
  set(object: KubeObject, resourceVersion: string): void;
  delete(object: KubeObject, resourceVersion: string): void;
  /** Nothing changed up to this version. */
  bookmark(resourceVersion: string): void;
}

export interface ReflectorOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly metadataOnly?: boolean;
  readonly watchList: boolean;
  readonly onError: (error: unknown) => void;
  /** Delay before another try after a failure, milliseconds: the first, and the longest before jitter. Default 800 and 30,000. */
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  /** Milliseconds without an event after which a WatchList that has not said its end is given up. Default 10,000. */
  readonly watchListQuietMs?: number;
  /** Milliseconds of silence after which a watch that used to send bookmarks counts as dead. Default 180,000. */
  readonly quietMs?: number;
}

const PAGE = 500;
const [MIN_WATCH_S, MAX_WATCH_S] = [300, 600];
/** How far past its own end a watch may live before it counts as dead, milliseconds. */
const OVERTIME_MS = 30_000;
const SHORT_WATCH_MS = 1000;

/** The stream did not end by itself: this side ended it, because nothing came any more. */
class QuietError extends Error {}

/**
 * Mirrors one resource into a sink: a list, then watches from where it ended, for as long as the signal lasts.
 *
 * Guarantees: after `replace` every change reaches the sink once, in order, until the next `replace`; a lost connection is
 * resumed at the last version seen and needs no new list; a version that the server no longer has (410) leads to a list
 * of the most recent state, at once; everything else is tried again after 0.8 to 60 s.
 */
export class Reflector {
  readonly #client: Client;
  readonly #resource: Resource;
  readonly #options: ReflectorOptions;
  readonly #sink: ReflectorSink;
  readonly #delay: GrowingDelay;
  #watchList: boolean;
  /** The version to resume a watch from; "" before the first list. */
  #version = "";
  /** Whether the sink holds a whole state that a watch from `#version` continues. */
  #listed = false;
  /** The server no longer has, or does not yet have, `#version`: take the most recent. */
  #versionGone = false;

  constructor(client: Client, resource: Resource, sink: ReflectorSink, options: ReflectorOptions) {
    this.#client = client;
    this.#resource = resource;
    this.#sink = sink;
    this.#options = options;
    this.#watchList = options.watchList;
    this.#delay = new GrowingDelay({ ...(options.backoff ?? { baseMs: 800, maxMs: 30_000 }), jitter: 1, resetMs: 120_000 });
  }

  /** Runs until the signal ends; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#listed) await this.#watch(signal);
        else if (this.#watchList) await this.#listByWatch(signal);
        else await this.#list(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#mayTryAtOnce(error)) {
          this.#options.onError(error);
          await pause(this.#delay.next(), signal);
        }
      }
    }
  }

  /** Decides where to go on after a failure: from the same version, or from a new list. */
  #mayTryAtOnce(error: unknown): boolean {
    if (error instanceof ExpiredError || isVersionTooLarge(error)) {
      const again = this.#versionGone;
      this.#versionGone = true;
      this.#listed = false;
      // Refused though no version was named: something else is wrong, so do not spin.
      return !again;
    }
    if (error instanceof QuietError) return true;
    // The server is away, overloaded, or the line broke: what we have is still a good start.
    if (error instanceof ConnectionError || error instanceof TooManyRequestsError) return false;
    this.#listed = false;
    return false;
  }

  #selection(): Pick<ReflectorOptions, "namespace" | "labelSelector" | "fieldSelector" | "metadataOnly"> {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    return {
      ...(namespace ? { namespace } : {}),
      ...(labelSelector ? { labelSelector } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
      ...(metadataOnly ? { metadataOnly } : {}),
    };
  }

  /** The first list is the most recent state: one at "0" could be older than what a former leader wrote. */
  #listVersion(): string {
    return this.#versionGone ? "" : this.#version;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const resourceVersion = this.#listVersion();
    const objects: KubeObject[] = [];
    let version = "";
    // A page of a version that is neither "" nor "0" would be read from etcd; whole, it comes from the server's memory.
    const at = resourceVersion === "" ? { limit: PAGE } : { resourceVersion, limit: 0 };
    for await (const page of this.#client.pages(this.#resource, { ...this.#selection(), ...at, signal })) {
      for (const item of page.items) objects.push(item as unknown as KubeObject);
      version = page.resourceVersion;
    }
    this.#replace(objects, version);
  }

  /** List and watch in one stream (KEP-3157): objects come as ADDED, a bookmark ends the list, the watch goes on. */
  async #listByWatch(signal: AbortSignal): Promise<void> {
    const quiet = this.#options.watchListQuietMs ?? 10_000;
    try {
      await this.#follow(signal, quiet, { resourceVersion: this.#listVersion(), sendInitialEvents: true });
      if (!this.#listed) this.#watchList = false;
    } catch (error) {
      if (this.#listed || signal.aborted) throw error;
      if (
        error instanceof ConnectionError ||
        error instanceof TooManyRequestsError ||
        error instanceof ExpiredError ||
        isVersionTooLarge(error)
      )
        throw error;
      // Refused, or taken for a plain watch by an old server: go on with LIST.
      this.#watchList = false;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const events = await this.#follow(signal, 0, { resourceVersion: this.#version });
    if (events === 0 && performance.now() - start < SHORT_WATCH_MS)
      throw new ConnectionError(`the watch of ${this.#resource.plural} ended at once, with nothing`, "SHORT_WATCH");
  }

  /** Takes one stream in until it ends; the number of its events. */
  async #follow(
    signal: AbortSignal,
    quietMs: number,
    from: { readonly resourceVersion: string; readonly sendInitialEvents?: true },
  ): Promise<number> {
    const timeoutSeconds = Math.round(MIN_WATCH_S + Math.random() * (MAX_WATCH_S - MIN_WATCH_S));
    const own = new AbortController();
    const watchdog = new Watchdog(timeoutSeconds * 1000 + OVERTIME_MS, quietMs, () => own.abort(new QuietError()));
    const options = { ...this.#selection(), ...from, allowBookmarks: true, timeoutSeconds, signal: AbortSignal.any([signal, own.signal]) };
    let collecting = from.sendInitialEvents ? new Map<string, KubeObject>() : undefined;
    let count = 0;
    try {
      for await (const event of this.#client.watch(this.#resource, options) as AsyncIterable<WatchEvent<never>>) {
        count++;
        watchdog.heard();
        if (collecting === undefined) {
          this.#take(event);
          if (event.type === "BOOKMARK") watchdog.expect(this.#options.quietMs ?? 180_000);
        } else if (event.type === "BOOKMARK") {
          if (!event.initialEventsEnd) continue;
          this.#replace([...collecting.values()], event.resourceVersion);
          collecting = undefined;
          watchdog.expect(0);
        } else {
          const object = event.object as KubeObject;
          const key = `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
          if (event.type === "DELETED") collecting.delete(key);
          else collecting.set(key, object);
        }
      }
      return count;
    } finally {
      watchdog.stop();
    }
  }

  #take(event: WatchEvent<never>): void {
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion;
      this.#sink.bookmark(event.resourceVersion);
      return;
    }
    const object = event.object as KubeObject;
    const version = object.metadata.resourceVersion ?? this.#version;
    if (event.type === "DELETED") this.#sink.delete(object, version);
    else this.#sink.set(object, version);
    this.#version = version;
  }

  #replace(objects: readonly KubeObject[], version: string): void {
    this.#sink.replace(objects, version);
    this.#version = version;
    this.#listed = true;
    this.#versionGone = false;
  }
}

/** Ends a stream that is silent for too long, or goes on past its own end. */
class Watchdog {
  readonly #end: () => void;
  readonly #last: NodeJS.Timeout;
  #quietMs: number;
  #quiet: NodeJS.Timeout | undefined;

  constructor(lifeMs: number, quietMs: number, end: () => void) {
    this.#end = end;
    this.#last = setTimeout(end, lifeMs);
    this.#quietMs = quietMs;
    this.#arm();
  }
  heard(): void {
    this.#quiet?.refresh();
  }
  /** From now on silence may last this long, milliseconds; 0 is for ever. */
  expect(quietMs: number): void {
    if (quietMs === this.#quietMs) return;
    this.#quietMs = quietMs;
    this.#arm();
  }
  #arm(): void {
    clearTimeout(this.#quiet);
    this.#quiet = this.#quietMs > 0 ? setTimeout(this.#end, this.#quietMs) : undefined;
  }
  stop(): void {
    clearTimeout(this.#last);
    clearTimeout(this.#quiet);
  }
}

function isVersionTooLarge(error: unknown): boolean {
  return error instanceof StatusError && error.causes.some(({ reason }) => reason === "ResourceVersionTooLarge");
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
