import { type Duration, parseDuration } from "../api/index.ts";

/** What a reconcile may return: nothing, or when it wants to run again though nothing changed. */
export type Result = { readonly requeueAfter: Duration } | undefined;

/** What a reconcile returns to run again without a change. */
export const requeue: {
  /**
   * Runs the reconcile again after a delay (`"5m"`, or milliseconds); earlier failures are forgotten.
   *
   * @throws DurationError for what is no duration: the reconcile failed, and is tried again with backoff.
   */
  after(delay: Duration): Result;
} = {
  after(requeueAfter) {
    parseDuration(requeueAfter);
    return { requeueAfter };
  },
};

/** Thrown by a reconcile that must not be tried again before its object changes: the input is wrong, not the moment. */
export class TerminalError extends Error {
  override readonly name = "TerminalError";
  readonly code = "ERR_TERMINAL";
}
