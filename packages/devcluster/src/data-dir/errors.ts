/** The folder of `--data-dir` cannot be used. The message says why and what to do. `code` is `ERR_DATA_DIR`. */
export class DataDirError extends Error {
  override readonly name = "DataDirError";
  readonly code = "ERR_DATA_DIR";
}

/** Kinds of failures, by SQLite's result codes: https://www.sqlite.org/rescode.html */
export type Failure = "busy" | "damaged" | "full" | "denied" | "disk";

const failures: Readonly<Record<number, Failure>> = {
  3: "denied", // PERM
  5: "busy", // BUSY
  6: "busy", // LOCKED
  8: "denied", // READONLY
  10: "disk", // IOERR
  11: "damaged", // CORRUPT
  13: "full", // FULL
  14: "denied", // CANTOPEN
  26: "damaged", // NOTADB
};

/** The kind of an error of SQLite. The last byte of an extended result code is the primary code. */
export function failureOf(error: unknown): Failure | undefined {
  const { errcode } = error as { errcode?: number };
  return errcode === undefined ? undefined : failures[errcode & 0xff];
}

const whyNot: Readonly<Record<Failure, string>> = {
  busy: "another process holds it",
  damaged: "it is damaged",
  full: "the disk is full",
  denied: "no permission",
  disk: "the disk reports an error",
};

/** Why a file cannot be read or written, for a person. */
export function whyNotKept(error: unknown): string {
  const failure = failureOf(error);
  const { code, message } = error as NodeJS.ErrnoException;
  if (failure) return failure === "disk" ? `${whyNot.disk}: ${message}` : whyNot[failure];
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") return "no permission";
  if (code === "ENOENT") return "nothing can be made there";
  if (code === "EEXIST" || code === "ENOTDIR") return "a part of its path is a file";
  if (code === "ENOSPC" || code === "EDQUOT") return whyNot.full;
  return message;
}

export function damaged(path: string, how: string): string {
  const line = how
    .replace(/^\*\*\* in database \w+ \*\*\*/, "")
    .trim()
    .replaceAll(/\s*\n\s*/g, " ");
  return `${path} is damaged (${line}): put back a copy of its folder, or move the folder away to begin with an empty cluster`;
}

/** A DataDirError for an error of SQLite or of the file system; other errors are returned unchanged. */
export function dataDirError(error: unknown, folder: string, path: string, holder: () => number | undefined = () => undefined): unknown {
  if (error instanceof DataDirError) return error;
  const { message, syscall } = error as NodeJS.ErrnoException;
  const failure = failureOf(error);
  if (failure === "damaged") return new DataDirError(damaged(path, message), { cause: error });
  if (failure === "busy") {
    const id = holder();
    const who = id === undefined ? "another process" : `process ${id}`;
    return new DataDirError(`${folder} is in use by ${who}: stop that process, or choose another folder with --data-dir`, { cause: error });
  }
  if (failure === undefined && syscall === undefined) return error;
  return new DataDirError(`cannot write ${folder} (${whyNotKept(error)}): choose another folder with --data-dir`, { cause: error });
}
