import { parseDuration, Schedule } from "@outrigger/kit/api";
import type { NetworkFaultSpec, Run } from "./resource.ts";

/** Where a fault stands in time. Times are milliseconds of the epoch. */
export interface Due {
  readonly phase: "Running" | "Paused" | "Waiting" | "Ended";
  /** The run under way, or the last one. */
  readonly run?: Run;
  readonly endsAt?: number;
  /** When the next run starts. */
  readonly nextAt?: number;
}

/**
 * Which run of a fault is due.
 *
 * Without a schedule there is one run, from the first moment that the fault is not paused; once it has ended, a change of
 * the spec starts another. With a schedule the times follow from the clock alone, so that a manager that was away starts
 * in the middle of a run, or not at all, and never late. Pausing does not move the end of a run.
 *
 * @param created when the object was made; runs that were due before do not count
 * @throws ScheduleError, TimeZoneError for a schedule or a time zone that cannot be read.
 */
export function dueRun(
  spec: Pick<NetworkFaultSpec, "duration" | "schedule" | "timeZone" | "paused">,
  at: { readonly now: number; readonly created: number; readonly generation: number },
  before: Run | undefined,
): Due {
  const duration = spec.duration === undefined ? undefined : parseDuration(spec.duration);
  if (spec.schedule !== undefined) return scheduled(spec, at, duration ?? 0, before);

  const { now, generation } = at;
  const over = before?.endedGeneration !== undefined;
  if (over && before.endedGeneration === generation) return { phase: "Ended", run: before };
  if (before === undefined || over) {
    if (spec.paused) return { phase: "Paused", ...(before ? { run: before } : {}) };
    return running({ startTime: text(now) }, now, duration);
  }
  const started = Date.parse(before.startTime);
  if (duration !== undefined && now >= started + duration)
    return { phase: "Ended", run: { ...withEnd(before, started, duration), endedGeneration: generation } };
  const due = running(before, started, duration);
  return spec.paused ? { ...due, phase: "Paused" } : due;
}

function scheduled(
  { schedule: cron, timeZone, paused }: Pick<NetworkFaultSpec, "schedule" | "timeZone" | "paused">,
  { now, created }: { readonly now: number; readonly created: number },
  duration: number,
  before: Run | undefined,
): Due {
  const schedule = new Schedule(cron ?? "", timeZone);
  const start = schedule.last(created - 1, now, duration);
  // Times of `@every` count from the last one, and the first from when the object was made.
  const nextAt = schedule.after(created - 1, now);
  const next = nextAt === undefined ? {} : { nextAt };
  if (paused) return { phase: "Paused", ...(before ? { run: before } : {}) };
  if (start === undefined) return { phase: "Waiting", ...(before ? { run: before } : {}), ...next };
  const same = before?.startTime === text(start) ? before : { startTime: text(start) };
  return { ...running(same, start, duration), ...next };
}

function running(run: Run, started: number, duration: number | undefined): Due {
  const { endedGeneration: _, endTime: __, ...rest } = run;
  if (duration === undefined) return { phase: "Running", run: rest };
  return { phase: "Running", run: withEnd(rest, started, duration), endsAt: started + duration };
}

function withEnd(run: Run, started: number, duration: number): Run {
  return { ...run, endTime: text(started + duration) };
}

/** RFC 3339, to the millisecond where it matters. */
export function text(time: number): string {
  return new Date(time).toISOString().replace(".000Z", "Z");
}
