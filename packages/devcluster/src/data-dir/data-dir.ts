import type { KubeObject } from "@outrigger/kit/api";
import { Entry, type KeptState } from "../store/index.ts";
import { DataDirError, damaged, dataDirError } from "./errors.ts";
import { openStoreFile, PUT_FACT, type StoreFile } from "./file.ts";
import { SqliteJournal } from "./journal.ts";

/** An open folder. */
export class DataDir {
  readonly journal: SqliteJournal;
  /** What an earlier process left. */
  readonly state: KeptState;
  readonly #file: StoreFile;

  /** @throws DataDirError in one line that says what to do. */
  static async open(folder: string): Promise<DataDir> {
    const file = await openStoreFile(folder);
    try {
      return new DataDir(file, readState(file));
    } catch (error) {
      file.database.close();
      throw dataDirError(error, folder, file.path);
    }
  }

  private constructor(file: StoreFile, state: KeptState) {
    this.#file = file;
    this.state = state;
    this.journal = new SqliteJournal(file, state.revision);
  }

  /** The value that was stored by this name; `undefined` when none was. */
  recall(name: string): string | undefined {
    return fact(this.#file, name);
  }

  /** Stores a value; it is on the disk when this returns. @throws DataDirError */
  store(name: string, value: string): void {
    const { database, folder, path } = this.#file;
    try {
      database.prepare(PUT_FACT).run(name, value);
    } catch (error) {
      throw dataDirError(error, folder, path);
    }
  }

  /** Writes what is not written yet, and releases the folder. */
  close(): void {
    this.journal.close();
    this.#file.database.close();
  }
}

function fact({ database }: StoreFile, name: string): string | undefined {
  return database.prepare("SELECT value FROM facts WHERE name = ?").get(name)?.["value"] as string | undefined;
}

function readState(file: StoreFile): KeptState {
  const { database } = file;
  const tables = new Map<string, { name: string; revision: number; entries: Entry[] }>();
  for (const { name, revision } of database.prepare("SELECT name, revision FROM resources").iterate())
    tables.set(String(name), { name: String(name), revision: Number(revision), entries: [] });
  for (const row of database.prepare("SELECT resource, key, revision, object FROM objects").iterate()) {
    const [resource, key, text] = [String(row["resource"]), String(row["key"]), String(row["object"])];
    tables.get(resource)?.entries.push(new Entry(key, Number(row["revision"]), { object: parsed(file, `${resource} ${key}`, text), text }));
  }
  return { revision: Number(fact(file, "revision") ?? 1), tables: [...tables.values()] };
}

function parsed({ path }: StoreFile, what: string, text: string): KubeObject {
  try {
    return JSON.parse(text) as KubeObject;
  } catch (error) {
    throw new DataDirError(damaged(path, `${what} is no object: ${(error as Error).message}`), { cause: error });
  }
}
