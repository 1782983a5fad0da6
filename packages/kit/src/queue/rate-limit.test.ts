import { expect, test } from "vitest";
import { BucketLimit, ExponentialBackoff, FakeClock, WorkQueue } from "./index.ts";

test("a bucket lets a burst through, then so many a second, of all keys together", () => {
  const clock = new FakeClock();
  const limit = new BucketLimit<string>(new ExponentialBackoff({ baseMs: 1 }), { perSecond: 10, burst: 3 }, clock);
  expect(["a", "b", "c", "d", "e"].map((key) => limit.when(key))).toEqual([1, 1, 1, 100, 200]);
  clock.advance(1000);
  // Eight tokens came back, three fit in.
  expect(["a", "b", "c", "d"].map((key) => limit.when(key))).toEqual([2, 2, 2, 100]);
  limit.forget("a");
  expect([limit.retries("a"), limit.retries("b")]).toEqual([0, 2]);
});

test("the longer of both waits counts", () => {
  const limit = new BucketLimit<string>(new ExponentialBackoff({ baseMs: 500, maxMs: 4000 }), { perSecond: 10, burst: 1 }, new FakeClock());
  expect(["a", "a", "a", "a", "a"].map((key) => limit.when(key))).toEqual([500, 1000, 2000, 4000, 4000]);
});

test("a limit that allows nothing is refused", () => {
  const make = (perSecond: number, burst?: number) =>
    new BucketLimit(new ExponentialBackoff(), { perSecond, ...(burst === undefined ? {} : { burst }) }, new FakeClock());
  expect(() => make(0)).toThrow("perSecond is 0");
  expect(() => make(Number.NaN)).toThrow("perSecond is NaN");
  expect(() => make(1, 0)).toThrow("burst is 0");
  expect(make(0.1).when("a")).toBe(5);
});

test("a queue hands failed keys out at the limiter's pace", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue<string>({ clock, rateLimiter: new BucketLimit(new ExponentialBackoff(), { perSecond: 1 }, clock) });
  for (const key of ["a", "b", "c"]) queue.addRateLimited(key);
  clock.advance(10);
  expect(queue.length).toBe(1);
  clock.advance(1000);
  expect(queue.length).toBe(2);
  clock.advance(1000);
  expect(queue.length).toBe(3);
});
