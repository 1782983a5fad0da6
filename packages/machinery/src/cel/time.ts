/** A point in time and a span, in nanoseconds, as Go has them. */
export class Timestamp {
  /** Since 1970. */
  readonly nanoseconds: bigint;
  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

export class Duration {
  readonly nanoseconds: bigint;
  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MOST = (1n << 63n) - 1n;

/** A text as Go's `time.ParseDuration` reads it; `undefined` where it does not. */
export function parseGoDuration(text: string): Duration | undefined {
  const negative = text.startsWith("-");
  let rest = text.replace(/^[+-]/, "");
  if (rest === "0") return new Duration(0n);
  if (rest === "") return undefined;
  let total = 0n;
  while (rest !== "") {
    const [all, whole = "", , fraction = "", unit = ""] = /^(\d*)(\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/.exec(rest) ?? [];
    if (all === undefined || (whole === "" && fraction === "")) return undefined;
    const scale = UNITS[unit]!;
    total +=
      BigInt(whole === "" ? 0 : whole) * scale + (fraction === "" ? 0n : (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length));
    if (total > MOST) return undefined;
    rest = rest.slice(all.length);
  }
  return new Duration(negative ? -total : total);
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/;

/** An RFC 3339 time; `undefined` where the text is none. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const [, year, month, day, hour, minute, second, fraction = "", zone = ""] = RFC3339.exec(text) ?? [];
  if (year === undefined) return undefined;
  const parts = [year, month, day, hour, minute, second].map(Number) as [number, number, number, number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(parts[0], parts[1] - 1, parts[2]);
  date.setUTCHours(parts[3], parts[4], parts[5]);
  // What does not come back as it was written, as 30 February, is no date.
  const back = [
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  ];
  if (back.some((part, index) => part !== parts[index])) return undefined;
  const offset = zone.length === 1 ? 0 : (zone[0] === "-" ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6)));
  const nano = BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return new Timestamp(BigInt(date.getTime() - offset * 60_000) * 1_000_000n + nano);
}

/** As Go's RFC3339Nano prints it, in UTC. */
export function timestampText({ nanoseconds }: Timestamp): string {
  const [date, nano] = split(nanoseconds);
  const fraction = nano === 0n ? "" : `.${String(nano).padStart(9, "0").replace(/0+$/, "")}`;
  return `${date.toISOString().slice(0, 19)}${fraction}Z`;
}

/** In seconds, as CEL prints it: `90s`, `0.5s`. */
export function durationText({ nanoseconds }: Duration): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${nanoseconds < 0n ? "-" : ""}${size / 1_000_000_000n}${fraction === "" ? "" : `.${fraction}`}s`;
}

function split(nanoseconds: bigint): [Date, bigint] {
  const nano = ((nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return [new Date(Number((nanoseconds - nano) / 1_000_000n)), nano];
}

export type TimestampPart =
  | "year"
  | "month"
  | "dayOfYear"
  | "date"
  | "day"
  | "dayOfWeek"
  | "hours"
  | "minutes"
  | "seconds"
  | "milliseconds";

/**
 * A part of a time in a zone: an IANA name or an offset such as `-08:00`.
 *
 * @throws RangeError for an unknown zone
 */
export function timestampPart({ nanoseconds }: Timestamp, part: TimestampPart, zone = "UTC"): bigint {
  const [date, nano] = split(nanoseconds);
  const local = inZone(date, zone);
  switch (part) {
    case "year":
      return BigInt(local.getUTCFullYear());
    case "month":
      return BigInt(local.getUTCMonth());
    case "dayOfYear":
      return BigInt(
        Math.floor(
          (Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()) - Date.UTC(local.getUTCFullYear(), 0, 1)) / 86_400_000,
        ),
      );
    case "date":
      return BigInt(local.getUTCDate());
    case "day":
      return BigInt(local.getUTCDate() - 1);
    case "dayOfWeek":
      return BigInt(local.getUTCDay());
    case "hours":
      return BigInt(local.getUTCHours());
    case "minutes":
      return BigInt(local.getUTCMinutes());
    case "seconds":
      return BigInt(local.getUTCSeconds());
    case "milliseconds":
      return nano / 1_000_000n;
  }
}

/** A date whose UTC fields are those of the zone. */
function inZone(date: Date, zone: string): Date {
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset) return new Date(date.getTime() + (offset[1] === "-" ? -1 : 1) * (Number(offset[2]) * 60 + Number(offset[3])) * 60_000);
  if (zone === "UTC") return date;
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(date);
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value);
  return new Date(Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")));
}
