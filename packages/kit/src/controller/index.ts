/**
 * Controllers: a reconcile function, what wakes it, and the promises it can build on.
 *
 * Guarantees
 * - One reconcile of a key at a time, with however many workers. A change during a reconcile leads to another after it.
 * - Read your own writes: what a reconcile wrote through `ctx` stands in the cache before its key is reconciled again. A
 *   write of version V is seen when the informer of that resource has reached V, by an event or a bookmark; a deletion
 *   when the store lacks the object, shows another uid under its name, or shows it terminating. What the informer does
 *   not select is not waited for. The wait holds no worker and no other key, and has an end (30 s, logged).
 * - A reconcile that throws is tried again, after 5 ms · 2ⁿ up to 1000 s (`backoff`, `retryLimit`); `TerminalError` is not, before the next change.
 *   `requeue.after` forgets failures, then delays; a change does not wait for it.
 * - If the owner is deleted with `propagationPolicy: Orphan` during a reconcile, its dependents stay orphaned: `apply` and its
 *   pruning write with the resource version that they know, and adoption first re-reads the owner. If the owner is being deleted,
 *   the reconcile ends there, without an error. Without a conflict this is one request an object; after one, the write is repeated
 *   on the server's version.
 * - With `cleanup`, an object is never let go before it succeeded for the spec that the object has then. What it writes to the
 *   object itself, and what others write beside the spec meanwhile, does not make it run again; one that failed waits for its
 *   backoff whatever it wrote, and for changes of others. Deletion passes every predicate of ours.
 * - Writes that change nothing have no version of their own, and wake nothing.
 * - An index (`index`, `ctx.byIndex`) changes together with the cache. Its name belongs to the controller: two controllers may use
 *   one name. A function that throws is reported, and its object not found by that index.
 * - With `namespaces`, namespaced kinds are watched there only, one watch each; what is elsewhere does not exist for it.
 * - Only declared kinds can be read or written through `ctx`, by type and at run time.
 * - The rights that it needs follow from what it declares: `rbacRules`.
 * - `ctx.status` refuses fields that the kind's definition lacks, by their paths, before anything is sent (`UnknownStatusFieldError`).
 * - Each reconcile has an id in its log lines and its result, and a signal that ends with the controller or its deadline.
 * - Caches that do not sync within 2 minutes (`syncTimeout`) fail the start, with the names of those that are missing.
 *
 * Assumptions
 * - A reconcile is idempotent and works from what it reads, not from what woke it.
 * - Names of applied objects follow from the object under reconcile; what is made under a random name is found by `owned`.
 *
 * Caveats
 * - Objects are frozen: make a new one to write.
 * - Within one reconcile the cache does not move on: what it wrote, the next one sees.
 * - An object that is being deleted reaches the reconcile too, unless there is a `cleanup`: one that makes children must
 *   make none for it, or a deletion in the foreground never ends. Existing ones that it does not control it can write to;
 *   they are not adopted then.
 * - What the cache does not show (it is not selected, or others made it a moment ago) is applied whatever its state. An
 *   owner that is deleted between the question whether it stands and the write that adopts is not noticed.
 * - Kinds that are watched with `metadataOnly` have no spec and no status in the cache, whatever the type of what `ctx` reads says;
 *   the object under reconcile is of a type that says so. A status is applied each time then, since there is none to compare it with.
 * - What is written with `ctx.client` is not waited for.
 */
export {
  type Controller,
  type ControllerBuilder,
  type ControllerOptions,
  type ControllerPlan,
  controller,
  groupOf,
  type MetadataControllerOptions,
  type ObservedMetadata,
  type OwnsOptions,
  type Source,
  type SourceOptions,
  selectOf,
} from "./builder.ts";
export { UndeclaredKindError } from "./cache-reader.ts";
export { type Condition, setCondition } from "./condition.ts";
export type { Context, ContextApplyOptions, Reconcile } from "./context.ts";
export { OwnerDeletedError } from "./controlled.ts";
export { type Defined, DefinitionError, type InstallOptions, installDefinitions } from "./definitions.ts";
export type { ContextEventOptions, EventOptions, EventRecorder, EventSubject } from "./event.ts";
export { type EventRecorderOptions, eventRecorder, type WritingEventRecorder } from "./event-recorder.ts";
export type { ByIndexOptions, DeclaredIndex, IndexName, IndexValues, MapCache } from "./field-index.ts";
export { causes, type Log, silentLog } from "./log.ts";
export { and, annotationsChanged, generationChanged, labelsChanged, not, or, type Predicate, resourceVersionChanged } from "./predicate.ts";
export { clusterRole, leaseRules, mergeRules, type PolicyRule, REVIEW_RULES, rbacRules, selectedName, type Verb } from "./rbac.ts";
export { type Result, requeue, TerminalError } from "./requeue.ts";
export {
  CacheSyncError,
  type ControllerMetrics,
  type ControllerRuntime,
  type ReconcileOutcome,
  type RunningController,
} from "./runtime.ts";
export { startController } from "./start.ts";
export { UnknownStatusFieldError } from "./status-schema.ts";
