import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { bitString, explicit, integer, readElement, readElements, sequence, TAG, time } from "./der.ts";
import { PkiError } from "./error.ts";
import {
  type AlternativeNames,
  authorityExtensions,
  certificateExtensions,
  decodeExtensions,
  keyIdentifier,
  leafExtensions,
  type Usage,
} from "./extensions.ts";
import { fromPem, toPem } from "./pem.ts";
import { privateKey, publicKeyDer, signatureAlgorithm, signBytes } from "./signature.ts";
import { encodeSubject, type Subject } from "./subject.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Certificates begin this long before they are made: clocks of API servers differ. */
const BACKDATED = HOUR;
/** Ten years. */
export const AUTHORITY_VALIDITY = 3650 * DAY;
/** A year. */
export const LEAF_VALIDITY = 365 * DAY;

/** A certificate and its private key, both PEM. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}
/** A certificate that may sign others, and its key, both PEM. */
export interface CertificateAuthority extends CertificateAndKey {}

export interface AuthorityOptions extends Subject {
  readonly commonName: string;
  /** Milliseconds from `now`; default ten years. */
  readonly validity?: number;
  readonly now?: Date;
}

export interface LeafOptions extends Subject, AlternativeNames {
  readonly usages: readonly Usage[];
  /** Milliseconds from `now`; default and upper limit one year. Cut to the authority's own end. */
  readonly validity?: number;
  readonly now?: Date;
}

/** Makes a self-signed authority with a new ECDSA P-256 key; valid from an hour ago. */
export function createCa(options: AuthorityOptions): CertificateAuthority {
  const { privateKey: key, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKeyDer(publicKey);
  const subject = encodeSubject(options);
  const now = options.now ?? new Date();
  const certificate = certificatePem({
    issuer: subject,
    subject,
    spki,
    notBefore: new Date(now.getTime() - BACKDATED),
    notAfter: new Date(now.getTime() + (options.validity ?? AUTHORITY_VALIDITY)),
    extensions: authorityExtensions(keyIdentifier(spki)),
    signer: key,
  });
  return { certificate, key: keyPem(key) };
}

/**
 * Issues a leaf with a new ECDSA P-256 key; valid from an hour ago.
 *
 * @throws PkiError for an address that is none, or an authority that cannot be read.
 */
export function issueCertificate(ca: CertificateAuthority, options: LeafOptions): CertificateAndKey {
  const { privateKey: key, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { certificate: certify(ca, publicKeyDer(publicKey), options), key: keyPem(key) };
}

/** A certificate for somebody else's public key (DER). */
export function certify(ca: CertificateAuthority, spki: Buffer, options: LeafOptions): string {
  const issuer = readAuthority(ca.certificate);
  const now = options.now ?? new Date();
  const subject = encodeSubject(options);
  const end = now.getTime() + Math.min(options.validity ?? LEAF_VALIDITY, LEAF_VALIDITY);
  return certificatePem({
    issuer: issuer.subject,
    subject,
    spki,
    notBefore: new Date(now.getTime() - BACKDATED),
    notAfter: new Date(Math.min(end, issuer.notAfter.getTime())),
    extensions: leafExtensions(options.usages, options, keyIdentifier(spki), issuer.keyId, subject.length === 2),
    signer: privateKey(ca.key),
  });
}

export const keyPem = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }) as string;

interface Contents {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly spki: Buffer;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Buffer[];
  readonly signer: KeyObject;
}

// RFC 5280, 4.1
function certificatePem({ issuer, subject, spki, notBefore, notAfter, extensions, signer }: Contents): string {
  const algorithm = signatureAlgorithm(signer);
  const body = sequence(
    explicit(0, integer(2)),
    integer(serialNumber()),
    algorithm,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    spki,
    certificateExtensions(extensions),
  );
  return toPem("CERTIFICATE", sequence(body, algorithm, bitString(signBytes(signer, body))));
}

/** 127 random bits: positive and at most 20 octets (RFC 5280, 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes;
}

function readAuthority(pem: string): { subject: Buffer; keyId?: Buffer; notAfter: Date } {
  const der = fromPem("CERTIFICATE", pem)[0];
  if (der === undefined) throw new PkiError("the authority's certificate is not PEM");
  const body = readElements(readElement(readElement(der).content).content);
  // version, serial, algorithm, issuer, validity, subject, key, …, [3] extensions
  const [, , , , validity, subject] = body;
  if (validity === undefined || subject === undefined) throw new PkiError("the authority's certificate cannot be read");
  const end = readElements(validity.content)[1];
  const wrapped = body.find((part) => part.tag === 0xa3);
  const keyId = wrapped && decodeExtensions(readElement(wrapped.content)).subjectKeyId;
  const notAfter = readTime(end?.tag === TAG.utcTime, end?.content.toString("ascii") ?? "");
  return keyId ? { subject: subject.raw, keyId, notAfter } : { subject: subject.raw, notAfter };
}

function readTime(short: boolean, text: string): Date {
  // A two-digit year below 50 is in this century (RFC 5280, 4.1.2.5.1).
  const digits = short ? `${Number(text.slice(0, 2)) < 50 ? "20" : "19"}${text}` : text;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits);
  if (parts === null) throw new PkiError(`${JSON.stringify(text)} is not a time`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}
