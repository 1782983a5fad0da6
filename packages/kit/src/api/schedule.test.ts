import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goQuote, parseGoDuration, Schedule, ScheduleError, TimeZone, TimeZoneError } from "./index.ts";

interface Cases {
  readonly times: readonly { schedule: string; zone?: string; after: string; next: string[] }[];
  readonly refused: readonly { schedule: string; error: string }[];
}
interface DueCase {
  readonly schedule: string;
  readonly zone?: string;
  readonly since: string;
  readonly now: string;
  readonly last?: string;
  readonly missed: "none" | "few" | "many";
  readonly next?: string;
  readonly error?: string;
}

const data = new URL("../../testdata/", import.meta.url);
/** Answers of robfig/cron 3.0.1; made by `scripts/schedules`. */
const { times, refused } = JSON.parse(readFileSync(new URL("schedules.json", data), "utf8")) as Cases;
/** Answers of Kubernetes 1.36's CronJob controller (`mostRecentScheduleTime`, `nextScheduleTimeDuration`). */
const due = JSON.parse(readFileSync(new URL("schedules-due.json", data), "utf8")) as readonly DueCase[];

const text = (at: number): string => new Date(at).toISOString().replace(".000Z", "Z");
const thrown = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};

describe("a schedule", () => {
  test(`means what it means to Kubernetes, in ${times.length} cases`, () => {
    const wrong = times.flatMap(({ schedule, zone, after, next }) => {
      const read = new Schedule(schedule, zone);
      const got: string[] = [];
      for (let at = read.next(Date.parse(after)); at !== undefined && got.length < next.length; at = read.next(at)) got.push(text(at));
      return JSON.stringify(got) === JSON.stringify(next) ? [] : [{ schedule, zone, after, got, next }];
    });
    expect(wrong).toEqual([]);
  });

  test(`that Kubernetes refuses is refused in the same words, in ${refused.length} cases`, () => {
    const wrong = refused.flatMap(({ schedule, error }) => {
      const got = thrown(() => new Schedule(schedule));
      return got instanceof ScheduleError && got.message === error ? [] : [{ schedule, got: String(got), error }];
    });
    expect(wrong).toEqual([]);
  });

  test(`is due when the CronJob controller starts a job, in ${due.length} cases`, () => {
    const wrong = due.flatMap<object>(({ schedule, zone, since, now, error, last, missed, next }) => {
      const read = new Schedule(schedule, zone);
      const [from, at] = [Date.parse(since), Date.parse(now)];
      const got = thrown(() => read.due(from, at));
      if (got instanceof Error) return error === got.message ? [] : [{ schedule, since, now, error, got: got.message }];
      const { last: ours, missed: count } = got as ReturnType<Schedule["due"]>;
      // Kubernetes tells none from one only where more than one was due.
      const many = count > 100 ? "many" : count > 1 ? "few" : "none";
      const after = read.due(ours ?? from, at).next;
      const same =
        error === undefined &&
        (ours === undefined ? last === undefined : text(ours) === last) &&
        many === missed &&
        (next === undefined || (after !== undefined && text(after) === next));
      return same ? [] : [{ schedule, zone, since, now, last, missed, next, ours: ours && text(ours), many, after: after && text(after) }];
    });
    expect(wrong).toEqual([]);
  });

  test("with a zone that nobody knows says so, and keeps it apart from a text that cannot be read", () => {
    expect(thrown(() => new Schedule("0 0 * * *", "Mars/Olympus"))).toBeInstanceOf(TimeZoneError);
    expect(thrown(() => new Schedule("0 0 * *", "Mars/Olympus"))).toBeInstanceOf(ScheduleError);
    expect(String(thrown(() => new Schedule("0 0 * * *", "+01:00")))).toBe("TimeZoneError: unknown time zone +01:00");
  });

  test("finds the last time exactly, wherever it looks from", () => {
    const hours = fc.integer({ min: 0, max: 400 * 24 });
    const start = Date.parse("2026-01-01T00:00:00Z");
    fc.assert(
      fc.property(fc.constantFrom("0 */5 * * *", "30 2 * * *", "0 0 1,2 * *", "@every 7h"), hours, hours, (schedule, from, long) => {
        const read = new Schedule(schedule, "America/New_York");
        const since = start + from * 3_600_000;
        const now = since + long * 3_600_000;
        let last: number | undefined;
        for (let at = read.next(since); at !== undefined && at <= now; at = read.next(at)) last = at;
        expect(read.last(since, now, Number.POSITIVE_INFINITY)).toBe(last);
        expect(read.after(since, now)).toBe(read.next(last ?? (schedule.startsWith("@") ? since : now)));
      }),
      { numRuns: 40 },
    );
  });

  test("shows times by the clocks of its zone", () => {
    const zone = new TimeZone("America/New_York");
    expect(zone.rfc3339(Date.parse("2026-03-08T06:59:59Z"))).toBe("2026-03-08T01:59:59-05:00");
    expect(zone.rfc3339(Date.parse("2026-03-08T07:00:00Z"))).toBe("2026-03-08T03:00:00-04:00");
    expect(new TimeZone("Europe/London").rfc3339(0)).toBe("1970-01-01T01:00:00+01:00");
    expect(new TimeZone("UTC").rfc3339(0)).toBe("1970-01-01T00:00:00Z");
  });

  test("goes on where a zone skipped a day, at which robfig/cron hangs", () => {
    const friday = new Schedule("0 0 * * 5", "Pacific/Apia");
    expect(text(friday.next(Date.parse("2011-12-28T00:00:00Z"))!)).toBe("2012-01-05T10:00:00Z");
  });

  test("that never comes, or seldom, is answered soon", () => {
    const began = performance.now();
    expect(new Schedule("* * 30 2 *", "America/New_York").next(0)).toBeUndefined();
    expect(new Schedule(", * * * *", "America/New_York").next(0)).toBeUndefined();
    expect(new Schedule("@every 1s").due(0, 60 * 365 * 86_400_000)).toMatchObject({ last: 60 * 365 * 86_400_000 });
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe("texts of Go", () => {
  test("are quoted as Go quotes them", () => {
    expect(goQuote('a"\\\n\u0007\u007f\u0000é\u00a0\u200b😀\u{e0001}')).toBe(String.raw`"a\"\\\n\a\x7f\x00é\u00a0\u200b😀\U000e0001"`);
  });

  test("durations are whole nanoseconds", () => {
    expect(parseGoDuration("1h2m3.000000004s")).toBe(3_723_000_000_004n);
    expect(parseGoDuration("-.5s")).toBe(-500_000_000n);
    expect(parseGoDuration("9223372036854775807ns")).toBe(9_223_372_036_854_775_807n);
  });
});
