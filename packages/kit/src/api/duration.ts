/** Milliseconds as a number, or a text such as `"5m"`, `"1h30m"`, `"500ms"`. */
export type Duration = number | string;

const UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A text that is no duration. */
export class DurationError extends Error {
  override readonly name = "DurationError";
  readonly code = "ERR_DURATION";
}

/**
 * A duration in milliseconds. Texts are as Go writes them: numbers with units, largest first by custom.
 *
 * @throws DurationError for a text without a unit, an unknown unit, or a number that is negative or not finite.
 */
export function parseDuration(duration: Duration): number {
  if (typeof duration === "number") {
    if (!Number.isFinite(duration) || duration < 0)
      throw new DurationError(`${duration} is no duration: milliseconds must be finite and not negative`);
    return duration;
  }
  if (duration === "0") return 0;
  let total = 0;
  let rest = duration;
  while (rest !== "") {
    const part = /^(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/.exec(rest);
    if (!part) throw new DurationError(`${JSON.stringify(duration)} is no duration: write numbers with units, as in 5m, 1h30m or 500ms`);
    total += Number(part[1]) * UNITS[part[2]!]!;
    rest = rest.slice(part[0].length);
  }
  if (duration === "") throw new DurationError("an empty text is no duration");
  return total;
}

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/**
 * Nanoseconds, as Go's `time.ParseDuration` reads a text: with a sign, any order of units, at most about 292 years.
 *
 * @throws DurationError with Go's message.
 */
export function parseGoDuration(text: string): bigint {
  const invalid = (): DurationError => new DurationError(`time: invalid duration ${bytesQuoted(text)}`);
  const [, sign = "", body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === "0") return 0n;
  if (body === "") throw invalid();
  let total = 0n;
  for (let rest = body; rest !== ""; ) {
    const [number = "", whole = "", , fraction = ""] = /^([0-9]*)(\.([0-9]*))?/.exec(rest) ?? [];
    if (whole === "" && fraction === "") throw invalid();
    if (BigInt(whole || "0") > 2n ** 63n) throw invalid();
    const [unit = ""] = /^[^.0-9]*/.exec(rest.slice(number.length)) ?? [];
    if (unit === "") throw new DurationError(`time: missing unit in duration ${bytesQuoted(text)}`);
    const size = Object.hasOwn(NANOSECONDS, unit) ? NANOSECONDS[unit] : undefined;
    if (size === undefined) throw new DurationError(`time: unknown unit ${bytesQuoted(unit)} in duration ${bytesQuoted(text)}`);
    // Digits beyond the eighteenth are below a nanosecond even of an hour.
    const digits = fraction.slice(0, 18);
    total += BigInt(whole || "0") * size + (BigInt(digits || "0") * size) / 10n ** BigInt(digits.length);
    if (total > 2n ** 63n) throw invalid();
    rest = rest.slice(number.length + unit.length);
  }
  if (sign === "-") return -total;
  if (total === 2n ** 63n) throw invalid();
  return total;
}

/** How package `time` quotes: bytes outside of printable ASCII are written as `\x` and two digits. */
function bytesQuoted(text: string): string {
  const shown = Array.from(Buffer.from(text), (byte) => {
    if (byte < 0x20 || byte >= 0x80) return `\\x${byte.toString(16).padStart(2, "0")}`;
    return byte === 0x22 || byte === 0x5c ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
  });
  return `"${shown.join("")}"`;
}
