import { isDeepStrictEqual } from "node:util";

type Texts = Readonly<Record<string, string>>;
/** An object, as far as people write it. */
interface Written {
  readonly metadata: { readonly name?: string; readonly labels?: Texts; readonly annotations?: Texts };
  readonly spec?: unknown;
}

interface Expected {
  readonly content: object;
  readonly seen: Promise<void>;
  readonly resolve: () => void;
  readonly until: number;
}

/**
 * Writes that our own webhook let through and that the cache has not shown yet. Deciding about a pod waits for them, so
 * that a set and a Deployment in one `kubectl apply` do not miss each other.
 *
 * Guarantees
 * - A wait ends when the cache shows what was written, and not when it shows the object as it was, with another status.
 * - It ends after `patienceMs` at the latest, for the write may have failed further on.
 * - A write that changes nothing is not waited for.
 */
export class ExpectedWrites {
  readonly #patienceMs: number;
  readonly #expected = new Map<string, Expected>();

  constructor(patienceMs = 500) {
    this.#patienceMs = patienceMs;
  }

  /**
   * @param object as it is to be stored
   * @param shown what the cache shows of it at the moment
   */
  expect(object: Written, shown: Written | undefined): void {
    const { name = "" } = object.metadata;
    const content = contentOf(object);
    this.#forgetOverdue(name);
    const earlier = this.#expected.get(name);
    if (!earlier && shown && isDeepStrictEqual(contentOf(shown), content)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    // At the end of the map, where whoever waits for the earlier write comes to it next.
    this.#expected.delete(name);
    this.#expected.set(name, { content, seen: promise, resolve, until: performance.now() + this.#patienceMs });
    earlier?.resolve();
  }

  /** The cache shows this. */
  seen(object: Written): void {
    const { name = "" } = object.metadata;
    const expected = this.#expected.get(name);
    if (!expected || !isDeepStrictEqual(contentOf(object), expected.content)) return;
    expected.resolve();
    this.#expected.delete(name);
  }

  /** Resolves at once when nothing is expected, which is nearly always. */
  settled(): Promise<void> | undefined {
    if (this.#expected.size === 0) return undefined;
    return this.#wait();
  }

  /** A write that never came, and that nobody waited for. */
  #forgetOverdue(name: string): void {
    const expected = this.#expected.get(name);
    if (!expected || expected.until > performance.now()) return;
    expected.resolve();
    this.#expected.delete(name);
  }

  async #wait(): Promise<void> {
    for (const [name, expected] of this.#expected) {
      const left = expected.until - performance.now();
      if (left > 0) {
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([expected.seen, new Promise((resolve) => (timer = setTimeout(resolve, left)))]);
        clearTimeout(timer);
      }
      if (this.#expected.get(name) === expected) this.#expected.delete(name);
    }
  }
}

/** What somebody wrote, as against what the API server and controllers add: a change of it may change what pods get. */
function contentOf(object: Written): object {
  const { labels = {}, annotations = {} } = object.metadata;
  return { labels, annotations, spec: object.spec };
}
