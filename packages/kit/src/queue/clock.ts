import { LongTimer } from "./long-timer.ts";

/** Time as queue, lease and controller see it, so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds that only ever grow; not the time of day. */
  now(): number;
  /** Calls `run` once after `delayMs` milliseconds; the returned function calls it off. Keeps no process alive. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timer = new LongTimer(run, Math.max(delayMs, 0)).unref();
    return () => timer.cancel();
  },
};

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly run: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(delayMs, 0), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Goes on by `ms` milliseconds, running what falls due on the way, in order of its time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: { readonly at: number; readonly run: () => void } | undefined;
      for (const timer of this.#timers) if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }

  /** Milliseconds until the next timer falls due; undefined when none is set. */
  get untilNext(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#timers) if (next === undefined || at < next) next = at;
    return next === undefined ? undefined : next - this.#now;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }
}
