import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";

/** One fault as it was asked for, and when it ends (milliseconds since 1970). */
export interface StoredFault {
  readonly name: string;
  readonly spec: unknown;
  readonly until: number;
}

/** What a watchdog must know to end all faults though the agent is dead. */
export interface Undo {
  /** The earliest end of a fault, milliseconds since 1970. */
  readonly at: number;
  readonly commands: readonly (readonly string[])[];
}

/** The state folder cannot be written; nothing was applied. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly code = "ERR_STATE";
}

/**
 * The faults that are wanted, on disk: `faults.json` for the agent, `undo` for the watchdog. The first line of `undo` is a
 * time in seconds since 1970 and the ID of the agent's process, the others are commands, one word after the other.
 *
 * Guarantees: each file is the old one or the new one, never a part; both are on the disk before a write returns.
 */
export class StateFolder {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws StateError */
  write(faults: readonly StoredFault[], undo: Undo | undefined): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      // What the watchdog reads comes first when there is more to undo, and last when there is less.
      if (undo)
        this.#replace(
          "undo",
          [`${Math.floor(undo.at / 1000)} ${process.pid}`, ...undo.commands.map((words) => words.join(" ")), ""].join("\n"),
        );
      this.#replace("faults.json", `${JSON.stringify({ version: 1, faults })}\n`);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why =
        code === "ENOSPC" ? "the disk is full" : code === "EACCES" || code === "EROFS" || code === "EPERM" ? "no permission" : message;
      throw new StateError(
        `${this.#folder} cannot be written (${why}): without it a fault might never end, so nothing was changed; give --state-dir another folder, such as an emptyDir`,
      );
    }
  }

  /** There is nothing left to undo. */
  forgetUndo(): void {
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

  #replace(name: string, text: string): void {
    const [file, beside] = [join(this.#folder, name), join(this.#folder, `.${name}.new`)];
    try {
      const descriptor = openSync(beside, "w", 0o600);
      try {
        writeSync(descriptor, text);
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(beside, file);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  }
}
