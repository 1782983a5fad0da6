import { describe, expect, test } from "vitest";
import { dueRun } from "./run.ts";

const T = (text: string): number => Date.parse(`2026-03-01T${text}Z`);
const at = (time: string, generation = 1, created = "10:00:00") => ({ now: T(time), created: T(created), generation });

describe("a fault without a schedule", () => {
  test("runs until it is deleted where it has no duration", () => {
    const first = dueRun({}, at("10:00:05"), undefined);
    expect(first).toEqual({ phase: "Running", run: { startTime: "2026-03-01T10:00:05Z" } });
    expect(dueRun({}, at("23:00:00"), first.run)).toEqual(first);
  });

  test("ends after its duration, counted from its start, and stays so", () => {
    const { run } = dueRun({ duration: "5m" }, at("10:00:05"), undefined);
    expect(dueRun({ duration: "5m" }, at("10:05:04"), run)).toMatchObject({ phase: "Running", endsAt: T("10:05:05") });
    const ended = dueRun({ duration: "5m" }, at("10:05:05"), run);
    expect(ended).toEqual({
      phase: "Ended",
      run: { startTime: "2026-03-01T10:00:05Z", endTime: "2026-03-01T10:05:05Z", endedGeneration: 1 },
    });
    expect(dueRun({ duration: "5m" }, at("11:00:00"), ended.run)).toEqual(ended);
  });

  test("follows a duration that changes while it runs, and starts again when the spec changes after the end", () => {
    const { run } = dueRun({ duration: "5m" }, at("10:00:00"), undefined);
    expect(dueRun({ duration: "1m" }, at("10:02:00", 2), run).phase).toBe("Ended");
    expect(dueRun({ duration: "9m" }, at("10:07:00", 2), run)).toMatchObject({ phase: "Running", endsAt: T("10:09:00") });
    const ended = dueRun({ duration: "5m" }, at("10:05:00"), run);
    expect(dueRun({ duration: "5m" }, at("10:30:00", 2), ended.run)).toEqual({
      phase: "Running",
      run: { startTime: "2026-03-01T10:30:00Z", endTime: "2026-03-01T10:35:00Z" },
      endsAt: T("10:35:00"),
    });
  });

  test("paused from the start it has not begun; paused later its end stays where it is", () => {
    expect(dueRun({ duration: "5m", paused: true }, at("10:00:00"), undefined)).toEqual({ phase: "Paused" });
    const { run } = dueRun({ duration: "5m" }, at("10:00:00"), undefined);
    expect(dueRun({ duration: "5m", paused: true }, at("10:01:00", 2), run)).toMatchObject({ phase: "Paused", endsAt: T("10:05:00") });
    expect(dueRun({ duration: "5m" }, at("10:02:00", 3), run)).toMatchObject({ phase: "Running", endsAt: T("10:05:00") });
  });
});

describe("a fault with a schedule", () => {
  const hourly = { schedule: "0 * * * *", duration: "10m" };

  test("waits for the next time, and is in a run for its duration", () => {
    expect(dueRun(hourly, at("10:20:00"), undefined)).toEqual({ phase: "Waiting", nextAt: T("11:00:00") });
    expect(dueRun(hourly, at("11:00:00"), undefined)).toMatchObject({
      phase: "Running",
      run: { startTime: "2026-03-01T11:00:00Z" },
      endsAt: T("11:10:00"),
      nextAt: T("12:00:00"),
    });
    expect(dueRun(hourly, at("11:10:00"), undefined).phase).toBe("Waiting");
  });

  test("starts in the middle of a run when nobody was there at its start", () => {
    expect(dueRun(hourly, at("11:07:00"), undefined)).toMatchObject({ phase: "Running", endsAt: T("11:10:00") });
  });

  test("does not count times before the object was made", () => {
    expect(dueRun(hourly, at("10:05:00", 1, "10:01:00"), undefined).phase).toBe("Waiting");
  });

  test("keeps what it knows of a run, and forgets it with the next", () => {
    const run = { startTime: "2026-03-01T11:00:00Z", of: 4 };
    expect(dueRun(hourly, at("11:01:00"), run).run).toMatchObject({ of: 4 });
    expect(dueRun(hourly, at("12:01:00"), run).run).not.toHaveProperty("of");
  });

  test("knows time zones", () => {
    expect(dueRun({ schedule: "0 9 * * *", duration: "10m", timeZone: "Asia/Shanghai" }, at("10:20:00"), undefined).nextAt).toBe(
      Date.parse("2026-03-02T01:00:00Z"),
    );
  });

  test("paused it starts nothing", () => {
    expect(dueRun({ ...hourly, paused: true }, at("11:05:00"), undefined)).toEqual({ phase: "Paused" });
  });
});
