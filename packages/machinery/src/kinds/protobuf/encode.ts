import type { Scalar, WireField, WireMessage } from "./messages.ts";
import { fieldsOfForm } from "./well-known.ts";
import { FIXED64, ProtobufError, VARINT } from "./wire.ts";
import { WireWriter } from "./writer.ts";

type Json = Record<string, unknown>;

/** The bytes of a message whose value is `value` in JSON. Fields that the message does not have are left out; null is nothing. */
export function encodeMessage(message: WireMessage, value: unknown): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  writeMessage(writer, message, value);
  return writer.bytes();
}

/** Numbers and fields of each message, last field first. */
const reversed = new WeakMap<WireMessage, readonly (readonly [number, WireField])[]>();

function writeMessage(writer: WireWriter, message: WireMessage, value: unknown): void {
  const object = fieldsOfForm(message.name, value) ?? asObject(message, value);
  let fields = reversed.get(message);
  if (!fields) {
    fields = [...message.fields].sort(([a], [b]) => b - a);
    reversed.set(message, fields);
  }
  for (const [number, field] of fields) {
    if (field.json === "") {
      // A Go struct that is embedded: its fields stand beside the others in JSON.
      const before = writer.length;
      writeMessage(writer, field.type as WireMessage, object);
      writer.closeField(number, before);
      continue;
    }
    const held = Object.hasOwn(object, field.json) ? object[field.json] : undefined;
    if (held === undefined || held === null) continue;
    if (field.shape === "list") {
      const items = held as unknown[];
      for (let index = items.length - 1; index >= 0; index--) writeField(writer, number, field.type, items[index]);
    } else if (field.shape === "map") writeMap(writer, number, field.type, held as Json);
    else writeField(writer, number, field.type, held);
  }
}

function asObject(message: WireMessage, value: unknown): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new ProtobufError(`${message.name} is no object, but ${JSON.stringify(value)}`);
}

/** An entry is a message of its key (1) and its value (2); keys are in order, as Kubernetes' encoder has them. */
function writeMap(writer: WireWriter, number: number, type: Scalar | WireMessage, map: Json): void {
  const keys = Object.keys(map).sort().reverse();
  for (const key of keys) {
    const before = writer.length;
    if (map[key] !== null) writeField(writer, 2, type, map[key]);
    writeField(writer, 1, "string", key);
    writer.closeField(number, before);
  }
}

function writeField(writer: WireWriter, number: number, type: Scalar | WireMessage, value: unknown): void {
  const before = writer.length;
  if (typeof type !== "string") {
    // An item of a list may be null in JSON, and is then its zero value.
    if (value !== null) writeMessage(writer, type, value);
    writer.closeField(number, before);
    return;
  }
  switch (type) {
    case "string":
      writer.text(String(value ?? ""));
      writer.closeField(number, before);
      return;
    case "bytes":
      writer.raw(Buffer.from(String(value ?? ""), "base64"));
      writer.closeField(number, before);
      return;
    case "double":
      writer.double(Number(value));
      writer.tag(number, FIXED64);
      return;
    case "bool":
      writer.varint(value ? 1 : 0);
      writer.tag(number, VARINT);
      return;
    case "int32":
    case "int64":
      writer.varint(Math.trunc(Number(value)));
      writer.tag(number, VARINT);
      return;
  }
}

/** Of a frame of a watch: the type of the event, and the object with its envelope. */
export function encodeWatchEvent(type: string, object: Uint8Array): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  const before = writer.length;
  writer.raw(object);
  writer.closeField(1, before);
  writer.closeField(2, before);
  const typeAt = writer.length;
  writer.text(type);
  writer.closeField(1, typeAt);
  return writer.bytes();
}
