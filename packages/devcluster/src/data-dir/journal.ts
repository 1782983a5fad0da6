import type { DatabaseSync } from "node:sqlite";
import type { Entry, Journal } from "../store/index.ts";
import { whyNotKept } from "./errors.ts";
import type { StoreFile } from "./file.ts";

/** Milliseconds between attempts to write while the disk is full or reports errors. */
const RETRY_MS = 500;
/** Revisions are reserved in the file by this many at once, when fewer than half are left. */
const RESERVED = 1000;

interface Change {
  readonly resource: string;
  readonly entry: Entry;
  readonly deleted: boolean;
}

/**
 * Keeps writes in a file: those of one turn of the event loop as one commit. While a commit fails, answers that tell of
 * its writes are refused, no write is taken, and the commit is tried again.
 */
export class SqliteJournal implements Journal {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements: ReturnType<typeof statements>;
  /** By resource and key: of several writes of one object the last counts. */
  #changes = new Map<string, Change>();
  #commit: PromiseWithResolvers<void> | undefined;
  #kept: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #revision: number;
  #reserved: number;

  /** @param revision from which on revisions are given out. */
  constructor({ database, path }: StoreFile, revision: number) {
    this.#database = database;
    this.#path = path;
    this.#statements = statements(database);
    this.#revision = revision;
    this.#reserved = revision;
    // Also finds out at once whether the file can be written.
    this.#write(RESERVED);
  }

  ready(): void {
    if (this.#failure) throw this.#failure;
  }

  record(resource: string, entry: Entry, deleted: boolean): void {
    this.#changes.set(`${resource}\0${entry.key}`, { resource, entry, deleted });
    this.#revision = entry.revision;
    if (this.#commit) return;
    this.#commit = settling();
    this.#kept ??= settling();
    setImmediate(() => this.#attempt());
  }

  settled(): Promise<void> | undefined {
    return this.#failure ? Promise.reject(this.#failure) : this.#commit?.promise;
  }

  kept(): Promise<void> | undefined {
    return this.#kept?.promise;
  }

  /** Keeps what is not kept yet, if it can, and says that no revision beyond the last is in use. */
  close(): void {
    this.#attempt(0);
    clearTimeout(this.#retry);
    this.#failure = new Error("the devcluster is closed");
    this.#closed = true;
  }

  #attempt(reserve = RESERVED): void {
    clearTimeout(this.#retry);
    if (this.#closed) return;
    try {
      this.#write(reserve);
    } catch (error) {
      this.#failure = new Error(`cannot write ${this.#path} (${whyNotKept(error)}): nothing is changed until it can be written again`, {
        cause: error,
      });
      this.#commit?.reject(this.#failure);
      this.#commit = undefined;
      this.#retry = setTimeout(() => this.#attempt(), RETRY_MS).unref();
      return;
    }
    this.#failure = undefined;
    this.#commit?.resolve();
    this.#kept?.resolve();
    this.#commit = undefined;
    this.#kept = undefined;
  }

  #write(reserve: number): void {
    const { put, remove, resource, fact } = this.#statements;
    const database = this.#database;
    const newest = new Map<string, number>();
    const low = reserve === 0 || this.#reserved - this.#revision < reserve / 2;
    const reserved = low ? this.#revision + reserve : this.#reserved;
    database.exec("BEGIN IMMEDIATE");
    try {
      for (const { resource: name, entry, deleted } of this.#changes.values()) {
        if (deleted) remove.run(name, entry.key);
        else put.run(name, entry.key, entry.revision, entry.text);
        newest.set(name, Math.max(newest.get(name) ?? 0, entry.revision));
      }
      for (const [name, revision] of newest) resource.run(name, revision);
      if (low) fact.run("revision", String(reserved));
      database.exec("COMMIT");
    } catch (error) {
      // Some failures end the transaction themselves.
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
    this.#changes = new Map();
    this.#reserved = reserved;
  }
}

function statements(database: DatabaseSync) {
  return {
    put: database.prepare(
      "INSERT INTO objects VALUES (?, ?, ?, ?) ON CONFLICT (resource, key) DO UPDATE SET revision = excluded.revision, object = excluded.object",
    ),
    remove: database.prepare("DELETE FROM objects WHERE resource = ? AND key = ?"),
    resource: database.prepare("INSERT INTO resources VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET revision = excluded.revision"),
    fact: database.prepare("INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"),
  };
}

/** A promise whose rejection is no event of its own: those who wait for it hear of it. */
function settling(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => {});
  return made;
}
