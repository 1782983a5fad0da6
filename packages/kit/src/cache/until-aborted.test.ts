import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { untilAborted } from "./until-aborted.ts";

test("who no longer waits is troubled by no failure of what was waited for, whenever the wait ended", async () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => void unhandled.push(error);
  process.on("unhandledRejection", note);
  for (const already of [true, false]) {
    const [stop, late] = [new AbortController(), Promise.withResolvers<void>()];
    if (already) stop.abort(new Error("enough"));
    const waiting = untilAborted(late.promise, stop.signal);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    late.reject(new Error("late"));
    // Node tells of a rejection that nobody handled before this.
    await setImmediate();
  }
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
