import type { ObjectKey } from "../api/index.ts";
import type { Informers } from "../cache/index.ts";
import type { Client } from "../client/index.ts";
import type { Clock, QueueObserver } from "../queue/index.ts";
import type { EventRecorder } from "./event.ts";
import type { Log } from "./log.ts";

/** What a controller runs on. */
export interface ControllerRuntime {
  readonly client: Client;
  /** Started by the caller, before or after. */
  readonly informers: Informers;
  /** Where namespaced kinds are watched, unless the controller says so itself. Default: in all namespaces. */
  readonly namespaces?: readonly string[];
  readonly events?: EventRecorder;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly metrics?: ControllerMetrics;
}

/** Where a controller's figures go. */
export interface ControllerMetrics {
  started(controller: string, workers: number): void;
  reconciled(controller: string, result: ReconcileOutcome["result"], seconds: number): void;
  activeWorkers(controller: string, change: 1 | -1): void;
  queue(controller: string): QueueObserver<string>;
}

/** What became of one reconcile. */
export interface ReconcileOutcome {
  readonly controller: string;
  readonly key: ObjectKey;
  readonly reconcileId: string;
  readonly result: "success" | "error" | "requeue_after" | "terminal_error";
  readonly error?: unknown;
  readonly requeueAfterMs?: number;
  readonly durationMs: number;
}

/** A controller that runs. */
export interface RunningController {
  readonly name: string;
  /** Resolves when its caches are synced and its workers run. Rejects when that took longer than the sync timeout. */
  readonly ready: Promise<void>;
  /** What becomes of each reconcile from this call on; ends when the controller stops. For tests and tools. */
  results(): AsyncIterable<ReconcileOutcome>;
  /** Nothing is queued, processed or held back for its own writes at this moment (what is delayed does not count). */
  readonly idle: boolean;
  /** Queues a key, as an event of it would. */
  enqueue(key: ObjectKey): void;
  /** Takes no more work, aborts the signals of what runs, and resolves when it ended. */
  stop(): Promise<void>;
}

/** The caches of a controller did not sync in time; the message names those that are missing. */
export class CacheSyncError extends Error {
  override readonly name = "CacheSyncError";
  readonly code = "ERR_CACHE_SYNC";
}
