/** The ranges of a schedule's fields: minute, hour, day of the month, month, day of the week. */
const RANGES = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;
const NAMES: Readonly<Record<string, number>> = Object.fromEntries(
  ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    .map((name, index) => [name, index + 1] as const)
    .concat(["sun", "mon", "tue", "wed", "thu", "fri", "sat"].map((name, index) => [name, index] as const)),
);
const SHORT: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
};

/** A cron schedule that cannot be read. */
export class ScheduleError extends Error {
  override readonly name = "ScheduleError";
  readonly code = "ERR_SCHEDULE";
}

/** A cron schedule of five fields, in UTC or a time zone. */
export class Schedule {
  readonly #fields: readonly ReadonlySet<number>[];
  readonly #anyDay: boolean;
  readonly #anyWeekday: boolean;
  readonly #zone: Intl.DateTimeFormat | undefined;

  /** @throws ScheduleError */
  constructor(text: string, timeZone?: string) {
    const fields = (SHORT[text] ?? text).trim().split(/\s+/);
    if (fields.length !== 5) throw new ScheduleError(`the schedule ${JSON.stringify(text)} does not have five fields`);
    this.#fields = fields.map((field, index) => parseField(field, RANGES[index]!));
    this.#anyDay = /^[*?]/.test(fields[2]!);
    this.#anyWeekday = /^[*?]/.test(fields[4]!);
    const parts = { minute: "numeric", hour: "numeric", day: "numeric", month: "numeric", weekday: "short", hourCycle: "h23" } as const;
    this.#zone =
      timeZone === undefined || timeZone === "Etc/UTC" || timeZone === "UTC"
        ? undefined
        : new Intl.DateTimeFormat("en-US", { ...parts, timeZone });
  }

  /** The first time after `after`, in milliseconds; undefined where there is none within five years. */
  next(after: number): number | undefined {
    let at = Math.floor(after / 60_000) * 60_000 + 60_000;
    for (const end = at + 5 * 366 * 86_400_000; at < end; ) {
      const { minute, hour, day, month, weekday } = this.#parts(at);
      if (!this.#fields[3]!.has(month) || !this.#onDay(day, weekday)) at += (23 - hour) * 3_600_000 + (60 - minute) * 60_000;
      else if (!this.#fields[1]!.has(hour)) at += (60 - minute) * 60_000;
      else if (!this.#fields[0]!.has(minute)) at += 60_000;
      else return at;
    }
    return undefined;
  }

  /** Day of the month and of the week: both must fit, or either where both are restricted. */
  #onDay(day: number, weekday: number): boolean {
    const [byDay, byWeekday] = [this.#fields[2]!.has(day), this.#fields[4]!.has(weekday) || (weekday === 0 && this.#fields[4]!.has(7))];
    return this.#anyDay || this.#anyWeekday ? byDay && byWeekday : byDay || byWeekday;
  }
  #parts(at: number): { minute: number; hour: number; day: number; month: number; weekday: number } {
    if (!this.#zone) {
      const date = new Date(at);
      return {
        minute: date.getUTCMinutes(),
        hour: date.getUTCHours(),
        day: date.getUTCDate(),
        month: date.getUTCMonth() + 1,
        weekday: date.getUTCDay(),
      };
    }
    const parts = Object.fromEntries(this.#zone.formatToParts(at).map(({ type, value }) => [type, value]));
    return {
      minute: Number(parts["minute"]),
      hour: Number(parts["hour"]),
      day: Number(parts["day"]),
      month: Number(parts["month"]),
      weekday: NAMES[parts["weekday"]!.toLowerCase()]!,
    };
  }
}

function parseField(field: string, [low, high]: readonly [number, number]): ReadonlySet<number> {
  const values = new Set<number>();
  for (const part of field.split(",")) {
    const match = /^(\*|\?|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part);
    if (!match) throw new ScheduleError(`${JSON.stringify(part)} is no part of a schedule`);
    const [, all, from, to, step] = match;
    const open = all === "*" || all === "?";
    const first = open ? low : number(from!);
    const last = open || (step !== undefined && to === undefined) ? high : to === undefined ? first : number(to);
    if (!(first >= low && last <= high && first <= last) || step === "0")
      throw new ScheduleError(`${JSON.stringify(part)} is not within ${low}-${high}`);
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}
function number(text: string): number {
  return NAMES[text.toLowerCase()] ?? Number(text);
}
