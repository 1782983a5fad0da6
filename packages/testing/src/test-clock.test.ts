import { WorkQueue } from "@outrigger/kit/queue";
import { expect, test } from "vitest";
import { TestClock } from "./test-clock.ts";

test("nothing happens until time goes on, and then in its order", () => {
  const clock = new TestClock();
  const ran: string[] = [];
  clock.after(20, () => ran.push(`b at ${clock.now()}`));
  clock.after(10, () => ran.push(`a at ${clock.now()}`));
  clock.after(30, () => ran.push("c"))();
  expect([ran, clock.pending, clock.untilNext]).toEqual([[], 2, 10]);
  clock.advance(100);
  expect([ran, clock.now(), clock.untilNext]).toEqual([["a at 10", "b at 20"], 100, undefined]);
});

test("run meets the timers that promises set on the way", async () => {
  const clock = new TestClock();
  const sleep = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  const at: number[] = [];
  const loop = (async () => {
    for (let i = 0; i < 4; i++) {
      await sleep(60_000);
      at.push(clock.now());
    }
  })();
  await clock.run(150_000);
  expect([at, clock.now()]).toEqual([[60_000, 120_000], 150_000]);
  await clock.run(90_000);
  await loop;
  expect(at).toEqual([60_000, 120_000, 180_000, 240_000]);
});

test("a queue's delays and growing rate limits can be watched in no time", async () => {
  const clock = new TestClock();
  const queue = new WorkQueue<string>({ clock });
  const handed: [string, number][] = [];
  const worker = (async () => {
    for (let key = await queue.get(); key !== undefined; key = await queue.get()) {
      handed.push([key, clock.now()]);
      if (key === "failing" && handed.length < 6) queue.addRateLimited(key);
      queue.done(key);
    }
  })();
  queue.addAfter("later", 3_600_000);
  queue.add("failing");
  await clock.run(3_600_000);
  queue.shutDown();
  await worker;
  expect(handed).toEqual([
    ["failing", 0],
    ["failing", 5],
    ["failing", 15],
    ["failing", 35],
    ["failing", 75],
    ["failing", 155],
    ["later", 3_600_000],
  ]);
});
