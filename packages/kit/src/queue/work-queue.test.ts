import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ExponentialBackoff, FakeClock, GrowingDelay, INITIAL_LIST_PRIORITY, systemClock, WorkQueue } from "./index.ts";

/** Everything that the queue hands out at this moment, each done at once. */
function drain(queue: WorkQueue<string>): string[] {
  const keys: string[] = [];
  for (let key = queue.tryGet(); key !== undefined; key = queue.tryGet()) {
    keys.push(key);
    queue.done(key);
  }
  return keys;
}

describe("a work queue", () => {
  test("hands keys out in the order in which they were added", () => {
    const queue = new WorkQueue<string>();
    for (const key of ["a", "b", "c"]) queue.add(key);
    expect(drain(queue)).toEqual(["a", "b", "c"]);
  });

  test("hands a key out once, however often it was added", () => {
    const queue = new WorkQueue<string>();
    for (let i = 0; i < 5; i++) queue.add("a");
    expect(queue.length).toBe(1);
    expect(drain(queue)).toEqual(["a"]);
  });

  test("hands a key that was added while it was processed out once more, after done", () => {
    const queue = new WorkQueue<string>();
    queue.add("a");
    expect(queue.tryGet()).toBe("a");
    queue.add("a");
    queue.add("a");
    expect(queue.tryGet()).toBeUndefined();
    queue.done("a");
    expect(drain(queue)).toEqual(["a"]);
  });

  test("hands out what just changed before what the first list brought", () => {
    const queue = new WorkQueue<string>();
    queue.add("listed-1", { priority: INITIAL_LIST_PRIORITY });
    queue.add("listed-2", { priority: INITIAL_LIST_PRIORITY });
    queue.add("changed");
    queue.add("listed-2");
    queue.add("changed", { priority: INITIAL_LIST_PRIORITY });
    expect(drain(queue)).toEqual(["changed", "listed-2", "listed-1"]);
  });

  test("keeps a key's priority when it is requeued", () => {
    const queue = new WorkQueue<string>();
    queue.add("listed", { priority: INITIAL_LIST_PRIORITY });
    const key = queue.tryGet()!;
    queue.addAfter(key, 0);
    queue.done(key);
    queue.add("changed");
    expect(drain(queue)).toEqual(["changed", "listed"]);
  });

  test("does not make what changes while it is worked on wait behind the first list", () => {
    const queue = new WorkQueue<string>();
    queue.add("a", { priority: INITIAL_LIST_PRIORITY });
    queue.add("b", { priority: INITIAL_LIST_PRIORITY });
    const key = queue.tryGet()!;
    queue.add(key);
    queue.done(key);
    expect(drain(queue)).toEqual(["a", "b"]);
  });

  test("of several delays for one key keeps the highest priority", () => {
    const clock = new FakeClock();
    const queue = new WorkQueue<string>({ clock });
    queue.addAfter("a", 100, { priority: 7 });
    queue.addAfter("a", 50, { priority: INITIAL_LIST_PRIORITY });
    queue.add("b");
    clock.advance(50);
    expect(drain(queue)).toEqual(["a", "b"]);
    queue.addAfter("a", 50, { priority: INITIAL_LIST_PRIORITY });
    queue.addAfter("a", 100);
    queue.addAfter("b", 50, { priority: INITIAL_LIST_PRIORITY });
    clock.advance(50);
    expect(drain(queue)).toEqual(["a", "b"]);
  });

  test("tells how long keys waited and how long the work took", () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const queue = new WorkQueue<string>({
      clock,
      observer: {
        added: (key, depth) => lines.push(`added ${key}, ${depth} wait`),
        taken: (key, ms, depth) => lines.push(`taken ${key} after ${ms} ms, ${depth} wait`),
        done: (key, ms) => lines.push(`done ${key} in ${ms} ms`),
        retried: (key) => lines.push(`retried ${key}`),
      },
    });
    queue.add("a");
    clock.advance(30);
    queue.tryGet();
    clock.advance(7);
    queue.addRateLimited("a");
    queue.done("a");
    expect(lines).toEqual(["added a, 1 wait", "taken a after 30 ms, 0 wait", "retried a", "done a in 7 ms"]);
  });

  test("lets a waiting get have the next key", async () => {
    const queue = new WorkQueue<string>();
    const first = queue.get();
    const second = queue.get();
    queue.add("a");
    queue.add("b");
    expect(await first).toBe("a");
    expect(await second).toBe("b");
  });

  test("of several delays keeps the earliest", () => {
    const clock = new FakeClock();
    const queue = new WorkQueue<string>({ clock });
    queue.addAfter("a", 500);
    queue.addAfter("a", 100);
    queue.addAfter("a", 300);
    clock.advance(99);
    expect(drain(queue)).toEqual([]);
    clock.advance(1);
    expect(drain(queue)).toEqual(["a"]);
    clock.advance(1000);
    expect(drain(queue)).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test("waits 5 ms, 10 ms, 20 ms, … for a failing key, and from the start again once it is forgotten", () => {
    const clock = new FakeClock();
    const queue = new WorkQueue<string>({ clock });
    for (const delay of [5, 10, 20, 40]) {
      queue.addRateLimited("a");
      clock.advance(delay - 1);
      expect(drain(queue)).toEqual([]);
      clock.advance(1);
      expect(drain(queue)).toEqual(["a"]);
    }
    expect(queue.retries("a")).toBe(4);
    queue.forget("a");
    queue.addRateLimited("a");
    clock.advance(5);
    expect(drain(queue)).toEqual(["a"]);
  });

  test("takes nothing more in once it is shut down, and ends those who wait", async () => {
    const queue = new WorkQueue<string>();
    const waiting = queue.get();
    queue.shutDown();
    queue.add("a");
    expect(await waiting).toBeUndefined();
    expect(await queue.get()).toBeUndefined();
  });

  test("drains: hands out what is queued, and resolves when all of it is done", async () => {
    const queue = new WorkQueue<string>();
    queue.add("a");
    queue.add("b");
    const a = await queue.get();
    let drained = false;
    const end = queue.shutDownWithDrain().then(() => {
      drained = true;
    });
    queue.done(a!);
    await Promise.resolve();
    expect(drained).toBe(false);
    queue.done((await queue.get())!);
    await end;
    expect(drained).toBe(true);
  });
});

test("every key that was added with a delay comes out, at its earliest time", () => {
  const delayed = fc.array(fc.record({ key: fc.constantFrom("a", "b", "c"), delay: fc.integer({ min: 1, max: 50 }) }), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(delayed, (adds) => {
      const clock = new FakeClock();
      const queue = new WorkQueue<string>({ clock });
      const earliest = new Map<string, number>();
      for (const { key, delay } of adds) {
        queue.addAfter(key, delay);
        earliest.set(key, Math.min(delay, earliest.get(key) ?? Number.POSITIVE_INFINITY));
      }
      const seen = new Map<string, number>();
      for (let time = 1; time <= 50; time++) {
        clock.advance(1);
        for (const key of drain(queue)) seen.set(key, time);
      }
      expect(seen).toEqual(earliest);
    }),
  );
});

test("backoff per item is capped", () => {
  const limiter = new ExponentialBackoff<string>({ baseMs: 5, maxMs: 1000 });
  const delays = Array.from({ length: 10 }, () => limiter.when("a"));
  expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
  expect(limiter.when("b")).toBe(5);
});

test("a growing delay is stretched by its jitter, so that many clients do not come back at once", () => {
  const delay = new GrowingDelay({ baseMs: 800, maxMs: 30_000, jitter: 1, random: () => 0.5 });
  expect(Array.from({ length: 7 }, () => delay.next())).toEqual([1200, 2400, 4800, 9600, 19_200, 38_400, 45_000]);
});

test("a delay that is longer than a timer can hold does not end at once", async () => {
  let early = false;
  const cancel = systemClock.after(2 ** 31 + 1000, () => {
    early = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  cancel();
  expect(early).toBe(false);
});

test("a growing delay starts over after a quiet time", () => {
  let now = 0;
  const delay = new GrowingDelay({ baseMs: 800, maxMs: 30_000, jitter: 1, resetMs: 120_000, now: () => now, random: () => 0 });
  expect(Array.from({ length: 8 }, () => delay.next())).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  now = 120_001;
  expect(delay.next()).toBe(800);
});
