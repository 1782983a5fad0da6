/**
 * What the API server remembers: every object, in memory, ordered by one revision counter. With a `Journal` each write
 * is also kept beyond the process.
 *
 * Guarantees
 * - Each write gets the next revision of the whole store; `metadata.resourceVersion` is that number.
 * - Writes are synchronous: between `get` and `put` nothing can happen unless the caller awaits, and `put` refuses
 *   when the entry is no longer the one that the caller saw.
 * - An object is encoded once. The same buffer answers reads and lists and goes to every watcher.
 * - Keys are ordered as etcd orders them, so `continue` tokens and pages mean what they mean in Kubernetes.
 * - The last events of each table are kept (`EventRing`): a watch, or a list at an exact revision, from further back
 *   is told that its version is gone.
 *
 * Caveats
 * - What `Entry.object` returns is shared: never change it. `Entry.copy()` is the caller's own.
 */
export { type EncodedObject, Entry, encodeObject, objectPrefix } from "./entry.ts";
export { EventRing, RevisionGoneError, type StoreEvent } from "./event-ring.ts";
export type { Journal, KeptState, KeptTable } from "./journal.ts";
export { Store } from "./store.ts";
export { type ListSelection, StaleEntryError, Table } from "./table.ts";
