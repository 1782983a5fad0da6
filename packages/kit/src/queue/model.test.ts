import fc from "fast-check";
import { expect, test } from "vitest";
import { FakeClock, WorkQueue } from "./index.ts";

/** The contract, as plainly as it can be written: lists that are searched from the front. */
class Model {
  waiting: { readonly key: string; readonly priority: number }[] = [];
  readonly processing = new Map<string, number>();
  readonly again = new Map<string, number>();
  delayed: { readonly key: string; readonly at: number; readonly priority: number }[] = [];
  readonly failures = new Map<string, number>();
  now = 0;
  shut = false;

  add(key: string, priority = 0): void {
    if (this.shut) return;
    if (this.processing.has(key)) {
      this.again.set(key, Math.max(priority, this.again.get(key) ?? Number.NEGATIVE_INFINITY));
      return;
    }
    const entry = this.waiting.find((one) => one.key === key);
    if (entry && entry.priority >= priority) return;
    if (entry) this.waiting.splice(this.waiting.indexOf(entry), 1);
    this.waiting.push({ key, priority });
  }
  addAfter(key: string, delay: number, given?: number): void {
    if (this.shut) return;
    const priority = given ?? this.processing.get(key) ?? 0;
    if (delay <= 0) {
      this.add(key, priority);
      return;
    }
    const before = this.delayed.find((one) => one.key === key);
    const next = {
      key,
      at: Math.min(this.now + delay, before?.at ?? Number.POSITIVE_INFINITY),
      priority: Math.max(priority, before?.priority ?? priority),
    };
    // An earlier end is a new place among those that end at one time; the same end keeps its place.
    if (before && before.at <= this.now + delay) this.delayed[this.delayed.indexOf(before)] = next;
    else this.delayed = [...this.delayed.filter((one) => one !== before), next];
  }
  addRateLimited(key: string): void {
    const failures = this.failures.get(key) ?? 0;
    this.failures.set(key, failures + 1);
    this.addAfter(key, 5 * 2 ** failures);
  }
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const at = Math.min(...this.delayed.map((one) => one.at));
      if (!(at <= end)) break;
      const due = this.delayed.find((one) => one.at === at)!;
      this.delayed.splice(this.delayed.indexOf(due), 1);
      this.add(due.key, due.priority);
    }
    this.now = end;
  }
  get(): string | undefined {
    const best = Math.max(...this.waiting.map(({ priority }) => priority));
    const index = this.waiting.findIndex(({ priority }) => priority === best);
    if (index === -1) return undefined;
    const [{ key, priority }] = this.waiting.splice(index, 1) as [{ key: string; priority: number }];
    this.processing.set(key, priority);
    return key;
  }
  done(key: string): void {
    if (!this.processing.delete(key)) return;
    const priority = this.again.get(key);
    this.again.delete(key);
    if (priority !== undefined) this.waiting.push({ key, priority });
  }
  shutDown(): void {
    this.shut = true;
    this.delayed = [];
  }
  get drained(): boolean {
    return this.shut && this.waiting.length === 0 && this.processing.size === 0;
  }
}

const key = fc.constantFrom("a", "b", "c", "d");
const priority = fc.option(fc.constantFrom(-100, 0, 7), { nil: undefined });
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("add" as const), key, priority }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add after" as const), key, priority, delay: fc.integer({ min: 0, max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("add rate limited" as const, "forget" as const), key }) },
  { weight: 7, arbitrary: fc.record({ do: fc.constant("get" as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("done" as const), which: fc.nat(3) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("shut down" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function same(what: string, is: unknown, wanted: unknown): void {
  if (is !== wanted) throw new Error(`${what}: ${is}, and the model says ${wanted}`);
}

function play(steps: readonly Step[]): void {
  const clock = new FakeClock();
  const queue = new WorkQueue<string>({ clock });
  const model = new Model();
  const out: string[] = [];
  for (const one of steps) {
    switch (one.do) {
      case "add":
        queue.add(one.key, one.priority === undefined ? undefined : { priority: one.priority });
        model.add(one.key, one.priority);
        break;
      case "add after":
        queue.addAfter(one.key, one.delay, one.priority === undefined ? undefined : { priority: one.priority });
        model.addAfter(one.key, one.delay, one.priority);
        break;
      case "add rate limited":
        queue.addRateLimited(one.key);
        model.addRateLimited(one.key);
        break;
      case "forget":
        queue.forget(one.key);
        model.failures.delete(one.key);
        break;
      case "get": {
        const next = queue.tryGet();
        same("get", next, model.get());
        if (next === undefined) break;
        if (out.includes(next)) throw new Error(`${next} is with two workers`);
        out.push(next);
        break;
      }
      case "done": {
        if (out.length === 0) break;
        const [mine] = out.splice(one.which % out.length, 1) as [string];
        queue.done(mine);
        model.done(mine);
        break;
      }
      case "advance":
        clock.advance(one.ms);
        model.advance(one.ms);
        break;
      case "shut down":
        queue.shutDown();
        model.shutDown();
    }
    same("length", queue.length, model.waiting.length);
    same("processing", queue.processing, model.processing.size);
    same("timers", clock.pending, model.delayed.length);
    for (const name of ["a", "b", "c", "d"]) same(`retries of ${name}`, queue.retries(name), model.failures.get(name) ?? 0);
  }
}

test("behaves as the plain model does under any sequence of adds, delays, gets, dones and the end", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: "max" }), (steps) => play(steps)),
    { numRuns: 10_000 },
  );
}, 30_000);

test("draining ends when, and not before, the last key that was queued is done", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12, size: "max" }), fc.nat(3), async (steps, workers) => {
      const queue = new WorkQueue<string>();
      for (const one of steps) if (one.do === "add") queue.add(one.key);
      const handedOut: string[] = [];
      let under = 0;
      const work = async (): Promise<void> => {
        for (let next = await queue.get(); next !== undefined; next = await queue.get()) {
          under++;
          handedOut.push(next);
          await Promise.resolve();
          under--;
          queue.done(next);
        }
      };
      const all = Array.from({ length: workers + 1 }, () => work());
      await queue.shutDownWithDrain();
      if (under > 0 || queue.length > 0 || queue.processing > 0) throw new Error("something was left");
      await Promise.all(all);
      expect(handedOut.sort()).toEqual([...new Set(steps.flatMap((one) => (one.do === "add" ? [one.key] : [])))].sort());
    }),
    { numRuns: 500 },
  );
});
