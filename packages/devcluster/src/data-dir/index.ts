/**
 * A folder in which a cluster outlives its process: objects, revisions, credentials. One SQLite file, `store.db`, in
 * write-ahead mode.
 *
 * Guarantees
 * - What was acknowledged is there after `kill -9`, a crash and a power cut (`synchronous=FULL`: each commit is synced).
 * - Writes of one turn of the event loop are one commit, whole or not at all.
 * - Revisions rise across restarts: those that an earlier process may have given out are never given out again.
 * - One process at a time: the file is locked exclusively, and the lock ends with the process however it ends.
 *
 * Caveats
 * - Commits block the event loop while the disk syncs.
 * - History is not kept. A watch from before a restart continues if its resource was not written since; else it gets
 *   410 Expired.
 * - The file holds private keys: it is readable by its owner alone (0600).
 */
export { DataDir } from "./data-dir.ts";
export { DataDirError } from "./errors.ts";
