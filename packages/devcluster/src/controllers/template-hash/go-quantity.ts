const SUFFIXES: Readonly<Record<string, readonly ["DecimalSI" | "BinarySI", number]>> = {
  "": ["DecimalSI", 0],
  n: ["DecimalSI", -9],
  u: ["DecimalSI", -6],
  m: ["DecimalSI", -3],
  k: ["DecimalSI", 3],
  M: ["DecimalSI", 6],
  G: ["DecimalSI", 9],
  T: ["DecimalSI", 12],
  P: ["DecimalSI", 15],
  E: ["DecimalSI", 18],
  Ki: ["BinarySI", 10],
  Mi: ["BinarySI", 20],
  Gi: ["BinarySI", 30],
  Ti: ["BinarySI", 40],
  Pi: ["BinarySI", 50],
  Ei: ["BinarySI", 60],
};
const MAX_INT64 = (1n << 63n) - 1n;

/**
 * A quantity as Go keeps it after reading it: its number, its scale, and its text where reading found it canonical
 * (`resource.ParseQuantity`, the path for what fits 64 bits; larger numbers are rare in templates and printed alike).
 *
 * @param text a canonical quantity, as the API server gives it out.
 */
export function dumpQuantity(text: string | number | undefined): string {
  const given = text === undefined ? "" : String(text);
  if (given === "" || given === "0") return struct(0n, 0, given === "" ? "" : "0", given === "" ? "" : "DecimalSI");
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+)|([a-zA-Z]*))$/.exec(given);
  if (!parts) return struct(0n, 0, given, "DecimalSI");
  const [, sign, whole = "", decimals = "", power, suffix = ""] = parts;
  const [format, exponent] =
    power === undefined ? (SUFFIXES[suffix] ?? (["DecimalSI", 0] as const)) : (["DecimalExponent", Number(power)] as const);
  const digits = whole.replace(/^0+/, "");
  const shifted = digits + decimals;
  const bare = BigInt(shifted || "0");
  const mantissa = format === "BinarySI" ? 1n << BigInt(exponent) : 1n;
  const scale = (format === "BinarySI" ? 0 : exponent) - decimals.length;
  const value = bare * mantissa * (sign === "-" ? -1n : 1n);
  const canonical = format === "BinarySI" ? (bare & 7n) !== 0n : scale % 3 === 0 && !shifted.endsWith("000") && shifted[0] !== "0";
  return struct(value > MAX_INT64 ? MAX_INT64 : value, scale, canonical ? given : "", format);
}

function struct(value: bigint, scale: number, text: string, format: string): string {
  return `{i:(resource.int64Amount){value:(int64)${value} scale:(resource.Scale)${scale}} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)${text} Format:(resource.Format)${format}}`;
}
