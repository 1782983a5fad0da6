import { rmSync, writeFileSync } from "node:fs";
import { CliError } from "./errors.ts";

const WHY: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "no permission",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOENT: "its folder does not exist",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is a file",
  EEXIST: "a part of its path is a file",
};

/** Why a file cannot be written, for a person; `undefined` when the error says nothing about files. */
export function whyNotWritten(error: unknown): string | undefined {
  return WHY[(error as NodeJS.ErrnoException | undefined)?.code ?? ""];
}

/** The file that says to scripts that everything is ready. What this process did not write it does not take away. */
export class ReadyFile {
  readonly #file: string | undefined;
  #written = false;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /** @throws CliError that says why, and names `--ready-file`. */
  write(content: string): void {
    if (this.#file === undefined) return;
    try {
      writeFileSync(this.#file, content);
      this.#written = true;
    } catch (error) {
      const why = whyNotWritten(error);
      if (why === undefined) throw error;
      throw new CliError(`cannot write ${this.#file} (${why}): choose another place with --ready-file FILE`, { cause: error });
    }
  }

  remove(): void {
    if (this.#file !== undefined && this.#written) rmSync(this.#file, { force: true });
  }
}
