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
