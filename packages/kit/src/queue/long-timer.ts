/** The longest delay that a timer of Node can hold; a longer one would end at once. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * A timer of any length: use it wherever a user gives the number. Node's own ends at once when its delay is above
 * 2,147,483,647 ms (24.8 days), and so does `AbortSignal.timeout`.
 */
export class LongTimer {
  readonly #run: () => void;
  readonly #delayMs: number;
  #end = 0;
  #timer: NodeJS.Timeout | undefined;
  #kept = true;

  /** Calls `run` once after `delayMs` milliseconds; never where that is infinite. */
  constructor(run: () => void, delayMs: number) {
    this.#run = run;
    this.#delayMs = delayMs;
    this.refresh();
  }

  /** Starts the delay anew. A timer that was cancelled stays so. */
  refresh(): void {
    if (!this.#kept) return;
    if (this.#timer !== undefined && this.#delayMs <= LONGEST_MS) {
      this.#timer.refresh();
      return;
    }
    this.#end = performance.now() + this.#delayMs;
    this.#arm(this.#delayMs);
  }

  cancel(): void {
    this.#kept = false;
    clearTimeout(this.#timer);
  }

  /** Lets the process end while this waits. */
  unref(): this {
    this.#loose = true;
    this.#timer?.unref();
    return this;
  }
  #loose = false;

  #arm(leftMs: number): void {
    clearTimeout(this.#timer);
    this.#timer =
      leftMs > LONGEST_MS ? setTimeout(() => this.#arm(this.#end - performance.now()), LONGEST_MS) : setTimeout(this.#run, leftMs);
    if (this.#loose) this.#timer.unref();
  }
}

/** As `AbortSignal.timeout`, for any length. Keeps no process alive. */
export function timeoutSignal(ms: number): AbortSignal {
  if (ms <= LONGEST_MS) return AbortSignal.timeout(Math.ceil(Math.max(ms, 0)));
  const controller = new AbortController();
  new LongTimer(() => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")), ms).unref();
  return controller.signal;
}
