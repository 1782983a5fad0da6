import { findPattern } from "../../schema/index.ts";
import { CelError } from "../error.ts";
import { Duration, durationText, Timestamp, timestampText } from "../time.ts";
import { ListValue, MapValue, NativeList, TypeValue, typeNameOf, Uint, type Value } from "../value.ts";
import type { Library } from "./declare.ts";
import { goDouble } from "./go-double.ts";

const letters = (text: Value): string[] => [...(text as string)];
const outOfRange = (at: bigint): CelError => new CelError(`index out of range: ${at}`);
const list = (items: readonly Value[]): NativeList => new NativeList(items);

function indexOf(text: Value, part: Value, from = 0n): bigint {
  if (part === "") return from;
  if (from < 0n) throw outOfRange(from);
  const [all, wanted] = [letters(text), letters(part)];
  for (let at = Number(from); at <= all.length - wanted.length; at++)
    if (wanted.every((letter, index) => all[at + index] === letter)) return BigInt(at);
  return -1n;
}

function lastIndexOf(text: Value, part: Value, from?: bigint): bigint {
  const [all, wanted] = [letters(text), letters(part)];
  if (part === "") return from ?? BigInt(all.length);
  if (from !== undefined && from < 0n) throw outOfRange(from);
  if (from !== undefined && from >= all.length) return -1n;
  for (let at = Math.min(Number(from ?? all.length), all.length - wanted.length); at >= 0; at--)
    if (wanted.every((letter, index) => all[at + index] === letter)) return BigInt(at);
  return -1n;
}

function substring(text: Value, start: bigint, end?: bigint): string {
  const all = letters(text);
  if (end !== undefined && start > end) throw new CelError(`invalid substring range. start: ${start}, end: ${end}`);
  for (const at of [start, end ?? start]) if (at < 0n || at > all.length) throw outOfRange(at);
  return all.slice(Number(start), end === undefined ? undefined : Number(end)).join("");
}

/** Between letters too where the text to be replaced is empty, as Go's strings.Replace. */
function replace(text: Value, from: Value, to: Value, most = -1n): string {
  const parts = from === "" ? ["", ...letters(text), ""] : (text as string).split(from as string);
  const replaced = most < 0n ? parts.length - 1 : Math.min(Number(most), parts.length - 1);
  return [
    parts.slice(0, replaced + 1).join(to as string),
    ...(replaced + 1 < parts.length ? [parts.slice(replaced + 1).join(from as string)] : []),
  ].join(from as string);
}

function split(text: Value, separator: Value, most = -1n): NativeList {
  if (most === 0n) return list([]);
  const parts = separator === "" ? letters(text) : (text as string).split(separator as string);
  if (most < 0n || parts.length <= most) return list(parts);
  const kept = Number(most) - 1;
  return list([...parts.slice(0, kept), parts.slice(kept).join(separator as string)]);
}

function join(texts: Value, separator: Value = ""): string {
  return [...(texts as ListValue)]
    .map((text) => {
      if (typeof text !== "string") throw new CelError(`join: invalid input: ${String(text)}`);
      return text;
    })
    .join(separator as string);
}

const QUOTED: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

function quote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those that CEL escapes
  return `"${text.toWellFormed().replace(/[\x07\b\f\n\r\t\v\\"]/g, (letter) => QUOTED[letter]!)}"`;
}

/** As `%s` prints a value; inside a list or a map texts are quoted and times written as expressions. */
function textOf(value: Value, inside: boolean): string {
  switch (typeof value) {
    case "string":
      return inside ? quote(value) : value;
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return inside ? fixed(value, 6, false) : goDouble(value);
  }
  if (value === null) return "null";
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return inside ? `b${quote(Buffer.from(value).toString("utf8"))}` : Buffer.from(value).toString("utf8");
  if (value instanceof TypeValue) return value.name;
  if (value instanceof Timestamp) return inside ? `timestamp(${quote(timestampText(value))})` : timestampText(value);
  if (value instanceof Duration) return inside ? `duration(${quote(durationText(value))})` : durationText(value);
  if (value instanceof ListValue) return `[${[...value].map((item) => textOf(item, true)).join(", ")}]`;
  if (value instanceof MapValue) {
    const entries = [...value.keys()].map((key) => [textOf(key, true), textOf(value.get(key), true)] as const);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, inner]) => `${key}:${inner}`)
      .join(", ")}}`;
  }
  throw new CelError(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeNameOf(value)}`,
  );
}

function fixed(value: number, digits: number, grouped: boolean): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const [whole = "", fraction] = value.toFixed(digits).split(".");
  const shown = grouped ? whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",") : whole;
  return fraction === undefined ? shown : `${shown}.${fraction}`;
}

const formatError = (message: string): CelError => new CelError(`error during formatting: ${message}`);

function inBase(value: Value, base: number, what: string): string {
  if (typeof value === "boolean" && base === 2) return value ? "1" : "0";
  const whole = value instanceof Uint ? value.value : value;
  if (typeof whole !== "bigint")
    throw formatError(`only integers${base === 2 ? " and bools" : ""} can be formatted as ${what}, was given ${typeNameOf(value)}`);
  return whole.toString(base);
}

function hex(value: Value): string {
  if (typeof value === "string") return Buffer.from(value, "utf8").toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value !== "bigint" && !(value instanceof Uint))
    throw formatError(`only integers, byte buffers, and strings can be formatted as hex, was given ${typeNameOf(value)}`);
  return inBase(value, 16, "hex");
}

function formatted(verb: string, digits: number | undefined, value: Value): string {
  switch (verb) {
    case "s":
      return textOf(value, false);
    case "d":
      if (typeof value !== "bigint" && !(value instanceof Uint))
        throw formatError(`decimal clause can only be used on integers, was given ${typeNameOf(value)}`);
      return String(value instanceof Uint ? value.value : value);
    case "f":
    case "e": {
      const what = verb === "f" ? "fixed-point" : "scientific";
      if (typeof value !== "number") throw formatError(`${what} clause can only be used on doubles, was given ${typeNameOf(value)}`);
      if (verb === "f") return fixed(value, digits ?? 6, true);
      const [mantissa, exponent = "0"] = value.toExponential(digits ?? 6).split("e");
      const power = `${Number(exponent) < 0 ? "-" : ""}${String(Math.abs(Number(exponent))).padStart(2, "0")}`;
      // Go's message printer writes a power of ten between narrow spaces.
      return `${mantissa}\u202f×\u202f10${power.replace(/./g, (letter) => SUPERSCRIPT[letter]!)}`;
    }
    case "b":
      return inBase(value, 2, "binary");
    case "o":
      return inBase(value, 8, "octal");
    case "x":
      return hex(value);
    case "X":
      return hex(value).toUpperCase();
    default:
      throw formatError(`unrecognized formatting clause "${verb}"`);
  }
}

const SUPERSCRIPT: Readonly<Record<string, string>> = {
  "-": "⁻",
  0: "⁰",
  1: "¹",
  2: "²",
  3: "³",
  4: "⁴",
  5: "⁵",
  6: "⁶",
  7: "⁷",
  8: "⁸",
  9: "⁹",
};

/** `%%` or `%[.digits]verb`, each of the latter taking the next argument. */
function format(pattern: Value, given: Value): string {
  const args = [...(given as ListValue)];
  let used = 0;
  return (pattern as string).replace(/%(%|(?:\.(\d+))?(.|$))/gsu, (_, whole: string, digits: string | undefined, verb: string) => {
    if (whole === "%") return "%";
    if (verb === "") throw new CelError("unexpected end of string");
    if (used >= args.length) throw new CelError(`index ${used} out of range`);
    return formatted(verb, digits === undefined ? undefined : Number(digits), args[used++]);
  });
}

const asciiUpper = (text: string): string => text.replace(/[a-z]/g, (letter) => letter.toUpperCase());
const asciiLower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** Kubernetes' regular expressions, and version 2 of CEL's strings library. Positions are in code points. */
export const TEXT_FUNCTIONS: Library = {
  "string.find(string): string": (text, pattern) => findPattern(pattern as string, text as string, 1)[0] ?? "",
  "string.findAll(string): list<string>": (text, pattern) => list(findPattern(pattern as string, text as string, -1)),
  "string.findAll(string, int): list<string>": (text, pattern, most) => list(findPattern(pattern as string, text as string, Number(most))),
  "string.charAt(int): string": (text, at) => {
    const all = letters(text);
    if ((at as bigint) < 0n || (at as bigint) > all.length) throw outOfRange(at as bigint);
    return all[Number(at)] ?? "";
  },
  "string.indexOf(string): int": (text, part) => indexOf(text, part),
  "string.indexOf(string, int): int": (text, part, from) => indexOf(text, part, from as bigint),
  "string.lastIndexOf(string): int": (text, part) => lastIndexOf(text, part),
  "string.lastIndexOf(string, int): int": (text, part, from) => lastIndexOf(text, part, from as bigint),
  "string.lowerAscii(): string": (text) => asciiLower(text as string),
  "string.upperAscii(): string": (text) => asciiUpper(text as string),
  "string.replace(string, string): string": (text, from, to) => replace(text, from, to),
  "string.replace(string, string, int): string": (text, from, to, most) => replace(text, from, to, most as bigint),
  "string.split(string): list<string>": (text, separator) => split(text, separator),
  "string.split(string, int): list<string>": (text, separator, most) => split(text, separator, most as bigint),
  "string.substring(int): string": (text, start) => substring(text, start as bigint),
  "string.substring(int, int): string": (text, start, end) => substring(text, start as bigint, end as bigint),
  "string.trim(): string": (text) => (text as string).trim(),
  "string_format = string.format(list<dyn>): string": format,
  "strings_quote = strings.quote(string): string": (text) => quote(text as string),
  "list<string>.join(): string": (texts) => join(texts),
  "list<string>.join(string): string": (texts, separator) => join(texts, separator),
};
