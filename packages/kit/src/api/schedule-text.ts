import { DurationError, parseGoDuration } from "./duration.ts";
import { GoNumberError, goAtoi, goFields, goTrim } from "./go-text.ts";
import { TimeZone } from "./time-zone.ts";

/** A cron schedule that cannot be read. */
export class ScheduleError extends Error {
  override readonly name = "ScheduleError";
  readonly code = "ERR_SCHEDULE";
}

/** The values that one field allows. */
export interface ScheduleField {
  readonly values: ReadonlySet<number>;
  /** `*` or `?` stands in it without a step above 1: only then the field does not restrict the day. */
  readonly star: boolean;
}

/** What a schedule's text says. */
export type ScheduleRule =
  | { readonly type: "every"; readonly delayMs: number }
  | {
      readonly type: "calendar";
      readonly minute: ScheduleField;
      readonly hour: ScheduleField;
      readonly day: ScheduleField;
      readonly month: ScheduleField;
      readonly weekday: ScheduleField;
      /** Given as `TZ=` or `CRON_TZ=` in the text. */
      readonly zone: TimeZone | undefined;
    };

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MINUTE: Bounds = { min: 0, max: 59 };
const HOUR: Bounds = { min: 0, max: 23 };
const DAY: Bounds = { min: 1, max: 31 };
const MONTH: Bounds = { min: 1, max: 12, names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"] };
const WEEKDAY: Bounds = { min: 0, max: 6, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

const DESCRIPTORS: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};
const EVERY = "@every ";

/**
 * Reads a schedule as Kubernetes does for CronJobs: by `ParseStandard` of `github.com/robfig/cron/v3` 3.0.1, whose
 * messages these are (`pkg/util/parsers` of Kubernetes 1.36).
 *
 * @throws ScheduleError
 */
export function parseSchedule(text: string): ScheduleRule {
  if (text === "") throw new ScheduleError("empty spec string");
  const { zone, rest } = zoneIn(text);
  if (rest.startsWith("@")) return descriptor(rest, zone);
  const fields = goFields(rest);
  if (fields.length !== 5) throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`);
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = fields;
  return {
    type: "calendar",
    minute: parseField(minute, MINUTE),
    hour: parseField(hour, HOUR),
    day: parseField(day, DAY),
    month: parseField(month, MONTH),
    weekday: parseField(weekday, WEEKDAY),
    zone,
  };
}

function zoneIn(text: string): { readonly zone: TimeZone | undefined; readonly rest: string } {
  const prefix = /^(?:CRON_)?TZ=/.exec(text)?.[0];
  if (prefix === undefined) return { zone: undefined, rest: text };
  const end = text.indexOf(" ");
  // Kubernetes shows what Go says of the slice that the parser then takes.
  if (end < 0) throw new ScheduleError("invalid schedule format: runtime error: slice bounds out of range [:-1]");
  const name = text.slice(prefix.length, end);
  try {
    // "Local" is the zone of the controller, in a container UTC.
    return { zone: name === "Local" ? undefined : new TimeZone(name), rest: goTrim(text.slice(end)) };
  } catch (error) {
    throw new ScheduleError(`provided bad location ${name}: ${(error as Error).message}`);
  }
}

function descriptor(text: string, zone: TimeZone | undefined): ScheduleRule {
  if (Object.hasOwn(DESCRIPTORS, text)) return { ...(parseSchedule(DESCRIPTORS[text]!) as ScheduleRule & { type: "calendar" }), zone };
  if (!text.startsWith(EVERY)) throw new ScheduleError(`unrecognized descriptor: ${text}`);
  try {
    const seconds = parseGoDuration(text.slice(EVERY.length)) / 1_000_000_000n;
    return { type: "every", delayMs: seconds < 1n ? 1000 : Number(seconds) * 1000 };
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    throw new ScheduleError(`failed to parse duration ${text}: ${error.message}`);
  }
}

function parseField(field: string, bounds: Bounds): ScheduleField {
  const values = new Set<number>();
  let star = false;
  for (const range of field.split(",")) {
    if (range === "") continue;
    const { start, end, step, any } = parseRange(range, bounds);
    star ||= any;
    for (let value = start; value <= end; value += step) values.add(Number(value));
  }
  return { values, star };
}

/** Numbers of 64 bits, since messages show them in full. */
interface Range {
  readonly start: bigint;
  readonly end: bigint;
  readonly step: bigint;
  readonly any: boolean;
}

function parseRange(range: string, { min, max, names }: Bounds): Range {
  const [span = "", stepText, ...moreSteps] = range.split("/");
  const [low = "", high, ...moreBounds] = span.split("-");
  let any = low === "*" || low === "?";
  let [start, end, step] = [BigInt(min), BigInt(max), 1n];
  if (!any) {
    start = numberOrName(low, names, min);
    if (moreBounds.length > 0) throw new ScheduleError(`too many hyphens: ${range}`);
    end = high === undefined ? start : numberOrName(high, names, min);
  }
  if (moreSteps.length > 0) throw new ScheduleError(`too many slashes: ${range}`);
  if (stepText !== undefined) {
    step = numberOrName(stepText, undefined, 0);
    if (high === undefined) end = BigInt(max);
    if (step > 1n) any = false;
  }
  if (start < min) throw new ScheduleError(`beginning of range (${start}) below minimum (${min}): ${range}`);
  if (end > max) throw new ScheduleError(`end of range (${end}) above maximum (${max}): ${range}`);
  if (start > end) throw new ScheduleError(`beginning of range (${start}) beyond end of range (${end}): ${range}`);
  if (step === 0n) throw new ScheduleError(`step of range should be a positive number: ${range}`);
  return { start, end, step, any };
}

function numberOrName(text: string, names: readonly string[] | undefined, first: number): bigint {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return BigInt(named + first);
  let number: bigint;
  try {
    number = goAtoi(text);
  } catch (error) {
    if (!(error instanceof GoNumberError)) throw error;
    throw new ScheduleError(`failed to parse int from ${text}: ${error.message}`);
  }
  if (number < 0n) throw new ScheduleError(`negative number (${number}) not allowed: ${text}`);
  return number;
}
