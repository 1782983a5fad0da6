const NUMBER = "(0|[1-9]\\d*)";
const PRERELEASE = "(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)";
// Linear: every alternative begins with another letter or ends at a dot.
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-(${PRERELEASE}(?:\\.${PRERELEASE})*))?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/** A version by semver.org 2.0.0. */
export class Semver {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly #before: readonly string[];

  private constructor(numbers: readonly [bigint, bigint, bigint], before: readonly string[]) {
    [this.major, this.minor, this.patch] = numbers;
    this.#before = before;
  }

  /**
   * @param normalize also takes `v1.2`, `1` and `01.2.3`
   * @throws Error
   */
  static parse(text: string, normalize: boolean): Semver {
    const found = SEMVER.exec(normalize ? normalized(text) : text);
    if (!found) throw new Error("Invalid character(s) found or missing part in a semantic version");
    const [, major = "0", minor = "0", patch = "0", before = ""] = found;
    return new Semver([BigInt(major), BigInt(minor), BigInt(patch)], before === "" ? [] : before.split("."));
  }

  /** Negative, 0 or positive; build metadata does not count. */
  compare(other: Semver): number {
    for (const part of ["major", "minor", "patch"] as const) if (this[part] !== other[part]) return this[part] < other[part] ? -1 : 1;
    const [ours, theirs] = [this.#before, other.#before];
    if (ours.length === 0 || theirs.length === 0) return theirs.length - ours.length;
    for (let at = 0; at < Math.min(ours.length, theirs.length); at++) {
      const order = comparePart(ours[at]!, theirs[at]!);
      if (order !== 0) return order;
    }
    return ours.length - theirs.length;
  }
}

function comparePart(a: string, b: string): number {
  const [numeric, other] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numeric && other) return BigInt(a) < BigInt(b) ? -1 : a === b ? 0 : 1;
  if (numeric !== other) return numeric ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function normalized(text: string): string {
  const [, core = "", rest = ""] = /^v?([\d.]*)(.*)$/s.exec(text.trim()) ?? [];
  const parts = core.split(".").map((part) => part.replace(/^0+(?=\d)/, ""));
  while (parts.length < 3) parts.push("0");
  return parts.join(".") + rest;
}
