import { type Clock, systemClock } from "./clock.ts";
import { ExponentialBackoff, type RateLimiter } from "./rate-limit.ts";

/** The priority of what an informer's first list brings: after anything that just changed. */
export const INITIAL_LIST_PRIORITY = -100;

/** How a key joins a queue. */
export interface AddOptions {
  /** Higher first. Default 0; for a key that its worker puts back (`addAfter`, `addRateLimited` before `done`) the priority that it had. */
  readonly priority?: number;
}

/** Told what happens in a queue, for metrics. Each may be left out. */
export interface QueueObserver<K> {
  added?(key: K, depth: number): void;
  /** @param queuedMs how long the key waited. */
  taken?(key: K, queuedMs: number, depth: number): void;
  /** @param workMs how long it was processed. */
  done?(key: K, workMs: number): void;
  retried?(key: K): void;
}

/** What a work queue is made of. */
export interface WorkQueueOptions<K> {
  readonly rateLimiter?: RateLimiter<K>;
  readonly clock?: Clock;
  readonly observer?: QueueObserver<K>;
}

/** Entries of one priority in the order in which they came. */
class Fifo<K> {
  readonly priority: number;
  #items: (Entry<K> | undefined)[] = [];
  #head = 0;
  constructor(priority: number) {
    this.priority = priority;
  }
  push(entry: Entry<K>): void {
    this.#items.push(entry);
  }
  shift(): Entry<K> | undefined {
    const items = this.#items;
    if (this.#head === items.length) return undefined;
    const entry = items[this.#head];
    items[this.#head++] = undefined;
    if (this.#head === items.length) {
      if (this.#head < 1024) items.length = 0;
      else this.#items = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > items.length) {
      this.#items = items.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }
}

/** What the queue knows of one key that waits, is processed, or both. */
interface Entry<K> {
  readonly key: K;
  priority: number;
  /** To be handed out (again). An entry in a list that is not dirty has left its place: it rose. */
  dirty: boolean;
  processing: boolean;
  /** Priority with which the key was last handed out. */
  handedOut: number;
  since: number;
}

interface Delayed {
  readonly at: number;
  priority: number;
  readonly cancel: () => void;
}

/** See the folder's contract. */
export class WorkQueue<K> {
  readonly #entries = new Map<K, Entry<K>>();
  /** Lists by priority, highest first. */
  readonly #lists: Fifo<K>[] = [];
  readonly #delayed = new Map<K, Delayed>();
  readonly #waiting: ((key: K | undefined) => void)[] = [];
  readonly #rateLimiter: RateLimiter<K>;
  readonly #clock: Clock;
  readonly #observer: QueueObserver<K> | undefined;
  #depth = 0;
  #processing = 0;
  #shut = false;
  #drained: (() => void)[] = [];

  constructor({ rateLimiter = new ExponentialBackoff<K>(), clock = systemClock, observer }: WorkQueueOptions<K> = {}) {
    this.#rateLimiter = rateLimiter;
    this.#clock = clock;
    this.#observer = observer;
  }

  /** Keys that wait to be handed out, without delayed ones. */
  get length(): number {
    return this.#depth;
  }
  /** Keys that are with a worker. */
  get processing(): number {
    return this.#processing;
  }
  get shuttingDown(): boolean {
    return this.#shut;
  }

  /** Queues the key, unless it waits already; while it is processed, notes that it is to be handed out again. */
  add(key: K, options?: AddOptions): void {
    if (this.#shut) return;
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const priority = options?.priority ?? 0;
      const fresh = { key, priority, dirty: true, processing: false, handedOut: priority, since: this.#since() };
      this.#entries.set(key, fresh);
      this.#push(fresh);
      return;
    }
    const priority = options?.priority ?? 0;
    if (!entry.dirty) {
      entry.dirty = true;
      entry.priority = priority;
      if (!entry.processing) this.#push(entry);
    } else if (priority > entry.priority) {
      if (entry.processing) {
        entry.priority = priority;
      } else {
        // The place in the lower list stays behind, with an entry that no longer counts.
        const risen = { ...entry, priority };
        entry.dirty = false;
        this.#entries.set(key, risen);
        this.#list(priority).push(risen);
      }
    }
  }

  /** Queues the key after `delayMs` milliseconds; at once when it is 0 or less. */
  addAfter(key: K, delayMs: number, options?: AddOptions): void {
    if (this.#shut) return;
    // A requeue keeps the priority with which the key was handed out.
    const entry = this.#entries.get(key);
    const wanted = options?.priority ?? (entry?.processing ? entry.handedOut : 0);
    if (!(delayMs > 0)) {
      this.add(key, { priority: wanted });
      return;
    }
    const at = this.#clock.now() + delayMs;
    const before = this.#delayed.get(key);
    const priority = before ? Math.max(before.priority, wanted) : wanted;
    if (before && before.at <= at) {
      before.priority = priority;
      return;
    }
    before?.cancel();
    this.#delayed.set(key, { at, priority, cancel: this.#clock.after(delayMs, () => this.#due(key)) });
  }

  /** Queues the key after the delay that its failures have earned. */
  addRateLimited(key: K, options?: AddOptions): void {
    this.#observer?.retried?.(key);
    this.addAfter(key, this.#rateLimiter.when(key), options);
  }

  /** Forgets the key's failures; it stays where it is in the queue. */
  forget(key: K): void {
    this.#rateLimiter.forget(key);
  }
  /** Failures of the key so far. */
  retries(key: K): number {
    return this.#rateLimiter.retries(key);
  }

  /** The next key, or undefined when none waits. Call `done` with it after the work. */
  tryGet(): K | undefined {
    for (let list = this.#lists[0]; list !== undefined; list = this.#lists[0]) {
      for (let entry = list.shift(); entry !== undefined; entry = list.shift()) {
        if (!entry.dirty) continue;
        entry.dirty = false;
        entry.processing = true;
        entry.handedOut = entry.priority;
        this.#depth--;
        this.#processing++;
        if (this.#observer) {
          const now = this.#clock.now();
          this.#observer.taken?.(entry.key, now - entry.since, this.#depth);
          entry.since = now;
        }
        return entry.key;
      }
      // Lists of other priorities than 0 are rare: an empty one goes away, so that the search stays short.
      if (list.priority === 0 && this.#lists.length === 1) return undefined;
      this.#lists.shift();
    }
    return undefined;
  }

  /** The next key, waiting for one; undefined once the queue is shut down and empty. */
  get(): Promise<K | undefined> {
    const key = this.tryGet();
    if (key !== undefined || this.#shut) return Promise.resolve(key);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The work on a key is over; added meanwhile, it is queued again. */
  done(key: K): void {
    const entry = this.#entries.get(key);
    if (!entry?.processing) return;
    entry.processing = false;
    this.#processing--;
    if (this.#observer) this.#observer.done?.(key, this.#clock.now() - entry.since);
    if (entry.dirty) {
      entry.since = this.#since();
      this.#push(entry);
    } else {
      this.#entries.delete(key);
    }
    if (this.#shut && this.#processing === 0 && this.#depth === 0) this.#endDrain();
  }

  /** Takes nothing more in; waiting `get` calls end once the queue is empty. Delayed keys are dropped. */
  shutDown(): void {
    if (this.#shut) return;
    this.#shut = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }

  /** As `shutDown`; resolves when every queued key was handed out and is done. */
  shutDownWithDrain(): Promise<void> {
    this.shutDown();
    if (this.#processing === 0 && this.#depth === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drained.push(resolve));
  }

  #since(): number {
    return this.#observer ? this.#clock.now() : 0;
  }

  #due(key: K): void {
    const { priority } = this.#delayed.get(key)!;
    this.#delayed.delete(key);
    this.add(key, { priority });
  }

  #push(entry: Entry<K>): void {
    this.#depth++;
    this.#list(entry.priority).push(entry);
    this.#observer?.added?.(entry.key, this.#depth);
    if (this.#waiting.length > 0) this.#waiting.shift()?.(this.tryGet());
  }

  #list(priority: number): Fifo<K> {
    const lists = this.#lists;
    let place = 0;
    for (; place < lists.length; place++) {
      const list = lists[place]!;
      if (list.priority === priority) return list;
      if (list.priority < priority) break;
    }
    const list = new Fifo<K>(priority);
    lists.splice(place, 0, list);
    return list;
  }

  #endDrain(): void {
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}
