// Quantities, after k8s.io/apimachinery/pkg/api/resource: exact, in nano units as a big integer.

const NANO = 1_000_000_000n;
const BINARY: Record<string, bigint> = { Ki: 1n << 10n, Mi: 1n << 20n, Gi: 1n << 30n, Ti: 1n << 40n, Pi: 1n << 50n, Ei: 1n << 60n };
const DECIMAL: Record<string, number> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+|[numkMGTPE]?)$/;
const MAX = (1n << 63n) - 1n;

/** How a quantity is written: by powers of two, of ten, or with an exponent. */
export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** A text that is no quantity. `message` is Kubernetes' own. */
export class QuantityError extends Error {
  override readonly name = "QuantityError";
  readonly code = "ERR_QUANTITY";
}

/**
 * An amount of a resource: `100m`, `1.5Gi`, `1e3`. Immutable.
 *
 * Guarantees: exact to one billionth, beyond which it is rounded up, as in Kubernetes; `toString` gives Kubernetes'
 * canonical form, in the family of suffixes in which it was written.
 */
export class Quantity {
  readonly #nano: bigint;
  readonly format: QuantityFormat;

  private constructor(nano: bigint, format: QuantityFormat) {
    this.#nano = nano;
    this.format = format;
  }

  /** @throws QuantityError */
  static parse(text: string | number): Quantity {
    const source = String(text);
    const parts = FORM.exec(source);
    // A quantity without digits is 0, also a lone sign, dot or suffix; only nothing at all is none.
    if (!parts || source === "") throw new QuantityError(whyNot(source));
    const [, sign, whole = "", fraction = "", suffix = ""] = parts;
    const digits = BigInt(`${whole}${fraction}` || "0");
    let numerator = digits * NANO;
    let denominator = 10n ** BigInt(fraction.length);
    let format: QuantityFormat = "DecimalSI";
    const binary = BINARY[suffix];
    if (binary !== undefined) {
      numerator *= binary;
      format = "BinarySI";
    } else {
      const exponential = /^[eE]([+-]?\d+)$/.exec(suffix);
      if (exponential) format = "DecimalExponent";
      const exponent = exponential ? Number(exponential[1]) : DECIMAL[suffix]!;
      if (Math.abs(exponent) > 1000) throw new QuantityError("unable to parse quantity's suffix");
      if (exponent >= 0) numerator *= 10n ** BigInt(exponent);
      else denominator *= 10n ** BigInt(-exponent);
    }
    let nano = numerator / denominator;
    if (nano * denominator !== numerator) nano++;
    if (nano > MAX * NANO) nano = MAX * NANO;
    return new Quantity(sign === "-" ? -nano : nano, format);
  }

  /** A whole number of units. */
  static of(units: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(units) * NANO, format);
  }

  /** Thousandths of a unit: milli-CPU. */
  static ofMilli(milli: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity((BigInt(milli) * NANO) / 1000n, format);
  }

  get isZero(): boolean {
    return this.#nano === 0n;
  }

  /** -1, 0 or 1. */
  get sign(): -1 | 0 | 1 {
    return this.#nano < 0n ? -1 : this.#nano > 0n ? 1 : 0;
  }

  /** Negative, 0 or positive as this is less than, equal to or more than the other. */
  cmp(other: Quantity): number {
    return this.#nano < other.#nano ? -1 : this.#nano > other.#nano ? 1 : 0;
  }

  /** The sum, in this one's format unless this is zero. */
  add(other: Quantity): Quantity {
    return new Quantity(this.#nano + other.#nano, this.isZero ? other.format : this.format);
  }

  sub(other: Quantity): Quantity {
    return new Quantity(this.#nano - other.#nano, this.isZero ? other.format : this.format);
  }

  /** Times a ratio of two whole numbers, rounded up to a billionth. */
  mul(numerator: bigint | number, denominator: bigint | number = 1): Quantity {
    const product = this.#nano * BigInt(numerator);
    const by = BigInt(denominator);
    const quotient = product / by;
    return new Quantity(product > 0n && quotient * by !== product ? quotient + 1n : quotient, this.format);
  }

  /** Whole units, rounded up (away from zero), as Kubernetes' `Value`. */
  get value(): bigint {
    return roundedUp(this.#nano, NANO);
  }

  /** Thousandths, rounded up, as Kubernetes' `MilliValue`. */
  get milliValue(): bigint {
    return roundedUp(this.#nano, NANO / 1000n);
  }

  /** Billionths. */
  get nanoValue(): bigint {
    return this.#nano;
  }

  toNumber(): number {
    return Number(this.#nano) / 1e9;
  }

  toString(): string {
    const sign = this.#nano < 0n ? "-" : "";
    const nano = this.#nano < 0n ? -this.#nano : this.#nano;
    if (nano === 0n) return "0";
    // Less than a thousand and twenty-four, or not whole: binary suffixes say nothing there.
    if (this.format === "BinarySI" && nano % NANO === 0n && nano >= 1024n * NANO) {
      let units = nano / NANO;
      let suffix = "";
      for (const next of ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]) {
        if (units % 1024n !== 0n) break;
        units /= 1024n;
        suffix = next;
      }
      return `${sign}${units}${suffix}`;
    }
    let digits = nano;
    let exponent = -9;
    while (digits % 1000n === 0n && exponent < 18) {
      digits /= 1000n;
      exponent += 3;
    }
    if (this.format === "DecimalExponent") return `${sign}${digits}${exponent === 0 ? "" : `e${exponent}`}`;
    const suffix = Object.entries(DECIMAL).find(([, power]) => power === exponent)?.[0] ?? "";
    return `${sign}${digits}${suffix}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** Kubernetes splits number and suffix first, and tells which of the two it could not read. */
function whyNot(source: string): string {
  // The number ends at its second dot, and what follows is no suffix.
  return source !== "" && /^[+-]?[0-9]*\.?[0-9]*[eEinumkKMGTP]*[-+]?[0-9]*$/.test(source)
    ? "unable to parse quantity's suffix"
    : "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
}

function roundedUp(nano: bigint, unit: bigint): bigint {
  const quotient = nano / unit;
  if (quotient * unit === nano) return quotient;
  return nano > 0n ? quotient + 1n : quotient - 1n;
}
