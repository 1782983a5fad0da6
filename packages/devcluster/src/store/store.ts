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
}
