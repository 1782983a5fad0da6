/** Decides how long a failing item waits before its next try, as client-go's `workqueue.RateLimiter`. */
export interface RateLimiter<K> {
  /** Milliseconds to wait; each call for an item counts as one more failure. */
  when(item: K): number;
  /** The item succeeded, or is given up: its failures are forgotten. */
  forget(item: K): void;
  /** Failures so far. */
  retries(item: K): number;
}

export interface BackoffOptions {
  /** First delay in milliseconds. Default 5. */
  readonly baseMs?: number;
  /** Longest delay in milliseconds. Default 1,000,000 (1000 s). */
  readonly maxMs?: number;
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
