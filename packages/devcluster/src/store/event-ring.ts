import type { Entry } from "./entry.ts";

/** One write of a table, as watchers see it. For a deletion `entry` is the last state, under the deletion's revision. */
export interface StoreEvent {
  readonly deleted: boolean;
  readonly revision: number;
  readonly entry: Entry;
  readonly previous: Entry | undefined;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
  /** Frames already encoded for watchers, by representation; shared by all of them while the event goes out. */
  readonly frames: Map<string, string>;
}

/** The revision asked for is further back than the ring remembers. */
export class RevisionGoneError extends Error {
  override readonly name = "RevisionGoneError";
  readonly requested: number;
  readonly oldest: number;
  constructor(requested: number, oldest: number) {
    super(`revision ${requested} is gone; the oldest is ${oldest}`);
    this.requested = requested;
    this.oldest = oldest;
  }
}

export interface RingLimits {
  /** Kept whatever their age. */
  readonly minEvents: number;
  readonly maxEvents: number;
  /** Of encoded objects, roughly: characters. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** After the watch cache of `k8s.io/apiserver`: 100 to 102,400 events, kept for 75 s; the limit in bytes is ours. */
const defaultLimits: RingLimits = { minEvents: 100, maxEvents: 102_400, maxBytes: 16 << 20, maxAgeMs: 75_000 };

/** The last events of a table, oldest first. */
export class EventRing {
  readonly #limits: RingLimits;
  #events: StoreEvent[] = [];
  #start = 0;
  #bytes = 0;
  /** Revision of the newest event that was forgotten. */
  #forgotten = 0;

  constructor(limits: Partial<RingLimits> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  push(event: StoreEvent): void {
    this.#events.push(event);
    this.#bytes += event.entry.text.length;
    this.expire(event.at);
  }

  /**
   * Forgets what is too old or too much; also to be called now and then while nothing is written.
   *
   * @param now as `performance.now()` tells it
   */
  expire(now: number): void {
    const { minEvents, maxEvents, maxBytes, maxAgeMs } = this.#limits;
    for (;;) {
      const length = this.#events.length - this.#start;
      const oldest = this.#events[this.#start];
      if (!oldest || length <= minEvents) break;
      if (length <= maxEvents && this.#bytes <= maxBytes && now - oldest.at <= maxAgeMs) break;
      this.#forget(oldest);
    }
    if (this.#start > 1024 && this.#start > this.#events.length / 2) {
      this.#events = this.#events.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Events after `revision`, oldest first. Throws `RevisionGoneError` when some of them are forgotten. */
  since(revision: number): StoreEvent[] {
    if (revision < this.#forgotten) throw new RevisionGoneError(revision, this.#forgotten);
    let low = this.#start;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.revision <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }

  /** Forgets everything: what compaction does to a real server's history. */
  compact(revision: number): void {
    for (let oldest = this.#events[this.#start]; oldest && oldest.revision <= revision; oldest = this.#events[this.#start])
      this.#forget(oldest);
    this.#forgotten = Math.max(this.#forgotten, revision);
  }

  #forget(oldest: StoreEvent): void {
    this.#forgotten = oldest.revision;
    this.#bytes -= oldest.entry.text.length;
    this.#events[this.#start] = undefined as never;
    this.#start++;
  }
}
