import { Table } from "./table.ts";

/** Every table of the server, under one revision counter. */
export class Store {
  /** Revision of the newest write. */
  revision = 1;
  readonly #tables = new Map<string, Table>();

  /** The table of a resource; made when it is first asked for. All versions of a resource share it. */
  table(group: string, plural: string): Table {
    const name = `${group}/${plural}`;
    let table = this.#tables.get(name);
    if (!table) {
      table = new Table(() => ++this.revision);
      this.#tables.set(name, table);
    }
    return table;
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
