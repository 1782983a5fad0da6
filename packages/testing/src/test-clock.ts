import { FakeClock } from "@outrigger/kit/queue";

/** How often pending promises get their turn before time goes on: chains of callbacks are rarely longer. */
const TURNS = 5;

/**
 * A clock that stands still until a test lets it go on, for what takes a `clock`: queues, leases, controllers.
 *
 * `advance(ms)` is a plain call: it runs the timers that fall due, and nothing else. `run(ms)` also lets promises settle
 * before each timer, as they would in time that really goes by, so that a timer which a callback sets is met as well.
 * Neither waits for sockets or files: for these wait with `eventually`, and let the clock go on after that.
 */
export class TestClock extends FakeClock {
  /** Goes on by `ms` milliseconds, timer by timer. */
  async run(ms: number): Promise<void> {
    const end = this.now() + ms;
    for (;;) {
      await this.settled();
      const next = this.untilNext;
      if (next === undefined || this.now() + next > end) break;
      this.advance(next);
    }
    this.advance(end - this.now());
    await this.settled();
  }

  /** Resolves when promises that wait for nothing outside have had their turn. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
