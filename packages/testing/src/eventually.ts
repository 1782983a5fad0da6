import { LongTimer } from "@outrigger/kit/queue";

/** Thrown by `eventually` when the condition did not come true in time; `cause` is the last failure, if it threw. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code = "ERR_EVENTUALLY_TIMEOUT";
}

/** How long and how often `eventually` looks. */
export interface EventuallyOptions {
  /** What is waited for, for the message. Default: the source of `attempt`. */
  readonly what?: string;
  /** How long to keep trying, in milliseconds. Default 20,000. */
  readonly timeoutMs?: number;
  /** Pause between two tries, in milliseconds. Default 25. */
  readonly intervalMs?: number;
}

/** As much of a function's source as helps in a message. */
const SOURCE_CHARACTERS = 200;

/**
 * Runs `attempt` until it neither throws nor returns `false`, `null` or `undefined`, and returns what it returned.
 * Assertions inside `attempt` may fail until they hold. A try that hangs does not outlast the time.
 *
 * @throws TimeoutError that says what was waited for, how often it was tried, and how the last try failed.
 */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  { what, timeoutMs = 20_000, intervalMs = 25 }: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined | null>> {
  const late = Promise.withResolvers<typeof LATE>();
  const timer = new LongTimer(() => late.resolve(LATE), timeoutMs);
  const deadline = performance.now() + timeoutMs;
  let tries = 0;
  let last: Outcome = { problem: "it did not end" };
  try {
    do {
      tries++;
      // A try that was overtaken may still fail; nobody asks any more.
      const outcome = await Promise.race([tried(attempt), late.promise]);
      if (outcome === LATE) break;
      if ("value" in outcome) return outcome.value as Exclude<T, false | undefined | null>;
      last = outcome;
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    } while (performance.now() < deadline);
  } finally {
    timer.cancel();
  }
  const text = what ?? attempt.toString().replace(/\s+/g, " ");
  const short = text.length > SOURCE_CHARACTERS ? `${text.slice(0, SOURCE_CHARACTERS)}…` : text;
  throw new TimeoutError(
    `not true after ${timeoutMs} ms and ${tries === 1 ? "1 try" : `${tries} tries`}: ${last.problem}\n  waiting for: ${short}`,
    "cause" in last ? { cause: last.cause } : {},
  );
}

const LATE = Symbol("late");

type Outcome = { readonly value: unknown; readonly problem?: never } | { readonly problem: string; readonly cause?: unknown };

async function tried(attempt: () => unknown): Promise<Outcome> {
  try {
    const value = await attempt();
    return value === false || value === undefined || value === null ? { problem: `the last try gave ${value}` } : { value };
  } catch (cause) {
    return { problem: cause instanceof Error ? cause.message : String(cause), cause };
  }
}
