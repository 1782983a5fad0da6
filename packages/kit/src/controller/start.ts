import type { ObjectKey } from "../api/index.ts";
import type { Informers } from "../cache/index.ts";
import type { Client } from "../client/index.ts";
import type { Clock, QueueObserver } from "../queue/index.ts";
import type { Controller } from "./builder.ts";
import type { EventRecorder } from "./event.ts";
import type { Log } from "./log.ts";

/** What a controller runs on. */
export interface ControllerRuntime {
  readonly client: Client;
  readonly informers: Informers;
  readonly events?: EventRecorder;
  readonly log?: Log;
  readonly clock?: Clock;
  readonly metrics?: ControllerMetrics;
}

/** Where a controller's figures go; one per controller. */
export interface ControllerMetrics {
  reconciled(controller: string, result: ReconcileOutcome["result"], seconds: number): void;
  activeWorkers(controller: string, change: 1 | -1): void;
  started(controller: string, workers: number): void;
  queue(controller: string): QueueObserver<string>;
}

/** What became of one reconcile, under controller-runtime's names. */
export interface ReconcileOutcome {
  readonly controller: string;
  readonly key: ObjectKey;
  readonly reconcileId: string;
  readonly result: "success" | "error" | "requeue" | "requeue_after" | "terminal_error";
  readonly error?: unknown;
  readonly requeueAfterMs?: number;
  readonly durationMs: number;
}

export interface RunningController {
  readonly name: string;
  /** Resolves when its caches are synced and its workers run. Rejects when that took longer than the sync timeout. */
  readonly ready: Promise<void>;
  /** What becomes of each reconcile from now on; ends when the controller stops. For tests and tools. */
  results(): AsyncIterable<ReconcileOutcome>;
  /** Nothing is queued, processed or delayed-by-own-writes at this moment (delays by `requeue.after` do not count). */
  readonly idle: boolean;
  /** Queues a key, as an event of it would. */
  enqueue(key: ObjectKey): void;
  /** Takes no more work, aborts the signals of what runs, and resolves when it ended. */
  stop(): Promise<void>;
}

/** Runs a controller: handlers on the informers, a queue, workers. A manager does this for its own; control loops may do it by hand. */
export function startController(controller: Controller, runtime: ControllerRuntime): RunningController {
  throw new Error(`not yet: ${controller.name} ${Object.keys(runtime).join()}`);
}
