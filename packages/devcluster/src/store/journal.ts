import type { Entry } from "./entry.ts";

/**
 * Where the store's writes are kept beyond the process.
 *
 * Guarantees
 * - `settled()` fulfils once every write that was recorded before the call is kept.
 * - Writes are kept in the order of their revisions: what is kept is always a state that the store once had.
 */
export interface Journal {
  /** Throws where writes cannot be kept for now; the caller then leaves the store as it is. */
  ready(): void;
  /** Takes a write. `deleted`: the entry is the last state of an object that is gone. */
  record(table: string, entry: Entry, deleted: boolean): void;
  /** `undefined` when every write is kept. Rejects when the attempt to keep them fails. */
  settled(): Promise<void> | undefined;
  /** As `settled()`, but lasts through failures until the writes are kept. */
  kept(): Promise<void> | undefined;
}

/** A state that a journal kept. */
export interface KeptState {
  /** No write of an earlier process had a higher revision. */
  readonly revision: number;
  readonly tables: readonly KeptTable[];
}

export interface KeptTable {
  /** `group/plural` */
  readonly name: string;
  /** Revision of the table's last write, also of a deletion. */
  readonly revision: number;
  readonly entries: readonly Entry[];
}
