import type { KubeObject } from "@outrigger/kit/api";
import { Entry, encodeObject } from "./entry.ts";
import { EventRing, type StoreEvent } from "./event-ring.ts";
import type { Journal } from "./journal.ts";

/** The entry changed between the caller's read and its write: read again and decide anew. */
export class StaleEntryError extends Error {
  override readonly name = "StaleEntryError";
  readonly current: Entry | undefined;
  constructor(current: Entry | undefined) {
    super("the entry changed since it was read");
    this.current = current;
  }
}

export interface ListSelection {
  /** Only this namespace; all when absent. */
  readonly namespace?: string | undefined;
  /** Only keys after this one. */
  readonly after?: string | undefined;
  /** The state as it was at this revision; the present when absent. Throws `RevisionGoneError`. */
  readonly at?: number | undefined;
}

/** All objects of one resource, whatever version they were written in. */
export class Table {
  readonly events = new EventRing();
  /** Counts writes: a cache key for whatever is derived from the whole table. */
  version = 0;
  readonly #nextRevision: () => number;
  readonly #name: string;
  readonly #journal: Journal | undefined;
  readonly #entries = new Map<string, Entry>();
  #keys: string[] = [];
  readonly #watchers = new Set<(event: StoreEvent) => void>();

  /** @param name under which `journal` keeps the writes. */
  constructor(nextRevision: () => number, name: string, journal?: Journal) {
    this.#nextRevision = nextRevision;
    this.#name = name;
    this.#journal = journal;
  }

  /** Begins with entries of an earlier process. History before `revision`, the table's last write, is gone. */
  restore(entries: readonly Entry[], revision: number): void {
    for (const entry of entries) this.#entries.set(entry.key, entry);
    this.#keys = [...this.#entries.keys()].sort((a, b) => (a < b ? -1 : 1));
    this.events.compact(revision);
    this.version++;
  }

  /** As etcd has it below the resource's prefix: `namespace/name`, or the name of a cluster-scoped object. */
  static key(namespace: string, name: string): string {
    return namespace === "" ? name : `${namespace}/${name}`;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(namespace: string, name: string): Entry | undefined {
    return this.#entries.get(Table.key(namespace, name));
  }

  /**
   * Writes `object`, giving it the next revision as its `resourceVersion`.
   *
   * @param seen the entry that the caller decided upon, `undefined` for a creation. Throws `StaleEntryError` when it is another by now.
   */
  put(object: KubeObject, seen: Entry | undefined): Entry {
    const key = Table.key(object.metadata.namespace ?? "", object.metadata.name ?? "");
    const current = this.#entries.get(key);
    if (current !== seen) throw new StaleEntryError(current);
    this.#journal?.ready();
    const entry = this.#encode(key, object);
    this.#entries.set(key, entry);
    if (!current) this.#addKey(key);
    this.#publish(entry, current, false);
    return entry;
  }

  /** Removes an object; `last` is its final state, which watchers get under the revision of the removal. */
  remove(seen: Entry, last: KubeObject = seen.object): Entry {
    const current = this.#entries.get(seen.key);
    if (current !== seen) throw new StaleEntryError(current);
    this.#journal?.ready();
    const entry = this.#encode(seen.key, last);
    this.#entries.delete(seen.key);
    const at = this.#position(seen.key);
    if (this.#keys[at] === seen.key) this.#keys.splice(at, 1);
    this.#publish(entry, current, true);
    return entry;
  }

  /** Entries in key order. */
  list({ namespace, after, at }: ListSelection = {}): Entry[] {
    if (at !== undefined) return this.#listAt(at, namespace, after);
    const prefix = namespace ? `${namespace}/` : "";
    let index = this.#position(after !== undefined && after >= prefix ? `${after}\0` : prefix);
    const found: Entry[] = [];
    for (; index < this.#keys.length; index++) {
      const key = this.#keys[index]!;
      if (!key.startsWith(prefix)) break;
      found.push(this.#entries.get(key)!);
    }
    return found;
  }

  /** Calls `watcher` with each write from now on, in order and synchronously; returns how to stop it. */
  watch(watcher: (event: StoreEvent) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #listAt(revision: number, namespace: string | undefined, after: string | undefined): Entry[] {
    const state = new Map(this.#entries);
    for (const event of this.events.since(revision).reverse()) {
      if (event.previous) state.set(event.entry.key, event.previous);
      else state.delete(event.entry.key);
    }
    const prefix = namespace ? `${namespace}/` : "";
    return [...state.values()]
      .filter((entry) => entry.key.startsWith(prefix) && (after === undefined || entry.key > after))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  #encode(key: string, object: KubeObject): Entry {
    const revision = this.#nextRevision();
    return new Entry(key, revision, encodeObject({ ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } }));
  }

  #publish(entry: Entry, previous: Entry | undefined, deleted: boolean): void {
    this.version++;
    this.#journal?.record(this.#name, entry, deleted);
    const event: StoreEvent = { deleted, revision: entry.revision, entry, previous, at: performance.now(), frames: new Map() };
    this.events.push(event);
    for (const watcher of this.#watchers) {
      try {
        watcher(event);
      } catch (error) {
        // The write is done: whoever cannot follow it must not undo it for the writer.
        process.emitWarning(error instanceof Error ? error : String(error));
      }
    }
    // Whoever watches has its frame by now; those who come later are few, and the history would hold every frame for long.
    event.frames.clear();
  }

  #addKey(key: string): void {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) this.#keys.push(key);
    else this.#keys.splice(this.#position(key), 0, key);
  }

  /** Index of the first key that is not before `key`. */
  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#keys[middle]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
