import type { Clock } from "./clock.ts";

/** Decides how long a failing item waits before its next try, as client-go's `workqueue.RateLimiter`. */
export interface RateLimiter<K> {
  /** Milliseconds to wait; each call for an item counts as one more failure. */
  when(item: K): number;
  /** The item succeeded, or is given up: its failures are forgotten. */
  forget(item: K): void;
  /** Failures so far. */
  retries(item: K): number;
}

/** Bounds of the delays between the retries of one key. */
export interface BackoffOptions {
  /** First delay in milliseconds. Default 5. */
  readonly baseMs?: number;
  /** Longest delay in milliseconds. Default 1,000,000 (1000 s). */
  readonly maxMs?: number;
}

/** Rate and burst of a token bucket. */
export interface BucketOptions {
  /** Tries a second, of all items together, in the long run. */
  readonly perSecond: number;
  /** Tries that may come at once. Default: those of one second, at least 1. */
  readonly burst?: number;
}

/**
 * A token bucket over all items, around another limiter: an item waits for whichever takes longer, as with client-go's
 * `BucketRateLimiter` inside `MaxOfRateLimiter`. Each call of `when` takes a token, also one of the future.
 */
export class BucketLimit<K> implements RateLimiter<K> {
  readonly #inner: RateLimiter<K>;
  readonly #clock: Pick<Clock, "now">;
  readonly #msPerToken: number;
  readonly #burst: number;
  /** When the bucket is full again, in the clock's milliseconds. */
  #fullAt = Number.NEGATIVE_INFINITY;

  /** @throws RangeError for numbers that allow nothing. */
  constructor(inner: RateLimiter<K>, { perSecond, burst = Math.max(1, Math.floor(perSecond)) }: BucketOptions, clock: Pick<Clock, "now">) {
    if (!(perSecond > 0)) throw new RangeError(`perSecond is ${perSecond}: write a number above 0`);
    if (!(burst >= 1)) throw new RangeError(`burst is ${burst}: write a number of at least 1`);
    this.#inner = inner;
    this.#clock = clock;
    this.#msPerToken = 1000 / perSecond;
    this.#burst = burst;
  }

  when(item: K): number {
    const now = this.#clock.now();
    this.#fullAt = Math.max(this.#fullAt, now) + this.#msPerToken;
    const waitMs = Math.max(0, this.#fullAt - now - this.#burst * this.#msPerToken);
    return Math.max(this.#inner.when(item), waitMs);
  }

  forget(item: K): void {
    this.#inner.forget(item);
  }

  retries(item: K): number {
    return this.#inner.retries(item);
  }
}

/** `base · 2ⁿ` per item, up to `max`; client-go's `ItemExponentialFailureRateLimiter`. */
export class ExponentialBackoff<K> implements RateLimiter<K> {
  readonly #failures = new Map<K, number>();
  readonly #baseMs: number;
  readonly #maxMs: number;

  constructor({ baseMs = 5, maxMs = 1_000_000 }: BackoffOptions = {}) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
  }

  when(item: K): number {
    const failures = this.#failures.get(item) ?? 0;
    this.#failures.set(item, failures + 1);
    return Math.min(this.#baseMs * 2 ** failures, this.#maxMs);
  }

  forget(item: K): void {
    this.#failures.delete(item);
  }

  retries(item: K): number {
    return this.#failures.get(item) ?? 0;
  }
}
