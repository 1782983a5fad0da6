import type { KubeObject, Resource } from "../api/index.ts";
import { type Client, ConnectionError, ExpiredError, TooManyRequestsError, type WatchEvent } from "../client/index.ts";
import { GrowingDelay } from "../queue/index.ts";
import { isRefusal, isUnanswered, isVersionGone, UNANSWERED } from "./failures.ts";
import { InitialEvents } from "./initial-events.ts";
import { pause, untilAborted } from "./until-aborted.ts";
import { QuietError, Watchdog } from "./watchdog.ts";

/** Where a reflector puts what it sees. Calls come one at a time, in the order of the server's history. */
export interface ReflectorSink {
  /** Makes of an object what is to be stored; called once for each, before anything else is done with it. */
  prepare(object: KubeObject): KubeObject;
  /** The whole state at a version. */
  replace(objects: readonly KubeObject[], resourceVersion: string): void;
  set(object: KubeObject, resourceVersion: string): void;
  delete(object: KubeObject, resourceVersion: string): void;
  /** Nothing changed up to this version. */
  bookmark(resourceVersion: string): void;
  /** A promise while a consumer is too far behind: the next change is not read before it resolves. */
  room(): Promise<void> | undefined;
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
  /** Milliseconds that a WatchList may be silent, or go on with changes, before it has said its end. Default 10,000. */
  readonly watchListQuietMs?: number;
  /** Milliseconds of silence after which a watch that used to send bookmarks counts as dead. Default: three times their distance, at least 180,000. */
  readonly quietMs?: number;
}

const PAGE = 500;
/** A relist at the last version comes in one piece, which holds the event loop while it is parsed: only up to this many objects. */
const MAX_WHOLE = 5000;
const [MIN_WATCH_S, MAX_WATCH_S] = [300, 600];
/** How far past its own end a watch may live before it counts as dead, milliseconds. */
const OVERTIME_MS = 30_000;
const SHORT_WATCH_MS = 1000;
const WATCH_LIST_QUIET_MS = 10_000;
const LEAST_QUIET_MS = 180_000;
/** Times that a WatchList may be given up for its silence before it is asked for no more: once, the network may have been at fault. */
const MAX_IGNORED = 2;

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
  /** How often in a row a WatchList was given up because its end did not come. */
  #ignored = 0;
  /** The next list is a LIST, WatchList or not. */
  #listOnce = false;
  /** The version to resume a watch from; "" before the first list. */
  #version = "";
  /** Whether the sink holds a whole state that a watch from `#version` continues. */
  #listed = false;
  /** The server no longer has, or does not yet have, `#version`: take the most recent. */
  #versionGone = false;
  /** Objects in the last list. */
  #size = 0;
  /** How long a watch of this server may be silent, milliseconds; 0 until it has sent a bookmark by itself. */
  #quietMs = 0;

  /** The watch that is open and continues a whole state; see `Informer.following`. */
  #following: number | undefined;
  #watches = 0;
  /** Ends the pause under way. */
  #hasten: (() => void) | undefined;

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
        else if (this.#watchList && !this.#listOnce) await this.#listByWatch(signal);
        else await this.#list(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (!this.#mayTryAtOnce(error)) {
          this.#options.onError(error);
          await this.#pause(this.#delay.next(), signal);
        }
      }
    }
  }

  get following(): number | undefined {
    return this.#following;
  }

  hasten(): void {
    this.#hasten?.();
  }

  async #pause(milliseconds: number, signal: AbortSignal): Promise<void> {
    const early = new AbortController();
    const stop = (): void => early.abort();
    this.#hasten = stop;
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    await pause(milliseconds, early.signal);
    signal.removeEventListener("abort", stop);
    this.#hasten = undefined;
  }

  /** Decides where to go on after a failure: from the same version, or from a new list. */
  #mayTryAtOnce(error: unknown): boolean {
    this.#listOnce = false;
    if (isVersionGone(error)) {
      const again = this.#versionGone;
      this.#versionGone = true;
      this.#listed = false;
      // Refused though no version was named: something else is wrong, so do not spin.
      return !again;
    }
    if (error instanceof QuietError) return true;
    // The server is away, overloaded, or the line broke: what we have is still a good start.
    if (error instanceof ConnectionError || error instanceof TooManyRequestsError) {
      // What was silent before may have been the network as well.
      this.#ignored = 0;
      return false;
    }
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
    const resourceVersion = this.#size > MAX_WHOLE ? "" : this.#listVersion();
    // A page of a version that is neither "" nor "0" would be read from etcd; whole, it comes from the server's memory.
    const at = resourceVersion === "" ? { limit: PAGE } : { resourceVersion, limit: 0 };
    const selection = this.#selection();
    let objects: KubeObject[] = [];
    let version = "";
    const take = (page: { readonly items: readonly unknown[]; readonly resourceVersion: string }): void => {
      for (const item of page.items) objects.push(this.#sink.prepare(item as KubeObject));
      version = page.resourceVersion;
    };
    try {
      for await (const page of this.#client.pages(this.#resource, { ...selection, ...at, signal })) take(page);
    } catch (error) {
      // The version of the pages was compacted away half-way: one that needs no second page cannot be.
      if (!(error instanceof ExpiredError) || version === "") throw error;
      objects = [];
      take(await this.#client.list(this.#resource, { ...selection, limit: 0, signal }));
    }
    this.#replace(objects, version);
  }

  /** List and watch in one stream (KEP-3157): objects come as ADDED, a bookmark ends the list, the watch goes on. */
  async #listByWatch(signal: AbortSignal): Promise<void> {
    try {
      await this.#follow(signal, { resourceVersion: this.#listVersion(), sendInitialEvents: true });
      // An old server takes it for a plain watch, which ended.
      if (!this.#listed) this.#giveUpWatchList(++this.#ignored >= MAX_IGNORED);
    } catch (error) {
      if (this.#listed || signal.aborted) throw error;
      // It may hold its headers back until there is an event, as for a plain watch: a LIST will tell.
      if (isUnanswered(error)) {
        this.#options.onError(error);
        return this.#giveUpWatchList(false);
      }
      if (error instanceof ConnectionError || error instanceof TooManyRequestsError || isVersionGone(error)) throw error;
      if (error instanceof QuietError) this.#giveUpWatchList(++this.#ignored >= MAX_IGNORED);
      else this.#giveUpWatchList(isRefusal(error));
    }
  }

  #giveUpWatchList(forGood: boolean): void {
    this.#listOnce = true;
    if (forGood) this.#watchList = false;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const start = performance.now();
    const events = await this.#follow(signal, { resourceVersion: this.#version });
    if (events === 0 && performance.now() - start < SHORT_WATCH_MS)
      throw new ConnectionError(`the watch of ${this.#resource.plural} ended at once, with nothing`, "SHORT_WATCH");
  }

  /** Takes one stream in until it ends; the number of its events. */
  async #follow(signal: AbortSignal, from: { readonly resourceVersion: string; readonly sendInitialEvents?: true }): Promise<number> {
    const timeoutSeconds = Math.round(MIN_WATCH_S + Math.random() * (MAX_WATCH_S - MIN_WATCH_S));
    const lifeMs = timeoutSeconds * 1000 + OVERTIME_MS;
    const initialMs = this.#options.watchListQuietMs ?? WATCH_LIST_QUIET_MS;
    let initial = from.sendInitialEvents ? new InitialEvents() : undefined;
    // Not AbortSignal.any, which a signal that lives as long as the process would never let go of.
    const own = new AbortController();
    const stop = (): void => own.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const { plural } = this.#resource;
    const unanswered = setTimeout(() => own.abort(new ConnectionError(`the watch of ${plural} was not answered`, UNANSWERED)), lifeMs);
    let opened: Watchdog | undefined;
    let lastBookmark = 0;
    // Only what the server does not say once it answers is its silence: not the time until it is reached, nor one that it asked to wait.
    const onOpen = (): Watchdog => {
      if (opened !== undefined) return opened;
      clearTimeout(unanswered);
      lastBookmark = performance.now();
      if (initial === undefined) this.#following = ++this.#watches;
      opened = new Watchdog(lifeMs, initial ? initialMs : this.#quietMs, (error) => own.abort(error));
      return opened;
    };
    const options = {
      ...this.#selection(),
      ...from,
      allowBookmarks: true,
      timeoutSeconds,
      signal: own.signal,
      onOpen: () => void onOpen(),
    };
    let count = 0;
    try {
      for await (const event of this.#client.watch(this.#resource, options) as AsyncIterable<WatchEvent<never>>) {
        count++;
        const watchdog = onOpen();
        if (initial === undefined) {
          watchdog.heard();
          this.#take(event);
          if (event.type === "BOOKMARK") {
            const now = performance.now();
            this.#quietMs = this.#options.quietMs ?? Math.max(LEAST_QUIET_MS, 3 * (now - lastBookmark));
            lastBookmark = now;
            watchdog.expect(this.#quietMs);
          }
          await this.#room(watchdog, own.signal);
        } else if (event.type === "BOOKMARK" && event.initialEventsEnd) {
          watchdog.kept();
          watchdog.expect(this.#quietMs);
          this.#ignored = 0;
          const objects = initial.objects();
          initial = undefined;
          this.#replace(objects, event.resourceVersion);
          this.#following = ++this.#watches;
          await this.#room(watchdog, own.signal);
        } else {
          watchdog.heard();
          const listing = event.type !== "BOOKMARK" && initial.take(event.type, this.#sink.prepare(event.object as KubeObject));
          // Once a non-initial event arrives, the initial list is complete; the end bookmark must follow within `initialMs`.
          if (!listing) watchdog.promise(initialMs);
        }
      }
      return count;
    } finally {
      this.#following = undefined;
      clearTimeout(unanswered);
      opened?.stop();
      signal.removeEventListener("abort", stop);
    }
  }

  async #room(watchdog: Watchdog, signal: AbortSignal): Promise<void> {
    const room = this.#sink.room();
    if (room === undefined) return;
    // What the server sends meanwhile stays unread: that is no silence of the server's.
    watchdog.deaf();
    await untilAborted(room, signal);
    watchdog.listen();
  }

  #take(event: WatchEvent<never>): void {
    if (event.type === "BOOKMARK") {
      this.#version = event.resourceVersion;
      this.#sink.bookmark(event.resourceVersion);
      return;
    }
    const object = this.#sink.prepare(event.object as KubeObject);
    const version = object.metadata.resourceVersion ?? this.#version;
    if (event.type === "DELETED") this.#sink.delete(object, version);
    else this.#sink.set(object, version);
    this.#version = version;
  }

  #replace(objects: readonly KubeObject[], version: string): void {
    this.#sink.replace(objects, version);
    this.#version = version;
    this.#size = objects.length;
    this.#listed = true;
    this.#listOnce = false;
    this.#versionGone = false;
  }
}
