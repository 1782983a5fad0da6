import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One fault as it was asked for, and when it ends (milliseconds since 1970). */
export interface StoredFault {
  readonly name: string;
  readonly spec: unknown;
  readonly until: number;
}

/** What a watchdog must know to end all faults though the agent is dead. */
export interface Undo {
  /** When the first of them ends, milliseconds of `performance.now()`. */
  readonly endsAt: number;
  readonly commands: readonly (readonly string[])[];
}

/** The state folder cannot be written; nothing was applied. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly code = "ERR_STATE";
}

/**
 * The faults that are wanted, on disk: `faults.json` for the agent, `undo` for the watchdog. The first line of `undo` is a
 * time in seconds since the machine started (/proc/uptime, which nobody sets) and the ID of the agent's process, the others
 * are commands, one word after the other.
 *
 * Guarantees: each file is the old one or the new one, never a part; both are on the disk before a write returns, and both
 * are as they were where one cannot be written.
 */
export class StateFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws StateError */
  write(faults: readonly StoredFault[], undo: Undo | undefined): void {
    this.#replace({ ...undoFile(undo), "faults.json": `${JSON.stringify({ version: 1, faults })}\n` });
    if (undo === undefined) this.#forgetUndo();
  }

  /** What is to be undone of the faults that were written already; `undefined` is nothing. @throws StateError */
  writeUndo(undo: Undo | undefined): void {
    if (undo === undefined) this.#forgetUndo();
    else this.#replace(undoFile(undo));
  }

  #forgetUndo(): void {
    rmSync(join(this.#folder, "undo"), { force: true });
  }

  /** The faults of an agent before this one; none where there was none or its file is no such file. */
  read(): StoredFault[] {
    try {
      const { faults } = JSON.parse(readFileSync(join(this.#folder, "faults.json"), "utf8")) as { faults: StoredFault[] };
      return faults.filter(({ name, until }) => typeof name === "string" && typeof until === "number");
    } catch {
      return [];
    }
  }

  /** All of the files are written beside the old ones before the first takes its place. */
  #replace(files: Readonly<Record<string, string>>): void {
    const beside = (name: string): string => join(this.#folder, `.${name}.new`);
    const written: string[] = [];
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      for (const [name, text] of Object.entries(files)) {
        const descriptor = openSync(beside(name), "w", 0o600);
        written.push(name);
        try {
          writeFileSync(descriptor, text);
          fsyncSync(descriptor);
        } finally {
          closeSync(descriptor);
        }
      }
      for (const name of written) renameSync(beside(name), join(this.#folder, name));
    } catch (error) {
      for (const name of written) rmSync(beside(name), { force: true });
      const { code, message } = error as NodeJS.ErrnoException;
      const why =
        code === "ENOSPC" ? "the disk is full" : code === "EACCES" || code === "EROFS" || code === "EPERM" ? "no permission" : message;
      throw new StateError(
        `${this.#folder} cannot be written (${why}): without it a fault might never end, so nothing was changed; give --state-dir another folder, such as an emptyDir`,
      );
    }
  }
}

function undoFile(undo: Undo | undefined): Record<string, string> {
  if (undo === undefined) return {};
  const uptime = Number.parseFloat(readFileSync("/proc/uptime", "utf8"));
  const first = `${Math.floor(uptime + (undo.endsAt - performance.now()) / 1000)} ${process.pid}`;
  return { undo: [first, ...undo.commands.map((words) => words.join(" ")), ""].join("\n") };
}
