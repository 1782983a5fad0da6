import type { Duration } from "../api/index.ts";

/** What a reconcile may return: nothing, or when it wants to run again though nothing changed. */
export type Result = { readonly requeueAfter: Duration } | undefined;

export const requeue: {
  /** Runs the reconcile again after a delay (`"5m"`, or milliseconds); earlier failures are forgotten. */
  after(delay: Duration): Result;
} = { after: (requeueAfter) => ({ requeueAfter }) };

/** Thrown by a reconcile that must not be tried again before its object changes: the input is wrong, not the moment. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly code = "ERR_TERMINAL";
}
