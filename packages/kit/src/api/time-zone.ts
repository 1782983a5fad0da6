const DAY_MS = 86_400_000;
/** Days whose offset is remembered; a schedule walks over days in order, so that few are enough. */
const DAYS_KEPT = 4096;

/** The time of day and the date that clocks of a zone show. */
export interface LocalTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

/** A name that no time zone of the IANA data base has. */
export class TimeZoneError extends RangeError {
  override readonly name = "TimeZoneError";
  readonly code = "ERR_TIME_ZONE";
}

/** Whether `TimeZone` knows the name. */
export function isTimeZone(name: string): boolean {
  try {
    return new TimeZone(name) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Conversion between instants, in milliseconds of the epoch, and the clocks of a time zone.
 *
 * Assumption: a zone changes its offset at most once between two midnights of UTC.
 */
export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | undefined;
  /** Offset in milliseconds by day of UTC, at its beginning. */
  readonly #midnights = new Map<number, number>();

  /** @throws TimeZoneError in the words of Go's `time.LoadLocation`. */
  constructor(name: string) {
    if (name.includes("..") || /^[/\\]/.test(name)) throw new TimeZoneError("time: invalid location name");
    this.name = name;
    if (name === "" || name === "UTC") return;
    const unknown = new TimeZoneError(`unknown time zone ${name}`);
    // Offsets are names of zones for JavaScript, and for nobody else.
    if (/^[+-]/.test(name)) throw unknown;
    try {
      this.#format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    } catch {
      throw unknown;
    }
    const { timeZone } = this.#format.resolvedOptions();
    if (timeZone !== name && timeZone.toLowerCase() === name.toLowerCase()) throw unknown;
  }

  /** What the zone's clocks show at an instant. */
  local(at: number): LocalTime {
    const date = new Date(at + this.#offset(at));
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      weekday: date.getUTCDay(),
    };
  }

  /** RFC 3339 in whole seconds by the zone's clocks: `2026-03-09T00:00:00-04:00`, and `Z` where the offset is none. */
  rfc3339(at: number): string {
    const offset = this.#offset(at);
    const minutes = Math.abs(Math.trunc(offset / 60_000));
    const two = (value: number): string => String(value).padStart(2, "0");
    const zone = minutes === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
    return `${new Date(at + offset).toISOString().slice(0, 19)}${zone}`;
  }

  /**
   * The instant at which clocks show this, as Go's `time.Date` chooses: of an hour that comes twice one of both, and for
   * an hour that clocks skip the instant by the offset of one side. Days and months beyond their ends count on.
   */
  instant(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
    const shown = Date.UTC(year, month - 1, day, hour, minute, second);
    return shown - this.#offset(shown - this.#offset(shown));
  }

  #offset(at: number): number {
    if (!this.#format) return 0;
    const day = Math.floor(at / DAY_MS);
    const [start, end] = [this.#atMidnight(day), this.#atMidnight(day + 1)];
    return start === end ? start : this.#ask(at);
  }

  #atMidnight(day: number): number {
    const known = this.#midnights.get(day);
    if (known !== undefined) return known;
    if (this.#midnights.size >= DAYS_KEPT) this.#midnights.clear();
    const offset = this.#ask(day * DAY_MS);
    this.#midnights.set(day, offset);
    return offset;
  }

  #ask(at: number): number {
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = /GMT(?:([+-])(\d+)(?::(\d+)(?::(\d+))?)?)?$/.exec(
      this.#format!.format(at),
    )!;
    return (sign === "-" ? -1000 : 1000) * (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
  }
}
