/**
 * Writes that our own webhook let through and that the cache has not shown yet. Deciding about a pod waits for them, so
 * that a set and a Deployment in one `kubectl apply` do not miss each other.
 *
 * Guarantees: a wait ends when the write is seen, and after `patienceMs` at the latest, for the write may have failed
 * further on or changed nothing.
 */
export class ExpectedWrites {
  readonly #patienceMs: number;
  readonly #expected = new Map<string, { readonly seen: Promise<void>; readonly resolve: () => void; readonly until: number }>();

  constructor(patienceMs = 500) {
    this.#patienceMs = patienceMs;
  }

  expect(key: string): void {
    this.seen(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#expected.set(key, { seen: promise, resolve, until: performance.now() + this.#patienceMs });
  }

  /** The cache showed something about this key. */
  seen(key: string): void {
    this.#expected.get(key)?.resolve();
    this.#expected.delete(key);
  }

  /** Resolves at once when nothing is expected, which is nearly always. */
  settled(): Promise<void> | undefined {
    if (this.#expected.size === 0) return undefined;
    return this.#wait();
  }

  async #wait(): Promise<void> {
    for (const [key, { seen, until }] of this.#expected) {
      const left = until - performance.now();
      if (left > 0) {
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([seen, new Promise((resolve) => (timer = setTimeout(resolve, left)))]);
        clearTimeout(timer);
      }
      if (performance.now() >= until) this.#expected.delete(key);
    }
  }
}
