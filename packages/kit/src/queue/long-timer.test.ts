import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LongTimer, systemClock, timeoutSignal } from "./index.ts";

const DAY = 86_400_000;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([0, 1, 1000, 2 ** 31 - 1, 2 ** 31, 3_000_000_000, 60 * DAY, 400 * DAY])(
  "a timer of %d ms ends after %d ms, and not before",
  (ms) => {
    const run = vi.fn();
    new LongTimer(run, ms);
    vi.advanceTimersByTime(Math.max(ms - 1, 0));
    if (ms > 0) expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(2 * ms);
    expect(run).toHaveBeenCalledTimes(1);
  },
);

test("it can be cancelled and started anew at any time", () => {
  const run = vi.fn();
  const timer = new LongTimer(run, 60 * DAY);
  vi.advanceTimersByTime(50 * DAY);
  timer.refresh();
  vi.advanceTimersByTime(59 * DAY);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(DAY);
  expect(run).toHaveBeenCalledTimes(1);
  const other = new LongTimer(run, 60 * DAY);
  vi.advanceTimersByTime(40 * DAY);
  other.cancel();
  other.refresh();
  vi.advanceTimersByTime(100 * DAY);
  expect([run.mock.calls.length, vi.getTimerCount()]).toEqual([1, 0]);
});

test("an infinite one never ends", () => {
  const run = vi.fn();
  new LongTimer(run, Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(1000 * DAY);
  expect(run).not.toHaveBeenCalled();
});

test("the clock of queues and controllers waits as long", () => {
  const run = vi.fn();
  systemClock.after(90 * DAY, run);
  vi.advanceTimersByTime(90 * DAY - 1);
  expect(run).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(1);
});

test("a signal of 30 days is not aborted at once, and then with a TimeoutError", () => {
  const signal = timeoutSignal(30 * DAY);
  vi.advanceTimersByTime(30 * DAY - 1);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect((signal.reason as Error).name).toBe("TimeoutError");
});
