import { compareResourceVersions, isOrderedVersion, type KubeObject, objectKey } from "../api/index.ts";
import type { Informer } from "../cache/index.ts";
import type { Clock } from "../queue/index.ts";

/** What a key's last reconcile wrote and the cache does not show yet. */
interface Expectation {
  readonly informer: Informer;
  readonly what: string;
  readonly since: number;
  readonly seen: () => boolean;
}

/** How long a key waits for its own writes, milliseconds. A watch that lags longer has other troubles than this one. */
const LONGEST_WAIT_MS = 30_000;

/**
 * Holds a key back until the cache shows what its last reconcile wrote.
 *
 * A write is seen once the informer of its resource has reached the version that the server gave it; any event or
 * bookmark moves that. A deletion is seen once the store lacks the object, has another under its name, or shows it
 * terminating. The wait ends after 30 s at the latest.
 */
export class OwnWrites {
  readonly #pending = new Map<string, Expectation[]>();
  /** Keys that were held back, by the informer whose progress may free them. */
  readonly #parked = new Map<string, () => void>();
  readonly #listening = new Map<Informer, () => void>();
  readonly #clock: Clock;
  readonly #release: (key: string) => void;
  readonly #late: (key: string, what: string) => void;

  /**
   * @param release puts a key back in the queue.
   * @param late told when the wait for a write is given up.
   */
  constructor(clock: Clock, release: (key: string) => void, late: (key: string, what: string) => void) {
    this.#clock = clock;
    this.#release = release;
    this.#late = late;
  }

  get parked(): number {
    return this.#parked.size;
  }

  /** The reconcile of `key` wrote this object. */
  wrote(key: string, source: Informer, object: KubeObject): void {
    const informer = source.partOf(object);
    // What is written beside the namespaces that are watched is never shown.
    if (informer === undefined) return;
    const version = object.metadata.resourceVersion ?? "";
    // Other things than counters cannot be compared; such a server is read as it comes.
    if (!isOrderedVersion(version)) return;
    // What the informer never shows is not waited for; what the write took out of its selection still is, to go.
    if (informer.covers(object) === false && informer.lister.get(objectKey(object)) === undefined) return;
    this.#expect(key, informer, `${object.kind} ${object.metadata.name} at version ${version}`, () => {
      const reached = informer.lastSyncedResourceVersion;
      return isOrderedVersion(reached) && compareResourceVersions(reached, version) >= 0;
    });
  }

  /** The reconcile of `key` deleted this object. */
  deleted(key: string, source: Informer, object: KubeObject): void {
    const informer = source.partOf(object) ?? source;
    const { name = "", uid } = object.metadata;
    this.#expect(key, informer, `${object.kind} ${name} deleted`, () => {
      const stored = informer.lister.get(objectKey(object));
      return stored === undefined || stored.metadata.uid !== uid || stored.metadata.deletionTimestamp !== undefined;
    });
  }

  /** Whether the key may run now; if not, it is released when it may. */
  mayRun(key: string): boolean {
    const pending = this.#stillPending(key);
    if (pending.length === 0) return true;
    if (!this.#parked.has(key)) {
      const left = Math.max(0, Math.min(...pending.map(({ since }) => since)) + LONGEST_WAIT_MS - this.#clock.now());
      this.#parked.set(
        key,
        this.#clock.after(left, () => this.#giveUp(key)),
      );
    }
    for (const { informer } of pending) this.#listen(informer);
    return false;
  }

  /** Forgets everything and calls its timers off. */
  stop(): void {
    for (const cancel of this.#parked.values()) cancel();
    for (const end of this.#listening.values()) end();
    this.#parked.clear();
    this.#listening.clear();
    this.#pending.clear();
  }

  #expect(key: string, informer: Informer, what: string, seen: () => boolean): void {
    if (seen()) return;
    const pending = this.#pending.get(key);
    const expectation = { informer, what, since: this.#clock.now(), seen };
    if (pending) pending.push(expectation);
    else this.#pending.set(key, [expectation]);
  }

  #stillPending(key: string): readonly Expectation[] {
    const pending = this.#pending.get(key);
    if (!pending) return [];
    const left = pending.filter((expectation) => !expectation.seen());
    if (left.length === 0) this.#pending.delete(key);
    else if (left.length < pending.length) this.#pending.set(key, left);
    return left;
  }

  #listen(informer: Informer): void {
    if (!this.#listening.has(informer))
      this.#listening.set(
        informer,
        informer.onProgress(() => this.#progressed()),
      );
  }

  #progressed(): void {
    for (const [key, cancel] of this.#parked) {
      if (this.#stillPending(key).length > 0) continue;
      cancel();
      this.#parked.delete(key);
      this.#release(key);
    }
    if (this.#parked.size > 0) return;
    for (const end of this.#listening.values()) end();
    this.#listening.clear();
  }

  #giveUp(key: string): void {
    const pending = this.#pending.get(key);
    this.#parked.delete(key);
    this.#pending.delete(key);
    if (pending) this.#late(key, pending.map(({ what }) => what).join(", "));
    this.#release(key);
  }
}
