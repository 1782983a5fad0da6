/**
 * One request for all who ask at the same time.
 *
 * Guarantees
 * - Whoever asks gets what a request gave that was sent after the question.
 * - One request is under way at a time. After one that took `d` ms, the next is sent after max(`leastMs`, min(10 · `d`, 1 s)).
 */
export class Coalesced<T> {
  readonly #ask: () => Promise<T>;
  readonly #leastMs: number;
  #next: Promise<T> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #notBefore = 0;

  constructor(ask: () => Promise<T>, leastMs: number) {
    this.#ask = ask;
    this.#leastMs = leastMs;
  }

  ask(): Promise<T> {
    this.#next ??= this.#afterLast();
    return this.#next;
  }

  async #afterLast(): Promise<T> {
    await this.#last;
    const wait = this.#notBefore - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    this.#next = undefined;
    const start = performance.now();
    const answer = this.#ask();
    this.#last = answer.then(
      () => {},
      () => {},
    );
    try {
      return await answer;
    } finally {
      const end = performance.now();
      this.#notBefore = end + Math.max(this.#leastMs, Math.min(10 * (end - start), 1000));
    }
  }
}
