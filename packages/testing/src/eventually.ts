/** Thrown by `eventually` when the condition did not come true in time; `cause` is the last failure. */
export class TimeoutError extends Error {
  readonly code = "ERR_EVENTUALLY_TIMEOUT";
}

export interface EventuallyOptions {
  /** How long to keep trying, in milliseconds. Default 20,000. */
  readonly timeoutMs?: number;
  /** Pause between two tries, in milliseconds. Default 25. */
  readonly intervalMs?: number;
}

/**
 * Runs `attempt` until it neither throws nor returns `false` or `undefined`, and returns what it returned.
 * Assertions inside `attempt` may fail until they hold.
 *
 * @throws TimeoutError with the last failure as its cause.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs = 20_000, intervalMs = 25 }: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown = "it never returned anything but false or undefined";
  do {
    try {
      const result = await attempt();
      if (result !== false && result !== undefined) return result as Exclude<T, false | undefined>;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  } while (performance.now() < deadline);
  throw new TimeoutError(`not true after ${timeoutMs} ms: ${last instanceof Error ? last.message : String(last)}`, { cause: last });
}
