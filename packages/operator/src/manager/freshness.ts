import { compareResourceVersions, isOrderedVersion } from "@outrigger/kit/api";
import type { Informer, InformerOptions } from "@outrigger/kit/cache";
import { type Client, NotFoundError, type ObjectList } from "@outrigger/kit/client";
import { Coalesced } from "./coalesced.ts";
import { inTime } from "./deadline.ts";

/** A cache, and how its objects are asked for. */
export interface FreshSource {
  readonly informer: Informer;
  readonly options?: Pick<InformerOptions, "namespace" | "labelSelector" | "fieldSelector">;
  /** Compared only after its watch broke: whoever needs more asks for the object itself. Default false. */
  readonly onlyAfterBreak?: boolean;
}

export interface FreshnessOptions {
  /** Whether a change may be under way that no cache shows yet: then no proof lasts. Default: never. */
  readonly doubt?: () => boolean;
  /** How old a proof may be, in milliseconds. Default 5,000. */
  readonly maxAgeMs?: number;
  /** Least time between two reads, in milliseconds. Default 50. */
  readonly leastMs?: number;
}

interface ListedObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
}
/** Which watch each source had, and since when the caches are known to be as new as the API server's state. */
interface Proof {
  readonly at: number;
  readonly watches: readonly (number | undefined)[];
}

const READ_MS = 2_000;
const RETRY_MS = 100;
/** Refreshed in the background from this share of the greatest age on, so that no review waits for it. */
const AHEAD = 0.6;

/**
 * Whether the caches of the rules are as new as the API server's state, which a review must not be decided without.
 *
 * A proof is a consistent read of names and versions (`resourceVersion` unset: most recent) to which the caches have caught up. It
 * lasts while the same watches go on, 5 seconds at the most, and not while a change may be under way.
 *
 * Guarantees
 * - `wait` resolves only after a proof that began after the call, or while a former one lasts.
 * - However many wait, one read is under way, and the API server sees no more than one in `leastMs` or ten times what one takes.
 * - A watch that waits between two tries is made to try at once when the API server answers the read.
 */
export class Freshness {
  readonly #client: Client;
  readonly #sources: readonly FreshSource[];
  readonly #maxAgeMs: number;
  readonly #prove: Coalesced<void>;
  #proof: Proof | undefined;
  #failure: unknown;
  readonly #doubt: () => boolean;

  constructor(client: Client, sources: readonly FreshSource[], options: FreshnessOptions = {}) {
    this.#client = client;
    this.#sources = sources;
    this.#maxAgeMs = options.maxAgeMs ?? 5_000;
    this.#doubt = options.doubt ?? ((): boolean => false);
    this.#prove = new Coalesced(() => this.#proveOnce(), options.leastMs ?? 50);
  }

  /** Whether reviews can be decided at once. */
  get isFresh(): boolean {
    const proof = this.#proof;
    if (proof === undefined || this.#doubt() || !this.#sameWatches(proof)) return false;
    const age = performance.now() - proof.at;
    if (age > this.#maxAgeMs * AHEAD) this.#prove.ask().catch(() => {});
    return age <= this.#maxAgeMs;
  }

  /** Why reviews may have to wait for long; `undefined` where all watches are open. */
  get trouble(): string | undefined {
    const cut = this.#sources.filter(({ informer }) => informer.following === undefined).map(({ informer }) => informer.resource.plural);
    return cut.length === 0 ? undefined : `the rules may be old: no watch of ${cut.join(", ")}`;
  }

  /** @throws UndecidedError when there is no proof by the deadline (`performance.now()`). */
  wait(deadline: number): Promise<void> {
    return inTime(
      this.#untilProven(deadline),
      deadline,
      "the rules may be older than the cluster's: the API server did not confirm them in time",
    );
  }

  async #untilProven(deadline: number): Promise<void> {
    while (performance.now() < deadline) {
      try {
        return await this.#prove.ask();
      } catch (error) {
        this.#failure = error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    throw this.#failure;
  }

  async #proveOnce(): Promise<void> {
    const at = performance.now();
    const deadline = at + READ_MS;
    const signal = AbortSignal.timeout(READ_MS);
    const before = this.#proof;
    await Promise.all(
      this.#sources.map(async (source, index) => {
        const { informer, options = {}, onlyAfterBreak } = source;
        if (onlyAfterBreak && informer.following !== undefined && informer.following === before?.watches[index]) return;
        const list = await this.#list(source, signal);
        // It answers: a watch that waits for that need not wait any longer.
        if (informer.following === undefined) informer.hasten();
        await caughtUp(informer, list, options, deadline);
      }),
    );
    const watches = this.#sources.map(({ informer }) => informer.following);
    this.#proof = { at, watches };
  }

  async #list({ informer, options = {} }: FreshSource, signal: AbortSignal): Promise<ObjectList<ListedObject>> {
    try {
      const items: ListedObject[] = [];
      let resourceVersion = "";
      for await (const page of this.#client.pages(informer.resource, { ...options, metadataOnly: true, signal })) {
        items.push(...(page.items as unknown as readonly ListedObject[]));
        resourceVersion = page.resourceVersion;
      }
      return { items, resourceVersion };
    } catch (error) {
      // Its definition was deleted, and all objects with it.
      if (error instanceof NotFoundError) return { items: [], resourceVersion: "" };
      throw error;
    }
  }

  #sameWatches({ watches }: Proof): boolean {
    for (const [index, { informer }] of this.#sources.entries())
      if (informer.following === undefined || informer.following !== watches[index]) return false;
    return true;
  }
}

/** Resolves when the cache is at least as new as the list, and its watch is open. @throws Error after the deadline. */
async function caughtUp(
  informer: Informer,
  list: ObjectList<ListedObject>,
  { namespace }: { readonly namespace?: string },
  deadline: number,
): Promise<void> {
  for (;;) {
    if (informer.following !== undefined && isAsNew(informer, list, namespace)) return;
    const left = deadline - performance.now();
    if (left <= 0) throw new Error(`the watch of ${informer.resource.plural} did not catch up with the API server`);
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = informer.onProgress(resolve);
    // The opening of a watch makes no progress: looked at from time to time.
    const timer = setTimeout(resolve, Math.min(left, 10));
    await promise;
    clearTimeout(timer);
    end();
  }
}

function isAsNew({ lister, lastSyncedResourceVersion }: Informer, list: ObjectList<ListedObject>, namespace: string | undefined): boolean {
  if (notOlder(lastSyncedResourceVersion, list.resourceVersion)) return true;
  const listed = new Set<string>();
  for (const { metadata } of list.items) {
    listed.add(`${metadata.namespace ?? ""}/${metadata.name}`);
    const have = lister.get(metadata) as ListedObject | undefined;
    if (!notOlder(have?.metadata.resourceVersion, metadata.resourceVersion)) return false;
  }
  const had = lister.list(namespace === undefined ? {} : { namespace }) as unknown as readonly ListedObject[];
  // What the list has no more was deleted, unless it was made after it.
  return had.every(
    ({ metadata }) =>
      listed.has(`${metadata.namespace ?? ""}/${metadata.name}`) ||
      (list.resourceVersion !== "" && notOlder(metadata.resourceVersion, list.resourceVersion)),
  );
}

function notOlder(version: string | undefined, than: string | undefined): boolean {
  if (version === than) return version !== undefined && version !== "";
  if (version === undefined || than === undefined || !isOrderedVersion(version) || !isOrderedVersion(than)) return false;
  return compareResourceVersions(version, than) >= 0;
}
