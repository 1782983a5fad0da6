import { parseSchedule, type ScheduleField, type ScheduleRule } from "./schedule-text.ts";
import { type LocalTime, TimeZone } from "./time-zone.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A time is searched for in this year and as many after it. */
const YEARS = 5;

/** What is due at a moment; see `Schedule.due`. */
export interface DueTimes {
  /** The last time that was due, milliseconds of the epoch; absent where there was none. */
  readonly last?: number;
  /** How many times were due, as Kubernetes estimates it. */
  readonly missed: number;
  /** The next time after now; absent where there is none within five years. */
  readonly next?: number;
}

/**
 * A cron schedule, as Kubernetes reads it for CronJobs: five fields, `@daily` and the like, `@every 1h30m`; by the clocks
 * of a time zone (`TZ=…` or `CRON_TZ=…` before the text, or the second parameter; default UTC).
 *
 * Guarantees
 * - Whatever `github.com/robfig/cron/v3` 3.0.1 answers, this answers: `packages/kit/testdata/schedules.json` holds its answers.
 * - Around a change of clocks: a time of day that is skipped does not come that day; one that comes twice comes twice for
 *   schedules of each hour, and once where the hour is named.
 */
export class Schedule {
  readonly #rule: ScheduleRule;
  readonly #zone: TimeZone;

  /**
   * @param timeZone name of the IANA data base; a zone within the text goes before it.
   * @throws ScheduleError for the text, TimeZoneError for `timeZone`.
   */
  constructor(text: string, timeZone = "UTC") {
    this.#rule = parseSchedule(text);
    this.#zone = (this.#rule.type === "calendar" ? this.#rule.zone : undefined) ?? new TimeZone(timeZone);
  }

  /** The first time after `after`, both in milliseconds of the epoch; undefined where there is none within five years. */
  next(after: number): number | undefined {
    const second = Math.floor(after / SECOND_MS) * SECOND_MS;
    if (this.#rule.type === "every") return second + this.#rule.delayMs;
    return new Search(this.#rule, this.#zone, second + SECOND_MS).run();
  }

  /**
   * The last time that was due in `(since, now]`, and the next after now: what a CronJob's controller starts and waits for
   * (`mostRecentScheduleTime` of Kubernetes 1.36). The cost does not grow with the time that has passed.
   *
   * Caveat, as in Kubernetes: how many were missed follows from the distance of the first two, so that in schedules of
   * uneven distances the last may not be found.
   *
   * @param since when the last run was due, or the schedule made.
   * @throws RangeError for a schedule that has one time only, or none.
   */
  due(since: number, now: number): DueTimes {
    const first = this.next(since);
    const second = first === undefined ? undefined : this.next(first);
    if (first !== undefined && now < first) return { missed: 0, next: first };
    if (first !== undefined && second !== undefined && now < second) return { last: first, missed: 1, next: second };
    if (first === undefined || second === undefined) throw new RangeError("time difference between two schedules is less than 1 second");
    const distance = second - first;
    const missed = Math.floor((now - first) / SECOND_MS / (distance / SECOND_MS)) + 1;
    let last: number | undefined;
    let next = this.next(first + (missed - 2) * distance);
    for (; next !== undefined && next <= now; next = this.next(next)) last = next;
    if (last === undefined) next = this.next(now);
    return { missed, ...(last === undefined ? {} : { last }), ...(next === undefined ? {} : { next }) };
  }

  /**
   * The last time in `(since, now]`, exactly, and undefined where there is none. Times of `@every` count from `since`.
   *
   * @param within how far to look back before `now`, milliseconds.
   */
  last(since: number, now: number, within: number): number | undefined {
    if (this.#rule.type === "every") {
      const at = this.#everyFrom(since, now);
      return at > since && at > now - within ? at : undefined;
    }
    let last: number | undefined;
    for (let at = this.next(Math.max(since, now - within)); at !== undefined && at <= now; at = this.next(at)) last = at;
    return last;
  }

  /** The first time after `now`; those of `@every` count from `since`. Undefined where there is none within five years. */
  after(since: number, now: number): number | undefined {
    return this.#rule.type === "every"
      ? this.#everyFrom(since, Math.max(since, now)) + this.#rule.delayMs
      : this.next(Math.max(since, now));
  }

  /** The last time of `@every` up to `now`; `since` itself in whole seconds where none has come. */
  #everyFrom(since: number, now: number): number {
    const { delayMs } = this.#rule as { readonly delayMs: number };
    const start = Math.floor(since / SECOND_MS) * SECOND_MS;
    return start + Math.max(0, Math.floor((now - start) / delayMs)) * delayMs;
  }
}

type Calendar = ScheduleRule & { readonly type: "calendar" };

/**
 * The search for the next time: units from the month down to the minute are stepped up until each fits; a step that
 * carries into the unit above starts again from the month. Steps are taken by the zone's clocks for months and days and
 * in passed time below, which decides what comes of an hour that is skipped or comes twice.
 */
class Search {
  readonly #rule: Calendar;
  readonly #zone: TimeZone;
  #at: number;
  #now: LocalTime;
  /** The smaller units were set to their beginnings, as is done once, at the first step. */
  #stepped = false;

  constructor(rule: Calendar, zone: TimeZone, from: number) {
    this.#rule = rule;
    this.#zone = zone;
    this.#at = from;
    this.#now = zone.local(from);
  }

  run(): number | undefined {
    const { month, hour, minute } = this.#rule;
    // A field of commas alone holds no value, and nothing is to be searched for.
    if ([month, hour, minute].some(({ values }) => values.size === 0)) return undefined;
    const lastYear = this.#now.year + YEARS;
    while (this.#now.year <= lastYear) {
      if (this.#toMonth() && this.#toDay() && this.#toHour() && this.#toMinute() && this.#toSecond()) return this.#at;
    }
    return undefined;
  }

  #toMonth(): boolean {
    while (!this.#rule.month.values.has(this.#now.month)) {
      if (this.#first()) this.#begin(1);
      this.#add(1, 0);
      if (this.#now.month === 1) return false;
    }
    return true;
  }

  #toDay(): boolean {
    while (!this.#dayFits()) {
      if (this.#first()) this.#begin(this.#now.day);
      const before = this.#at;
      this.#add(0, 1);
      // Where a zone skips a whole day (Samoa, 2011-12-30) that day's midnight is the one before; robfig/cron never returns then.
      if (this.#at <= before) this.#go(before + DAY_MS - this.#at);
      // Where midnight is skipped, clocks show 23 or 1 instead.
      const { hour } = this.#now;
      if (hour !== 0) this.#go((hour > 12 ? 24 - hour : -hour) * HOUR_MS);
      if (this.#now.day === 1) return false;
    }
    return true;
  }

  #toHour(): boolean {
    while (!this.#rule.hour.values.has(this.#now.hour)) {
      if (this.#first()) this.#begin(this.#now.day, this.#now.hour);
      this.#go(HOUR_MS);
      if (this.#now.hour === 0) return false;
    }
    return true;
  }

  #toMinute(): boolean {
    while (!this.#rule.minute.values.has(this.#now.minute)) {
      if (this.#first()) this.#go(Math.floor(this.#at / MINUTE_MS) * MINUTE_MS - this.#at);
      this.#go(MINUTE_MS);
      if (this.#now.minute === 0) return false;
    }
    return true;
  }

  #toSecond(): boolean {
    if (this.#now.second === 0) return true;
    this.#first();
    this.#go(MINUTE_MS - this.#now.second * SECOND_MS);
    return false;
  }

  /** Day of the month and of the week: both must fit, or either where both are restricted. */
  #dayFits(): boolean {
    const fits = ({ values }: ScheduleField, value: number): boolean => values.has(value);
    const { day, weekday } = this.#rule;
    const [byDay, byWeekday] = [fits(day, this.#now.day), fits(weekday, this.#now.weekday)];
    return day.star || weekday.star ? byDay && byWeekday : byDay || byWeekday;
  }

  #first(): boolean {
    const first = !this.#stepped;
    this.#stepped = true;
    return first;
  }

  /** To the beginning of a day or an hour of this month, by the clocks. */
  #begin(day: number, hour = 0): void {
    this.#set(this.#zone.instant(this.#now.year, this.#now.month, day, hour));
  }
  /** By the clocks, which show the same time of day then; months beyond December are next year's. */
  #add(months: number, days: number): void {
    const { year, month, day, hour, minute, second } = this.#now;
    this.#set(this.#zone.instant(year, month + months, day + days, hour, minute, second));
  }
  #go(ms: number): void {
    this.#set(this.#at + ms);
  }
  #set(at: number): void {
    this.#at = at;
    this.#now = this.#zone.local(at);
  }
}
