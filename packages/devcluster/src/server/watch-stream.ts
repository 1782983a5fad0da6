import { Buffer } from "node:buffer";
import { LongTimer } from "@outrigger/kit/queue";
import {
  type Bookmark,
  internal,
  type ListOptions,
  type RegistryParts,
  StatusError,
  type Target,
  type WatchEvent,
  type Watching,
  watchObjects,
} from "../registry/index.ts";
import type { MediaType } from "./media-types.ts";
import type { ApiResponse, Sink } from "./request.ts";
import { WatchFrames } from "./watch-frames.ts";

/** Between bookmarks: `bookmarkFrequency` of the watch cache. */
const bookmarkMs = 60_000;
/** A bookmark goes out this long before a watch ends by its timeout. */
const lastBookmarkMs = 2_000;
/** How long a watch lasts that did not say: 30 to 60 minutes, spread so that not all end at once. */
const shortestMs = 30 * 60_000;

/** Ends all streams at once, for the end of the server and of a resource. */
export interface Streams {
  /** Calls `end` when streams of `resource` (or all) are to end; returns how to forget it. */
  add(resource: string, end: () => void): () => void;
}

/** Answers a watch: a line of JSON per event, until its time is over or the client goes. */
export async function watchResponse(
  parts: RegistryParts,
  target: Target,
  options: ListOptions,
  media: MediaType,
  query: URLSearchParams,
  signal: AbortSignal,
  streams: Streams,
): Promise<ApiResponse> {
  const frames = new WatchFrames(target.resource, media, query);
  const binary = media.format === "protobuf";
  const lines = new LineBuffer(binary ? "latin1" : "utf8", () => parts.store.kept());
  let watching: Watching | undefined;
  try {
    watching = await watchObjects(parts, target, options, (event) => lines.push(frameOf(frames, event)), signal);
  } catch (error) {
    // What the watch cache finds out comes as an event, so that the answer's head is that of a watch.
    if (!(error instanceof StatusError) || error.statusCode !== 410) throw error;
    lines.push(frames.error(error.status));
  }
  const timeoutMs = options.timeoutSeconds ? options.timeoutSeconds * 1000 : shortestMs * (1 + Math.random());
  return {
    status: 200,
    headers: {
      "content-type": binary ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json",
      "cache-control": "no-cache, private",
    },
    stream(sink) {
      lines.flow(sink);
      let timers: (() => void)[] = [];
      const finish = (): void => {
        for (const cancel of timers) cancel();
        timers = [];
        forget();
        signal.removeEventListener("abort", finish);
        watching?.stop();
        lines.end();
      };
      const { group, plural } = target.resource;
      const forget = streams.add(`${group}/${plural}`, finish);
      if (!watching) return finish();
      timers.push(after(timeoutMs, finish));
      if (options.allowBookmarks) {
        const interval = setInterval(() => watching.bookmark(), bookmarkMs);
        timers.push(() => clearInterval(interval));
        if (timeoutMs > lastBookmarkMs) timers.push(after(timeoutMs - lastBookmarkMs, () => watching.bookmark()));
      }
      signal.addEventListener("abort", finish, { once: true });
      if (signal.aborted) finish();
    },
  };
}

/** `timeoutSeconds` is the client's to choose, and may be longer than Node's timers hold. */
function after(ms: number, run: () => void): () => void {
  const timer = new LongTimer(run, ms);
  return () => timer.cancel();
}

/** A frame, or what a client gets that must list anew: an event that cannot be shown would leave a gap. */
function frameOf(frames: WatchFrames, event: WatchEvent | Bookmark): string {
  try {
    return frames.frame(event);
  } catch (error) {
    return frames.error(internal(error instanceof Error ? error.message : String(error)).status);
  }
}

/** Gathers the lines of one turn of the event loop into one write, which follows the store's journal. */
class LineBuffer {
  readonly #encoding: "utf8" | "latin1";
  readonly #kept: () => Promise<void> | undefined;
  #sink: Sink | undefined;
  #waiting: string[] = [];
  #scheduled = false;
  #ended = false;
  /** Resolves once all earlier lines are written. */
  #turn: Promise<void> | undefined;

  constructor(encoding: "utf8" | "latin1", kept: () => Promise<void> | undefined) {
    this.#encoding = encoding;
    this.#kept = kept;
  }

  push(line: string): void {
    if (this.#ended) return;
    this.#waiting.push(line);
    if (this.#sink) this.#schedule();
  }

  flow(sink: Sink): void {
    this.#sink = sink;
    if (this.#waiting.length > 0) this.#schedule();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#flush();
    this.#whenKept(() => this.#sink?.end());
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const lines = this.#waiting;
    if (lines.length === 0 || !this.#sink) return;
    this.#waiting = [];
    const text = lines.join("");
    this.#whenKept(() => this.#sink!.write(this.#encoding === "utf8" ? text : Buffer.from(text, "latin1")));
  }

  /** Waits for the journal, so that a client never sees a write that a killed process would forget. Lines keep their order. */
  #whenKept(go: () => void): void {
    const writes = this.#kept();
    if (!writes && !this.#turn) {
      go();
      return;
    }
    const turn = Promise.all([this.#turn, writes]).then(() => {
      if (this.#turn === turn) this.#turn = undefined;
      go();
    });
    this.#turn = turn;
  }
}
