// The part of DER (ITU-T X.690) that certificates need: a writer, and a reader for what others send us.
import { PkiError } from "./error.ts";

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size);
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

/** One element: tag, length, content. */
export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const size = content.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.of(tag), length(size), ...content]);
}
export const sequence = (...items: readonly Uint8Array[]): Buffer => element(TAG.sequence, ...items);
export const set = (...items: readonly Uint8Array[]): Buffer => element(TAG.set, ...items);
export const octetString = (content: Uint8Array): Buffer => element(TAG.octetString, content);
export const bitString = (content: Uint8Array, unusedBits = 0): Buffer => element(TAG.bitString, Buffer.of(unusedBits), content);
export const utf8String = (text: string): Buffer => element(TAG.utf8String, Buffer.from(text, "utf8"));
export const boolean = (value: boolean): Buffer => element(TAG.boolean, Buffer.of(value ? 0xff : 0));
/** `[number]` of the context class, holding other elements. */
export const explicit = (number: number, ...items: readonly Uint8Array[]): Buffer => element(0xa0 | number, ...items);
/** `[number]` of the context class, holding bytes. */
export const implicit = (number: number, content: Uint8Array): Buffer => element(0x80 | number, content);

/** A non-negative integer of any size, big-endian. */
export function integer(value: Uint8Array | number): Buffer {
  const bytes = typeof value === "number" ? Buffer.of(value) : Buffer.from(value);
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return element(TAG.integer, (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), trimmed]) : trimmed);
}

/** An object identifier from its dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(TAG.oid, Buffer.from(bytes));
}

/** UTCTime to 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5). Milliseconds are cut off. */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050
    ? element(TAG.utcTime, Buffer.from(digits.slice(2), "ascii"))
    : element(TAG.generalizedTime, Buffer.from(digits, "ascii"));
}

/** An element read from DER. `raw` includes tag and length. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly raw: Buffer;
}

/**
 * Reads one element.
 *
 * @throws PkiError when the bytes are cut short or use a length form that DER forbids.
 */
export function readElement(bytes: Buffer, offset = 0): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw new PkiError("DER is cut short");
  let size = first;
  let start = offset + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new PkiError("DER has a length of a form that is not allowed");
    if (start + count > bytes.length) throw new PkiError("DER is cut short");
    size = bytes.readUIntBE(start, count);
    start += count;
  }
  if (start + size > bytes.length) throw new PkiError("DER is cut short");
  return { tag, content: bytes.subarray(start, start + size), raw: bytes.subarray(offset, start + size) };
}

/** The elements that stand one after the other in `bytes`. */
export function readElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const next = readElement(bytes, offset);
    elements.push(next);
    offset += next.raw.length;
  }
  return elements;
}

/** The dotted form of an object identifier's content. */
export function readOid(content: Buffer): string {
  const first = content[0] ?? 0;
  const parts = [Math.min(2, Math.floor(first / 40)), first - 40 * Math.min(2, Math.floor(first / 40))];
  let value = 0;
  for (const byte of content.subarray(1)) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      parts.push(value);
      value = 0;
    }
  }
  return parts.join(".");
}
