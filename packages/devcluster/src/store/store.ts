import type { Journal, KeptState } from "./journal.ts";
import { Table } from "./table.ts";

/** Every table of the server, under one revision counter. */
export class Store {
  /** Revision of the newest write. */
  revision = 1;
  readonly #tables = new Map<string, Table>();
  readonly #journal: Journal | undefined;

  /**
   * @param journal where writes are kept; absent where they live in memory alone.
   * @param state to begin with.
   */
  constructor(journal?: Journal, state?: KeptState) {
    this.#journal = journal;
    if (!state) return;
    this.revision = Math.max(this.revision, state.revision);
    for (const { name, revision, entries } of state.tables) this.#named(name).restore(entries, revision);
  }

  /** The table of a resource; made when it is first asked for. All versions of a resource share it. */
  table(group: string, plural: string): Table {
    return this.#named(`${group}/${plural}`);
  }

  #named(name: string): Table {
    let table = this.#tables.get(name);
    if (!table) {
      table = new Table(() => ++this.revision, name, this.#journal);
      this.#tables.set(name, table);
    }
    return table;
  }

  /** When all writes so far are kept: what an answer waits for. `undefined` when they are. Rejects when that fails. */
  settled(): Promise<void> | undefined {
    return this.#journal?.settled();
  }

  /** As `settled()`, but lasts through failures: what a watch waits for, which has no other way to answer. */
  kept(): Promise<void> | undefined {
    return this.#journal?.kept();
  }

  /**
   * Forgets what watchers can no longer ask for; each write does so for its own table, this for those that are quiet.
   *
   * @param now as `performance.now()` tells it
   */
  expire(now: number): void {
    for (const table of this.#tables.values()) table.events.expire(now);
  }
}
