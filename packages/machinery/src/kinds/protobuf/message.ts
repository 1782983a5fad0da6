import type { Scalar, WireField, WireMessage } from "./messages.ts";
import { wellKnown } from "./well-known.ts";
import { FIXED32, FIXED64, LENGTH, ProtobufError, VARINT, WireReader } from "./wire.ts";

type Json = Record<string, unknown>;

/** Deeper than any object of Kubernetes, and far from the end of the stack. */
const DEEPEST = 500;

const WIRE_OF: Readonly<Record<Scalar, number>> = {
  string: LENGTH,
  bytes: LENGTH,
  bool: VARINT,
  int32: VARINT,
  int64: VARINT,
  double: FIXED64,
};
const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** A message's bytes as its JSON value; of messages with a form of their own that need not be an object. */
export function decodeMessage(message: WireMessage, bytes: Uint8Array, depth = 0): unknown {
  const own = wellKnown(message.name);
  const object: Json = {};
  decodeInto(object, message, bytes, depth);
  return own ? own(object) : object;
}

function decodeInto(object: Json, message: WireMessage, bytes: Uint8Array, depth: number): void {
  if (depth > DEEPEST) throw new ProtobufError("exceeded max depth");
  const reader = new WireReader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    const field = message.fields.get(number);
    if (!field) reader.skip(wire);
    else if (field.shape === "map") addEntry(object, field, reader.lengthDelimited(), depth);
    else if (field.shape === "list") addItems(object, field, reader, wire, depth);
    else if (field.json === "") decodeInto(object, field.type as WireMessage, reader.lengthDelimited(), depth + 1);
    else {
      const value = readValue(field.type, reader, wire, depth);
      if (value === undefined || (!field.keepZero && isZero(value))) continue;
      set(object, field.json, value);
    }
  }
}

function addItems(object: Json, { json, type }: WireField, reader: WireReader, wire: number, depth: number): void {
  object[json] ??= [];
  const list = object[json] as unknown[];
  if (wire === LENGTH && typeof type === "string" && WIRE_OF[type] !== LENGTH) {
    // Numbers may come packed, all in one.
    const packed = new WireReader(reader.lengthDelimited());
    while (!packed.done) list.push(readValue(type, packed, WIRE_OF[type], depth));
  } else list.push(readValue(type, reader, wire, depth) ?? null);
}

/** An entry of a map is a message of its key (1) and its value (2); what it lacks is the zero value. */
function addEntry(object: Json, { json, type }: WireField, bytes: Uint8Array, depth: number): void {
  object[json] ??= {};
  const map = object[json] as Json;
  const reader = new WireReader(bytes);
  let key = "";
  let value: unknown;
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === 1) key = readValue("string", reader, wire, depth) as string;
    else if (number === 2) value = readValue(type, reader, wire, depth);
    else reader.skip(wire);
  }
  set(map, key, value ?? (typeof type === "string" ? ZERO[type] : decodeMessage(type, new Uint8Array(), depth + 1)));
}

const ZERO: Readonly<Record<Scalar, unknown>> = { string: "", bytes: "", bool: false, int32: 0, int64: 0, double: 0 };

function readValue(type: Scalar | WireMessage, reader: WireReader, wire: number, depth: number): unknown {
  const expected = typeof type === "string" ? WIRE_OF[type] : LENGTH;
  if (wire !== expected) {
    if (wire === FIXED32 || wire === FIXED64 || wire === VARINT || wire === LENGTH) throw new ProtobufError(`wrong wireType = ${wire}`);
    throw new ProtobufError(`illegal wireType ${wire}`);
  }
  if (typeof type !== "string") return decodeMessage(type, reader.lengthDelimited(), depth + 1);
  switch (type) {
    case "string":
      return text.decode(reader.lengthDelimited());
    case "bytes":
      return Buffer.from(reader.lengthDelimited()).toString("base64");
    case "bool":
      return reader.varint() !== 0n;
    case "double":
      return reader.double();
    case "int32":
      return Number(BigInt.asIntN(32, reader.varint()));
    case "int64":
      return Number(BigInt.asIntN(64, reader.varint()));
  }
}

/** A field by the name `__proto__` is a field like any other. */
function set(object: Json, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  else object[key] = value;
}

function isZero(value: unknown): boolean {
  return value === "" || value === 0 || value === false;
}
