import { createHash } from "node:crypto";
import { isIP } from "node:net";
import {
  bitString,
  boolean,
  type DerElement,
  explicit,
  implicit,
  octetString,
  oid,
  readElement,
  readElements,
  readOid,
  sequence,
  TAG,
} from "./der.ts";
import { PkiError } from "./error.ts";

const SUBJECT_KEY_ID = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const ALTERNATIVE_NAME = "2.5.29.17";
const BASIC_CONSTRAINTS = "2.5.29.19";
const AUTHORITY_KEY_ID = "2.5.29.35";
const EXTENDED_KEY_USAGE = "2.5.29.37";

/** What a leaf may be used for (extended key usage), in the words of `certificates.k8s.io`. */
export type Usage = "server auth" | "client auth";
const USAGE_OID: Readonly<Record<Usage, string>> = { "server auth": "1.3.6.1.5.5.7.3.1", "client auth": "1.3.6.1.5.5.7.3.2" };

/** Names and addresses for which a certificate is valid. */
export interface AlternativeNames {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

const extension = (type: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(type), ...(critical ? [boolean(true)] : []), octetString(value));

/** RFC 5280, 4.2.1.2, method 1: SHA-1 of the key's bit string. It names a key, it protects nothing. */
export function keyIdentifier(publicKeyDer: Buffer): Buffer {
  const key = readElements(readElement(publicKeyDer).content)[1];
  if (key === undefined) throw new PkiError("this is not a public key");
  return createHash("sha1").update(key.content.subarray(1)).digest();
}

export function authorityExtensions(keyId: Buffer): Buffer[] {
  return [
    extension(BASIC_CONSTRAINTS, true, sequence(boolean(true))),
    // digitalSignature, keyCertSign, cRLSign
    extension(KEY_USAGE, true, bitString(Buffer.of(0b1000_0110), 1)),
    extension(SUBJECT_KEY_ID, false, octetString(keyId)),
  ];
}

export function leafExtensions(
  usages: readonly Usage[],
  names: AlternativeNames,
  keyId: Buffer,
  authorityKeyId: Buffer | undefined,
  emptySubject: boolean,
): Buffer[] {
  return [
    // digitalSignature alone: enough for ECDSA, and for RSA with the cipher suites of TLS 1.2 and 1.3 that are still in use.
    extension(KEY_USAGE, true, bitString(Buffer.of(0b1000_0000), 7)),
    ...(usages.length > 0 ? [extension(EXTENDED_KEY_USAGE, false, sequence(...usages.map((usage) => oid(USAGE_OID[usage]))))] : []),
    extension(BASIC_CONSTRAINTS, true, sequence()),
    extension(SUBJECT_KEY_ID, false, octetString(keyId)),
    ...(authorityKeyId ? [extension(AUTHORITY_KEY_ID, false, sequence(implicit(0, authorityKeyId)))] : []),
    ...alternativeNamesExtension(names, emptySubject),
  ];
}

/** No extension where there are no names. Critical when the subject is empty (RFC 5280, 4.2.1.6). */
export function alternativeNamesExtension({ dnsNames = [], ipAddresses = [] }: AlternativeNames, critical = false): Buffer[] {
  if (dnsNames.length + ipAddresses.length === 0) return [];
  const names = [
    ...dnsNames.map((name) => implicit(2, Buffer.from(name, "ascii"))),
    ...ipAddresses.map((address) => implicit(7, packAddress(address))),
  ];
  return [extension(ALTERNATIVE_NAME, critical, sequence(...names))];
}

/** The content of `[3] extensions`, or of a request's extension attribute. */
export const encodeExtensions = (extensions: readonly Buffer[]): Buffer => sequence(...extensions);
export const certificateExtensions = (extensions: readonly Buffer[]): Buffer => explicit(3, encodeExtensions(extensions));

/** The names that extensions carry, and the key's identifier. */
export function decodeExtensions(list: DerElement): Required<AlternativeNames> & { subjectKeyId?: Buffer } {
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  let subjectKeyId: Buffer | undefined;
  for (const item of readElements(list.content)) {
    const parts = readElements(item.content);
    const type = parts[0];
    const value = parts.find((part) => part.tag === TAG.octetString);
    if (type === undefined || value === undefined) continue;
    const id = readOid(type.content);
    if (id === SUBJECT_KEY_ID) subjectKeyId = readElement(value.content).content;
    if (id !== ALTERNATIVE_NAME) continue;
    for (const name of readElements(readElement(value.content).content)) {
      if (name.tag === 0x82) dnsNames.push(name.content.toString("ascii"));
      if (name.tag === 0x87) ipAddresses.push(unpackAddress(name.content));
    }
  }
  return subjectKeyId === undefined ? { dnsNames, ipAddresses } : { dnsNames, ipAddresses, subjectKeyId };
}

function packAddress(address: string): Buffer {
  const kind = isIP(address);
  if (kind === 4) return Buffer.from(address.split(".").map(Number));
  if (kind !== 6) throw new PkiError(`${JSON.stringify(address)} is not an IP address`);
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const hex = (high: string | undefined, low: string | undefined): string => (Number(high) * 256 + Number(low)).toString(16);
  const text = dotted ? `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}` : address;
  const [head = "", tail] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const all = [...left, ...Array.from({ length: 8 - left.length - right.length }, () => "0"), ...right];
  return Buffer.from(all.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}

function unpackAddress(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join(".");
  if (bytes.length !== 16) throw new PkiError(`an IP address of ${bytes.length} bytes`);
  return Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16)).join(":");
}
