/** Bounds of a delay that grows. */
export interface GrowingDelayOptions {
  /** First delay, milliseconds. */
  readonly baseMs: number;
  /** Longest delay before jitter, milliseconds. */
  readonly maxMs: number;
  readonly factor?: number;
  /** A delay is stretched by up to this share of itself: 1 gives `d` to `2d`. */
  readonly jitter?: number;
  /** After this long without a failure the next delay is the first again, milliseconds. */
  readonly resetMs?: number;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Delays between tries of one thing that grow while it keeps failing; client-go's `wait.Backoff` with reset. */
export class GrowingDelay {
  readonly #options: Required<GrowingDelayOptions>;
  #next: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(options: GrowingDelayOptions) {
    this.#options = { factor: 2, jitter: 1, resetMs: 120_000, now: () => performance.now(), random: Math.random, ...options };
    this.#next = options.baseMs;
  }

  /** Milliseconds to wait before the next try. */
  next(): number {
    const { baseMs, maxMs, factor, jitter, resetMs, now, random } = this.#options;
    const time = now();
    if (time - this.#last > resetMs) this.#next = baseMs;
    this.#last = time;
    const delay = this.#next;
    this.#next = Math.min(delay * factor, maxMs);
    return delay + random() * jitter * delay;
  }
}
