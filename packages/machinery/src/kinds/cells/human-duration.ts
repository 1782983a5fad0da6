const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Up to (not including) each limit, a duration is told in the unit, and in the smaller one too where there is one. */
const SCALE: readonly {
  readonly below: number;
  readonly unit: number;
  readonly sign: string;
  readonly smaller?: readonly [unit: number, sign: string];
}[] = [
  { below: 2 * MINUTE, unit: SECOND, sign: "s" },
  { below: 10 * MINUTE, unit: MINUTE, sign: "m", smaller: [SECOND, "s"] },
  { below: 3 * HOUR, unit: MINUTE, sign: "m" },
  { below: 8 * HOUR, unit: HOUR, sign: "h", smaller: [MINUTE, "m"] },
  { below: 2 * DAY, unit: HOUR, sign: "h" },
  { below: 8 * DAY, unit: DAY, sign: "d", smaller: [HOUR, "h"] },
  { below: 2 * YEAR, unit: DAY, sign: "d" },
  { below: 8 * YEAR, unit: YEAR, sign: "y", smaller: [DAY, "d"] },
  { below: Number.POSITIVE_INFINITY, unit: YEAR, sign: "y" },
];

/**
 * A duration in two or three digits, as kubectl shows ages: `45s`, `3m20s`, `5h`, `12d`, `2y40d`.
 *
 * @param milliseconds up to two seconds below nothing count as nothing, since clocks differ; beyond that it is `<invalid>`.
 */
export function humanDuration(milliseconds: number): string {
  if (milliseconds <= -2 * SECOND) return "<invalid>";
  if (milliseconds < 0) return "0s";
  for (const { below, unit, sign, smaller } of SCALE) {
    if (milliseconds >= below) continue;
    const whole = Math.floor(milliseconds / unit);
    const rest = smaller ? Math.floor((milliseconds % unit) / smaller[0]) : 0;
    return rest > 0 ? `${whole}${sign}${rest}${smaller?.[1]}` : `${whole}${sign}`;
  }
  return "<invalid>";
}
