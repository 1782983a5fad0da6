import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { DataDirError, damaged, dataDirError } from "./errors.ts";

/** SQLite's `application_id` of our files: "Ortr". */
const APPLICATION = 0x4f727472;
/** Version of the schema below. Raise it for a change that older programs cannot read. */
const FORMAT = 1;

const schema = `
CREATE TABLE objects (resource TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, object TEXT NOT NULL, PRIMARY KEY (resource, key));
CREATE TABLE resources (name TEXT PRIMARY KEY, revision INTEGER NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA application_id = ${APPLICATION};
PRAGMA user_version = ${FORMAT};
`;

/** Sets a fact: name, value. */
export const PUT_FACT = "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";

export interface StoreFile {
  readonly database: DatabaseSync;
  readonly folder: string;
  readonly path: string;
}

/**
 * Opens the file of a folder, creating both if they are missing; locks the file and checks it. Closing the database
 * releases the lock.
 *
 * @throws DataDirError
 */
export async function openStoreFile(folder: string): Promise<StoreFile> {
  const path = join(folder, "store.db");
  const processFile = join(folder, "process");
  const { DatabaseSync } = await sqlite();
  let database: DatabaseSync | undefined;
  try {
    prepare(folder, path);
    database = new DatabaseSync(path);
    // Before the first access: SQLite then keeps no shared-memory file, and holds the lock from the first access on.
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    const fresh = pragma(database, "page_count") === 0;
    if (!fresh) check(database, path);
    else if (existsSync(processFile)) throw new DataDirError(damaged(path, "it is empty"));
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
    database.exec(`BEGIN IMMEDIATE; ${fresh ? schema : ""} COMMIT`);
    writeFileSync(processFile, `${process.pid}\n`, { mode: 0o600 });
    return { database, folder, path };
  } catch (error) {
    database?.close();
    throw dataDirError(error, folder, path, () => processIn(processFile));
  }
}

async function sqlite(): Promise<typeof import("node:sqlite")> {
  try {
    return await import("node:sqlite");
  } catch (error) {
    throw new DataDirError(
      `--data-dir needs a Node.js with node:sqlite, and this one (${process.version}) was built without it: use one of nodejs.org, 22.19 or newer`,
      { cause: error },
    );
  }
}

/** Creates folder and file, readable by their owner alone: the file holds private keys. */
function prepare(folder: string, path: string): void {
  makeFolder(folder);
  if (!existsSync(path) && existsSync(`${path}-wal`)) throw new DataDirError(damaged(path, `it is missing beside ${path}-wal`));
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    // Checked here, because SQLite reports a missing permission as a disk error.
    for (const place of [folder, path]) accessSync(place, constants.R_OK | constants.W_OK);
    if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  }
}

/** Not Node's `recursive`: that never returns below folders such as /proc, in which no folder can be created. */
function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  mkdirSync(folder, { mode: 0o700 });
}

function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}

function check(database: DatabaseSync, path: string): void {
  if (pragma(database, "application_id") !== APPLICATION) {
    throw new DataDirError(`${path} is a database of another program, and is left as it is: choose another folder with --data-dir`);
  }
  const format = pragma(database, "user_version") as number;
  if (format > FORMAT) {
    throw new DataDirError(
      `${path} is of format ${format}, which a newer outrigger wrote; this one reads format ${FORMAT}: use that newer outrigger, or another folder with --data-dir`,
    );
  }
  const found = String(pragma(database, "quick_check(1)"));
  if (found !== "ok") throw new DataDirError(damaged(path, found));
}

/** The process that the file names, if it still runs. */
function processIn(file: string): number | undefined {
  let id: number | undefined;
  try {
    id = Number.parseInt(readFileSync(file, "utf8"), 10);
    process.kill(id, 0);
    return id;
  } catch (error) {
    // It runs, but belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM" ? id : undefined;
  }
}
