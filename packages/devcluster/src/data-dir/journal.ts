import type { DatabaseSync } from "node:sqlite";
import type { Entry, Journal } from "../store/index.ts";
import { whyNotKept } from "./errors.ts";
import { PUT_FACT, type StoreFile } from "./file.ts";

/** Milliseconds between attempts to write while the disk is full or reports errors. */
const RETRY_MS = 500;
/** Revisions that are reserved in the file at once; reserved again when fewer than half are left. */
const RESERVED = 1000;

interface Change {
  readonly resource: string;
  readonly entry: Entry;
  readonly deleted: boolean;
}

/**
 * Keeps writes in a file: those of one turn of the event loop as one commit. If a commit fails, it is retried; until it
 * succeeds, new writes are refused, and so are responses that would show its writes.
 */
export class SqliteJournal implements Journal {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements: ReturnType<typeof statements>;
  /** Writes that are not committed yet, by resource and key: of several writes to one object only the last is written. */
  #changes = new Map<string, Change>();
  #commit: PromiseWithResolvers<void> | undefined;
  #kept: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #revision: number;
  #reserved: number;

  /** @param revision the highest that was given out; the next write gets a higher one. */
  constructor({ database, path }: StoreFile, revision: number) {
    this.#database = database;
    this.#path = path;
    this.#statements = statements(database);
    this.#revision = revision;
    this.#reserved = revision;
    // Reserves the first revisions. Throws here, at the start, if the file cannot be written.
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

  /** Commits what is not committed yet, if it can, and gives back the reserved revisions that were not used. */
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
    fact: database.prepare(PUT_FACT),
  };
}

/** A promise whose rejection counts as handled even if nobody waits for it. */
function settling(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => {});
  return made;
}
