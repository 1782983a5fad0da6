/**
 * Controllers: a reconcile function, what wakes it, and the promises it can build on.
 *
 * Guarantees
 * - One reconcile of a key at a time. A change during a reconcile leads to another after it.
 * - Read your own writes: what a reconcile wrote through `ctx` stands in the cache before its key is reconciled again.
 *   The wait holds no worker and has an end (30 s, logged).
 * - A reconcile that throws is tried again, after 5 ms · 2ⁿ up to 1000 s; `TerminalError` is not.
 * - With `cleanup`, an object is never let go before it succeeded.
 * - Only declared kinds can be read or written through `ctx`, by type and at run time.
 * - The rights that it needs follow from what it declares: `rbacRules`.
 *
 * Assumptions
 * - A reconcile is idempotent and works from what it reads, not from what woke it.
 *
 * Caveats
 * - Objects are frozen: make a new one to write.
 */
export {
  type Controller,
  type ControllerBuilder,
  type ControllerOptions,
  type ControllerPlan,
  controller,
  type OwnsOptions,
  type Source,
  type SourceOptions,
} from "./builder.ts";
export { type Condition, setCondition } from "./condition.ts";
export type { Context, ContextApplyOptions, Reconcile } from "./context.ts";
export { type Defined, DefinitionError, type InstallOptions, installDefinitions } from "./definitions.ts";
export type { EventOptions, EventRecorder } from "./event.ts";
export { type EventRecorderOptions, eventRecorder, type WritingEventRecorder } from "./event-recorder.ts";
export { type Log, silentLog } from "./log.ts";
export { and, annotationsChanged, generationChanged, labelsChanged, not, or, type Predicate, resourceVersionChanged } from "./predicate.ts";
export { clusterRole, leaseRules, mergeRules, type PolicyRule, REVIEW_RULES, rbacRules, type Verb } from "./rbac.ts";
export { type Result, requeue, TerminalError } from "./requeue.ts";
export { UndeclaredKindError } from "./run-context.ts";
export {
  CacheSyncError,
  type ControllerMetrics,
  type ControllerRuntime,
  type ReconcileOutcome,
  type RunningController,
} from "./runtime.ts";
export { startController } from "./start.ts";
