import { createWriteStream, openSync } from "node:fs";
import { ClusterFileError } from "../cluster-file.ts";

/** Where audit events are written. */
export interface AuditLog {
  write(event: object): void;
  /** Resolves when all is written. */
  close(): Promise<void>;
}

/**
 * Appends each event as one line to a file that only its owner can read (0600); `-` is standard output.
 *
 * @throws ClusterFileError when the file cannot be written.
 */
export function auditLog(path: string): AuditLog {
  if (path === "-") {
    return { write: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`), close: async () => {} };
  }
  let fd: number;
  try {
    fd = openSync(path, "a", 0o600);
  } catch (error) {
    throw new ClusterFileError(`cannot write the audit log ${path}: ${(error as Error).message}`, { cause: error });
  }
  const stream = createWriteStream(path, { fd });
  // An error such as a full disk ends the log, not the cluster; one warning says so.
  stream.on("error", (error) => process.emitWarning(`the audit log ${path} cannot be written any more: ${error.message}`));
  return {
    write: (event) => void (stream.writable && stream.write(`${JSON.stringify(event)}\n`)),
    close: () => new Promise((resolve) => (stream.destroyed ? resolve() : stream.end(() => resolve()))),
  };
}
