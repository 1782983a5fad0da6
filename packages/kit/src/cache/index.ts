/**
 * A local, current copy of parts of a cluster's state, and word of each change; after client-go's `tools/cache`.
 *
 * Guarantees
 * - Per object, the states seen (by a lister or a handler) are a subsequence of its history, in order.
 * - A call of a lister answers from one snapshot. Handlers are told after the store and its indexes changed.
 * - Each handler has its own queue and is called one event at a time: a slow one never holds up another.
 * - Delete and recreate may look like one update. What vanished while the connection was down is reported as deleted, with
 *   its last known state.
 * - Objects are handed out by reference and deeply frozen.
 * - A late handler gets the objects that are there as adds.
 * - Resource versions are compared by length, then text, and never turned into numbers.
 *
 * Assumptions
 * - A transform keeps apiVersion, kind and the metadata's name, namespace, uid and resourceVersion.
 *
 * Caveats
 * - The copy lags behind; controllers wait for their own writes (see `controller`), other readers must expect the past.
 */
export { HandlerBehindError, IndexError, UndeclaredInformerError } from "./errors.ts";
export { deepFreeze } from "./freeze.ts";
export type { EventHandler, HandlerRegistration, IndexFunction, Informer, InformerOptions, Lister, ListFilter } from "./informer.ts";
export { type Informers, type InformersOptions, informers } from "./informers.ts";
export { withoutManagedFields } from "./transform.ts";
