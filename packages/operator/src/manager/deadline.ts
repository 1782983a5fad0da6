import { type ReviewContext, UndecidedError } from "@outrigger/kit/webhook";

const DEFAULT_TIMEOUT_MS = 5_000;
/** What is left for the answer to reach the API server, and for the call before it. */
const SPARE_MS = 1_500;

/** Until when a review may wait, by `performance.now()`: well before the API server gives up. */
export function deadlineOf({ timeoutMs = DEFAULT_TIMEOUT_MS }: Pick<ReviewContext, "timeoutMs">): number {
  return performance.now() + Math.max(timeoutMs / 2, timeoutMs - SPARE_MS);
}

/** The promise, or an UndecidedError with this message when the deadline comes first. */
export function inTime<T>(promise: Promise<T>, deadline: number, message: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new UndecidedError(message)), Math.max(0, deadline - performance.now()));
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
