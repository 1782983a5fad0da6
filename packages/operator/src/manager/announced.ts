import { createHash } from "node:crypto";

type Texts = Readonly<Record<string, string>>;
/** An object, as far as people write it. */
interface Written {
  readonly metadata: { readonly name?: string; readonly labels?: Texts; readonly annotations?: Texts };
  readonly spec?: unknown;
}

/** How long a write may take between our review and the store: other webhooks come after ours. */
const DOUBT_MS = 10_000;
/** More at a time are only remembered as "some". */
const MAX_REMEMBERED = 64;

/**
 * Writes that a validating review has allowed and that the cache does not show yet. They are never used as rules. While one is
 * pending, `mayCome` is true, and reviews of pods first confirm the caches with the API server.
 *
 * Guarantees
 * - A write that the cache shows is not waited for any more; one that never comes is forgotten after 10 seconds.
 * - However many are announced, 64 are remembered; of what is more only the time is.
 */
export class Announced {
  readonly #writes = new Map<string, { readonly content: string; readonly until: number }>();
  #otherUntil = 0;

  /**
   * @param object as it is to be stored
   * @param shown what the cache shows of it at the moment
   */
  announce(object: Written, shown: Written | undefined): void {
    const { name = "" } = object.metadata;
    const content = contentOf(object);
    if (!this.#writes.has(name) && shown && contentOf(shown) === content) return;
    this.#forgetLate();
    const until = performance.now() + DOUBT_MS;
    // Two contents of one name: which comes last nobody knows.
    if (this.#writes.has(name) || this.#writes.size >= MAX_REMEMBERED) this.#otherUntil = until;
    else this.#writes.set(name, { content, until });
  }

  /** The cache shows this. */
  seen(object: Written): void {
    const { name = "" } = object.metadata;
    const write = this.#writes.get(name);
    if (write?.content === contentOf(object)) this.#writes.delete(name);
  }

  /** Whether some may still come. */
  get mayCome(): boolean {
    if (this.#writes.size === 0 && this.#otherUntil === 0) return false;
    this.#forgetLate();
    return this.#writes.size > 0 || this.#otherUntil > 0;
  }

  #forgetLate(): void {
    const now = performance.now();
    for (const [name, { until }] of this.#writes) if (until <= now) this.#writes.delete(name);
    if (this.#otherUntil <= now) this.#otherUntil = 0;
  }
}

/**
 * What somebody wrote, as against what the API server and controllers add: a change of it may change what pods get. As a digest,
 * since a review may hold megabytes.
 */
function contentOf(object: Written): string {
  const { labels = {}, annotations = {} } = object.metadata;
  const sorted = (_key: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return createHash("sha256")
    .update(JSON.stringify({ labels, annotations, spec: object.spec }, sorted))
    .digest("base64");
}
