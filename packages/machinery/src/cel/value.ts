import { Quantity } from "@outrigger/kit/api";
import { type Declaration, fieldOf } from "./declaration.ts";
import { CelError } from "./error.ts";
import { Cidr, Ip } from "./library/ip.ts";
import { Semver } from "./library/semver.ts";
import { Duration, durationText, parseGoDuration, parseTimestamp, Timestamp, timestampText } from "./time.ts";

/**
 * Values of expressions: integers are bigints, doubles numbers, texts strings; the rest has classes of its own. JSON is
 * wrapped and converted where an expression reaches it, never whole.
 */
export type Value = unknown;

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** A type as a value: what `type(x)` gives and `int` names. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

export class Optional {
  readonly value: Value | undefined;
  private constructor(value: Value | undefined) {
    this.value = value;
  }
  static readonly NONE = new Optional(undefined);
  static of(value: Value): Optional {
    return new Optional(value);
  }
  get hasValue(): boolean {
    return this.value !== undefined;
  }
}

/** A named format of the library `format`: what it finds wrong with a text. */
export class Format {
  readonly name: string;
  readonly problems: (text: string) => string[];
  constructor(name: string, problems: (text: string) => string[]) {
    this.name = name;
    this.problems = problems;
  }
}

export abstract class ListValue {
  abstract readonly size: number;
  abstract at(index: number): Value;
  *[Symbol.iterator](): Generator<Value> {
    for (let index = 0; index < this.size; index++) yield this.at(index);
  }
}

/** A list that an expression made. */
export class NativeList extends ListValue {
  readonly items: readonly Value[];
  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }
  override get size(): number {
    return this.items.length;
  }
  override at(index: number): Value {
    return this.items[index];
  }
}

class JsonList extends ListValue {
  readonly #json: readonly unknown[];
  readonly #item: Declaration | undefined;
  constructor(json: readonly unknown[], item: Declaration | undefined) {
    super();
    this.#json = json;
    this.#item = item;
  }
  override get size(): number {
    return this.#json.length;
  }
  override at(index: number): Value {
    return fromJson(this.#json[index], this.#item);
  }
}

/** A map, or an object with declared fields. */
export abstract class MapValue {
  abstract readonly size: number;
  /** `undefined` where the key is not there. */
  abstract get(key: Value): Value | undefined;
  abstract keys(): Iterable<Value>;
  /** Whether a field is set. */
  has(field: string): boolean {
    return this.get(field) !== undefined;
  }
}

/** A map that an expression made. */
export class NativeMap extends MapValue {
  readonly #entries = new Map<string, readonly [Value, Value]>();
  constructor(entries: Iterable<readonly [Value, Value]>) {
    super();
    for (const [key, value] of entries) this.#entries.set(keyText(key), [key, value]);
  }
  override get size(): number {
    return this.#entries.size;
  }
  override get(key: Value): Value | undefined {
    return this.#entries.get(keyText(key))?.[1];
  }
  override *keys(): Generator<Value> {
    for (const [key] of this.#entries.values()) yield key;
  }
  entries(): Iterable<readonly [Value, Value]> {
    return this.#entries.values();
  }
}

type Json = Readonly<Record<string, unknown>>;

/** An object of JSON: every key is there, or only the declared fields, under the names by which expressions reach them. */
class JsonMap extends MapValue {
  readonly #json: Json;
  readonly #declaration: Declaration | undefined;
  constructor(json: Json, declaration: Declaration | undefined) {
    super();
    this.#json = json;
    this.#declaration = declaration;
  }
  override get size(): number {
    return this.#declaration?.fields ? [...this.keys()].length : Object.keys(this.#json).length;
  }
  override get(key: Value): Value | undefined {
    if (typeof key !== "string") return undefined;
    const { fields } = this.#declaration ?? {};
    const field = this.#declaration && fieldOf(this.#declaration, key);
    if (fields && !field) return undefined;
    const name = field?.name ?? key;
    const value = Object.hasOwn(this.#json, name) ? this.#json[name] : undefined;
    return value === undefined ? undefined : fromJson(value, field ?? this.#declaration?.item);
  }
  /** A declared field that is null is not set. */
  override has(field: string): boolean {
    const value = this.get(field);
    return value !== undefined && !(value === null && this.#declaration?.fields);
  }
  override *keys(): Generator<Value> {
    const fields = this.#declaration?.fields;
    if (!fields) yield* Object.keys(this.#json);
    else for (const [name, field] of fields) if (Object.hasOwn(this.#json, field.name ?? name)) yield name;
  }
}

/** JSON as an expression sees it; without a declaration, whole numbers are integers. */
export function fromJson(json: unknown, declaration: Declaration | undefined): Value {
  switch (typeof json) {
    case "number":
      return Number.isInteger(json) && declaration?.kind !== "double" ? BigInt(json) : json;
    case "string":
      return declaration === undefined ? json : fromText(json, declaration);
    case "object":
      if (json === null) return null;
      if (Array.isArray(json)) return new JsonList(json, declaration?.item);
      return Object.getPrototypeOf(json) === Object.prototype || Object.getPrototypeOf(json) === null
        ? new JsonMap(json as Json, declaration?.kind === "dyn" ? undefined : declaration)
        : json;
    default:
      return json;
  }
}

function fromText(text: string, { kind }: Declaration): Value {
  switch (kind) {
    case "timestamp":
      return parseTimestamp(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text) ?? text;
    case "duration":
      return parseGoDuration(text) ?? text;
    case "bytes":
      return new Uint8Array(Buffer.from(text, "base64"));
    default:
      return text;
  }
}

/** A value as JSON, as the caller of an evaluation wants it: lists and maps are plain, integers stay bigints. */
export function toPlain(value: Value): unknown {
  if (value instanceof ListValue) return [...value].map(toPlain);
  if (value instanceof MapValue) return Object.fromEntries([...value.keys()].map((key) => [stringOf(key), toPlain(value.get(key))]));
  return value;
}

/** A value as JSON, as `google.protobuf.Value` writes it: whole numbers beyond 2^53 and the types of libraries are texts. */
export function toJson(value: Value): unknown {
  if (value instanceof ListValue) return [...value].map(toJson);
  if (value instanceof MapValue) return Object.fromEntries([...value.keys()].map((key) => [stringOf(key), toJson(value.get(key))]));
  if (value instanceof Uint) return toJson(value.value);
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  throw new CelError(`type conversion error from '${typeNameOf(value)}' to 'google.protobuf.Value'`);
}

function stringOf(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key);
}

/** Keys of maps are equal as values are: an int, a uint and a double of one value are one key. */
function keyText(key: Value): string {
  switch (typeof key) {
    case "string":
      return `s${key}`;
    case "bigint":
      return `n${key}`;
    case "number":
      return `n${Number.isInteger(key) ? BigInt(key) : key}`;
    case "boolean":
      return `b${key}`;
    default:
      if (key instanceof Uint) return `n${key.value}`;
      throw new CelError(`unsupported key type: ${typeNameOf(key)}`);
  }
}

export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case "string":
      return "string";
    case "bigint":
      return "int";
    case "number":
      return "double";
    case "boolean":
      return "bool";
    default:
      if (value === null) return "null_type";
      if (value instanceof MapValue && "typeName" in value) return value.typeName as string;
      for (const [type, name] of CLASSES) if (value instanceof type) return name;
      return "dyn";
  }
}

const CLASSES: readonly [abstract new (...args: never[]) => object, string][] = [
  [ListValue, "list"],
  [MapValue, "map"],
  [Uint, "uint"],
  [Uint8Array, "bytes"],
  [Timestamp, "google.protobuf.Timestamp"],
  [Duration, "google.protobuf.Duration"],
  [TypeValue, "type"],
  [Optional as never, "optional_type"],
  [Quantity as never, "kubernetes.Quantity"],
  [Ip as never, "net.IP"],
  [Cidr as never, "net.CIDR"],
  [Semver as never, "kubernetes.Semver"],
  [Format, "kubernetes.NamedFormat"],
  [URL, "kubernetes.URL"],
];

const isNumber = (value: Value): value is bigint | number | Uint =>
  typeof value === "bigint" || typeof value === "number" || value instanceof Uint;
const numeric = (value: bigint | number | Uint): bigint | number => (value instanceof Uint ? value.value : value);

/** Deep equality; numbers of different types are equal when their values are, other values of different types never. */
export function equal(a: Value, b: Value): boolean {
  if (isNumber(a) && isNumber(b)) {
    const [left, right] = [numeric(a), numeric(b)];
    // biome-ignore lint/suspicious/noDoubleEquals: compares a bigint with a double by value
    return left == right;
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b;
  if (a instanceof ListValue) {
    if (!(b instanceof ListValue) || a.size !== b.size) return false;
    for (let index = 0; index < a.size; index++) if (!equal(a.at(index), b.at(index))) return false;
    return true;
  }
  if (a instanceof MapValue) {
    if (!(b instanceof MapValue) || a.size !== b.size || typeNameOf(a) !== typeNameOf(b)) return false;
    for (const key of a.keys()) {
      const other = b.get(key);
      if (other === undefined || !equal(a.get(key), other)) return false;
    }
    return true;
  }
  if (a instanceof Optional) return b instanceof Optional && a.hasValue === b.hasValue && (!a.hasValue || equal(a.value, b.value));
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Format) return b instanceof Format && a.name === b.name;
  if (a instanceof URL) return b instanceof URL && a.href === b.href;
  if (a instanceof Ip) return b instanceof Ip && a.family === b.family && a.value === b.value;
  if (a instanceof Cidr) return b instanceof Cidr && a.prefix === b.prefix && equal(a.ip, b.ip);
  return compare(a, b) === 0;
}

/** Negative, 0 or positive; `undefined` where the two have no order (also where one of them is NaN). */
export function compare(a: Value, b: Value): number | undefined {
  if (isNumber(a) && isNumber(b)) return order(numeric(a), numeric(b));
  if (typeof a === "string" && typeof b === "string") return a === b ? 0 : compareCodePoints(a, b);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (a instanceof Timestamp && b instanceof Timestamp) return order(a.nanoseconds, b.nanoseconds);
  if (a instanceof Duration && b instanceof Duration) return order(a.nanoseconds, b.nanoseconds);
  if (a instanceof Quantity && b instanceof Quantity) return a.cmp(b);
  if (a instanceof Semver && b instanceof Semver) return a.compare(b);
  return undefined;
}

function order(a: bigint | number, b: bigint | number): number | undefined {
  // biome-ignore lint/suspicious/noDoubleEquals: compares a bigint with a double by value
  return a < b ? -1 : a > b ? 1 : a == b ? 0 : undefined;
}

/** By code points, as UTF-8 sorts; JavaScript compares UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    if (a[at] === b[at]) continue;
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    const surrogates = (left & 0xf800) === 0xd800 || (right & 0xf800) === 0xd800;
    if (!surrogates) return left - right;
    return Buffer.compare(Buffer.from(a, "utf8"), Buffer.from(b, "utf8"));
  }
  return a.length - b.length;
}
