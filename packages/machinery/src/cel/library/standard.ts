import { compilePattern } from "../../schema/index.ts";
import { CelError } from "../error.ts";
import {
  Duration,
  durationText,
  parseGoDuration,
  parseTimestamp,
  Timestamp,
  type TimestampPart,
  timestampPart,
  timestampText,
} from "../time.ts";
import { compare, equal, type ListValue, type MapValue, NativeList, NativeMap, TypeValue, typeNameOf, Uint, type Value } from "../value.ts";
import type { Library, Overload } from "./declare.ts";
import { goDouble } from "./go-double.ts";

const MAX_INT = (1n << 63n) - 1n;
const MIN_INT = -(1n << 63n);
const MAX_UINT = (1n << 64n) - 1n;

function int(value: bigint): bigint {
  if (value > MAX_INT || value < MIN_INT) throw new CelError("integer overflow");
  return value;
}
function uint(value: bigint): Uint {
  if (value < 0n || value > MAX_UINT) throw new CelError("unsigned integer overflow");
  return new Uint(value);
}
function span(value: bigint): Duration {
  if (value > MAX_INT || value < MIN_INT) throw new CelError("duration overflow");
  return new Duration(value);
}
function nonZero(value: bigint, what: string): bigint {
  if (value === 0n) throw new CelError(`${what} by zero`);
  return value;
}

type Ints = (a: bigint, b: bigint) => bigint;
const ints = (run: Ints): Overload["run"] => ((a: bigint, b: bigint) => int(run(a, b))) as Overload["run"];
const uints = (run: Ints): Overload["run"] => ((a: Uint, b: Uint) => uint(run(a.value, b.value))) as Overload["run"];
const doubles = (run: (a: number, b: number) => number): Overload["run"] => run as Overload["run"];

const ARITHMETIC: Library = {
  "add_int64 = _+_(int, int): int": ints((a, b) => a + b),
  "_+_(uint, uint): uint": uints((a, b) => a + b),
  "_+_(double, double): double": doubles((a, b) => a + b),
  "add_string = _+_(string, string): string": (a, b) => (a as string) + (b as string),
  "add_bytes = _+_(bytes, bytes): bytes": (a, b) => Uint8Array.from([...(a as Uint8Array), ...(b as Uint8Array)]),
  "add_list = _+_(list<A>, list<A>): list<A>": (a, b) => new NativeList([...(a as ListValue), ...(b as ListValue)]),
  "_+_(duration, duration): duration": (a, b) => span((a as Duration).nanoseconds + (b as Duration).nanoseconds),
  "_+_(timestamp, duration): timestamp": (a, b) => new Timestamp((a as Timestamp).nanoseconds + (b as Duration).nanoseconds),
  "_+_(duration, timestamp): timestamp": (a, b) => new Timestamp((a as Duration).nanoseconds + (b as Timestamp).nanoseconds),
  "_-_(int, int): int": ints((a, b) => a - b),
  "_-_(uint, uint): uint": uints((a, b) => a - b),
  "_-_(double, double): double": doubles((a, b) => a - b),
  "_-_(duration, duration): duration": (a, b) => span((a as Duration).nanoseconds - (b as Duration).nanoseconds),
  "_-_(timestamp, duration): timestamp": (a, b) => new Timestamp((a as Timestamp).nanoseconds - (b as Duration).nanoseconds),
  "_-_(timestamp, timestamp): duration": (a, b) => span((a as Timestamp).nanoseconds - (b as Timestamp).nanoseconds),
  "_*_(int, int): int": ints((a, b) => a * b),
  "_*_(uint, uint): uint": uints((a, b) => a * b),
  "_*_(double, double): double": doubles((a, b) => a * b),
  "_/_(int, int): int": ints((a, b) => a / nonZero(b, "division")),
  "_/_(uint, uint): uint": uints((a, b) => a / nonZero(b, "division")),
  "_/_(double, double): double": doubles((a, b) => a / b),
  "_%_(int, int): int": ints((a, b) => a % nonZero(b, "modulus")),
  "_%_(uint, uint): uint": uints((a, b) => a % nonZero(b, "modulus")),
  "-_(int): int": (a) => int(-(a as bigint)),
  "-_(double): double": (a) => -(a as number),
};

function ordered(a: Value, b: Value): number {
  // NaN has no order: every comparison with it is false.
  return compare(a, b) ?? Number.NaN;
}

const NUMBERS = ["int", "uint", "double"];

function comparisons(): Library {
  const library: Record<string, Overload["run"]> = {};
  const signs: readonly [string, string, (order: number) => boolean][] = [
    ["_<_", "less", (order) => order < 0],
    ["_<=_", "less_equals", (order) => order <= 0],
    ["_>_", "greater", (order) => order > 0],
    ["_>=_", "greater_equals", (order) => order >= 0],
  ];
  for (const [fn, name, holds] of signs) {
    const run: Overload["run"] = (a, b) => holds(ordered(a, b));
    for (const type of ["bool", "timestamp", "duration"]) library[`${fn}(${type}, ${type}): bool`] = run;
    for (const type of ["string", "bytes"]) library[`${name}_${type} = ${fn}(${type}, ${type}): bool`] = run;
    for (const a of NUMBERS) for (const b of NUMBERS) library[`${fn}(${a}, ${b}): bool`] = run;
  }
  return library;
}

const size: Record<string, (value: Value) => bigint> = {
  string: (text) => BigInt([...(text as string)].length),
  bytes: (bytes) => BigInt((bytes as Uint8Array).length),
  "list<A>": (list) => BigInt((list as ListValue).size),
  "map<A,B>": (map) => BigInt((map as MapValue).size),
};

function sizes(): Library {
  const library: Record<string, Overload["run"]> = {};
  for (const [type, run] of Object.entries(size)) {
    library[`size(${type}): int`] = run;
    library[`${type}.size(): int`] = run;
  }
  return library;
}

function index(list: Value, at: Value): Value {
  const found = (list as ListValue).at(Number(at));
  if (found === undefined) throw new CelError(`index out of bounds: ${at}`);
  return found;
}

/** The value of a key. @throws CelError where the map does not have it */
export function lookUp(map: MapValue, key: Value): Value {
  const found = map.get(key);
  if (found === undefined) throw new CelError(`no such key: ${shownKey(key)}`);
  return found;
}

const shownKey = (key: Value): string => (key instanceof Uint ? String(key.value) : String(key));

const CONTAINERS: Library = {
  "index_list = _[_](list<A>, int): A": index,
  "index_map = _[_](map<A,B>, A): B": (map, key) => lookUp(map as MapValue, key),
  "in_list = @in(A, list<A>): bool": (item, list) => {
    for (const other of list as ListValue) if (equal(item, other)) return true;
    return false;
  },
  "in_map = @in(A, map<A,B>): bool": (key, map) => (map as MapValue).get(key) !== undefined,
  "equals = _==_(A, A): bool": equal,
  "not_equals = _!=_(A, A): bool": (a, b) => !equal(a, b),
  "cel.@mapInsert(map<K,V>, K, V): map<K,V>": (map, key, value) => inserted(map as MapValue, [[key, value]]),
  "cel.@mapInsert(map<K,V>, map<K,V>): map<K,V>": (map, more) =>
    inserted(
      map as MapValue,
      [...(more as MapValue).keys()].map((key) => [key, (more as MapValue).get(key)]),
    ),
};

function inserted(map: MapValue, entries: readonly (readonly [Value, Value])[]): NativeMap {
  for (const [key] of entries) if (map.get(key) !== undefined) throw new CelError(`insert failed: key ${shownKey(key)} already exists`);
  const kept = [...map.keys()].map((key) => [key, map.get(key)] as const);
  return new NativeMap([...kept, ...entries]);
}

function fromDouble(value: number, least: number, limit: number): bigint {
  if (!(value > least && value < limit)) throw new CelError("integer overflow");
  return BigInt(Math.trunc(value));
}

function readInt(text: string, what: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) throw new CelError(`type conversion error from 'string' to '${what}'`);
  return BigInt(text);
}

const BOOLS: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text) => [text, true]),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text) => [text, false]),
]);

const CONVERSIONS: Library = {
  "type(A): type<A>": (value) => new TypeValue(typeNameOf(value)),
  "dyn(A): dyn": (value) => value,
  "bool(bool): bool": (value) => value,
  "bool(string): bool": (text) => {
    const known = Object.hasOwn(BOOLS, text as string) ? BOOLS[text as string] : undefined;
    if (known === undefined) throw new CelError("type conversion error from 'string' to 'bool'");
    return known;
  },
  "bytes(bytes): bytes": (value) => value,
  "string_to_bytes = bytes(string): bytes": (text) => new Uint8Array(Buffer.from(text as string, "utf8")),
  "double(double): double": (value) => value,
  "double(int): double": (value) => Number(value),
  "double(uint): double": (value) => Number((value as Uint).value),
  "double(string): double": (text) => {
    const value = /^\s|\s$|^$/.test(text as string) ? Number.NaN : Number(text);
    if (Number.isNaN(value) && text !== "NaN") throw new CelError("type conversion error from 'string' to 'double'");
    return value;
  },
  "int(int): int": (value) => value,
  "int(uint): int": (value) => int((value as Uint).value),
  "int(double): int": (value) => fromDouble(value as number, -(2 ** 63), 2 ** 63),
  "int(string): int": (text) => int(readInt(text as string, "int")),
  "int(timestamp): int": (time) => floorDivide((time as Timestamp).nanoseconds, 1_000_000_000n),
  "int(duration): int": (value) => (value as Duration).nanoseconds,
  "uint(uint): uint": (value) => value,
  "uint(int): uint": (value) => uint(value as bigint),
  "uint(double): uint": (value) => uint(fromDouble(value as number, -1, 2 ** 64)),
  "uint(string): uint": (text) => uint(readInt(text as string, "uint")),
  "string(string): string": (value) => value,
  "string(bool): string": (value) => String(value),
  "string(int): string": (value) => String(value),
  "string(uint): string": (value) => String((value as Uint).value),
  "string(double): string": (value) => goDouble(value as number),
  "bytes_to_string = string(bytes): string": (bytes) => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes as Uint8Array);
    } catch {
      throw new CelError("invalid UTF-8 in bytes, cannot convert to string");
    }
  },
  "string(timestamp): string": (time) => timestampText(time as Timestamp),
  "string(duration): string": (value) => durationText(value as Duration),
  "timestamp(timestamp): timestamp": (value) => value,
  "timestamp(int): timestamp": (seconds) => new Timestamp((seconds as bigint) * 1_000_000_000n),
  "timestamp(string): timestamp": (text) => {
    const time = parseTimestamp(text as string);
    if (!time) throw new CelError("type conversion error from 'string' to 'google.protobuf.Timestamp'");
    return time;
  },
  "duration(duration): duration": (value) => value,
  "duration(int): duration": (value) => new Duration(value as bigint),
  "duration(string): duration": (text) => {
    const value = parseGoDuration(text as string);
    if (!value) throw new CelError("type conversion error from 'string' to 'google.protobuf.Duration'");
    return value;
  },
};

function floorDivide(value: bigint, by: bigint): bigint {
  return value / by - (value % by < 0n ? 1n : 0n);
}

const TEXTS: Library = {
  "contains_string = string.contains(string): bool": (text, part) => (text as string).includes(part as string),
  "starts_with_string = string.startsWith(string): bool": (text, start) => (text as string).startsWith(start as string),
  "ends_with_string = string.endsWith(string): bool": (text, end) => (text as string).endsWith(end as string),
  "matches = matches(string, string): bool": matches,
  "matches_string = string.matches(string): bool": matches,
};

function matches(text: Value, pattern: Value): Value {
  return compilePattern(pattern as string)(text as string);
}

/** Of a timestamp the part in a zone, of a duration the whole of it in the unit. */
const PARTS: readonly (readonly [name: string, part: TimestampPart, unit?: bigint])[] = [
  ["getFullYear", "year"],
  ["getMonth", "month"],
  ["getDayOfYear", "dayOfYear"],
  ["getDayOfMonth", "day"],
  ["getDate", "date"],
  ["getDayOfWeek", "dayOfWeek"],
  ["getHours", "hours", 3_600_000_000_000n],
  ["getMinutes", "minutes", 60_000_000_000n],
  ["getSeconds", "seconds", 1_000_000_000n],
  ["getMilliseconds", "milliseconds"],
];

function timeParts(): Library {
  const library: Record<string, Overload["run"]> = {};
  for (const [name, part, unit] of PARTS) {
    library[`timestamp.${name}(): int`] = (time) => timestampPart(time as Timestamp, part);
    library[`timestamp.${name}(string): int`] = (time, zone) => {
      try {
        return timestampPart(time as Timestamp, part, zone as string);
      } catch {
        throw new CelError(`unknown time zone ${zone}`);
      }
    };
    if (unit !== undefined) library[`duration.${name}(): int`] = (value) => (value as Duration).nanoseconds / unit;
  }
  library["duration.getMilliseconds(): int"] = (value) => ((value as Duration).nanoseconds / 1_000_000n) % 1000n;
  return library;
}

/** The functions and operators of CEL itself, but for those that do not evaluate all of their arguments. */
export const STANDARD: readonly Library[] = [ARITHMETIC, comparisons(), sizes(), CONTAINERS, CONVERSIONS, TEXTS, timeParts()];
