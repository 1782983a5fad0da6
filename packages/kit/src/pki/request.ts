import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { type CertificateAuthority, certify, keyPem, type LeafOptions } from "./certificate.ts";
import { bitString, element, integer, oid, readElement, readElements, readOid, sequence, set } from "./der.ts";
import { PkiError } from "./error.ts";
import { type AlternativeNames, alternativeNamesExtension, decodeExtensions, encodeExtensions } from "./extensions.ts";
import { fromPem, toPem } from "./pem.ts";
import { privateKey, publicKeyDer, signatureAlgorithm, signBytes, verifyBytes } from "./signature.ts";
import { decodeSubject, encodeSubject, type Subject } from "./subject.ts";

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const LABEL = "CERTIFICATE REQUEST";

export interface CsrOptions extends Subject, AlternativeNames {
  /** PEM; a new ECDSA P-256 key when absent. */
  readonly key?: string;
}

/** What a certificate signing request asks for. */
export interface CertificateRequest extends Subject, Required<AlternativeNames> {
  readonly organizations: readonly string[];
  /** DER of the public key that it proves to have the private part of. */
  readonly publicKey: Buffer;
}

/** Makes a PKCS #10 request (RFC 2986), signed with the key that it is for. Both are PEM. */
export function createCsr(options: CsrOptions): { readonly csr: string; readonly key: string } {
  const key = options.key === undefined ? generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey : privateKey(options.key);
  const extensions = alternativeNamesExtension(options);
  const attributes = extensions.length > 0 ? [sequence(oid(EXTENSION_REQUEST), set(encodeExtensions(extensions)))] : [];
  const body = sequence(integer(0), encodeSubject(options), publicKeyDer(key), element(0xa0, ...attributes));
  return { csr: toPem(LABEL, sequence(body, signatureAlgorithm(key), bitString(signBytes(key, body)))), key: options.key ?? keyPem(key) };
}

/**
 * Reads a request and checks that its signature was made with its own key.
 *
 * @throws PkiError when it is no request, or the signature is wrong.
 */
export function readCsr(pem: string): CertificateRequest {
  const der = fromPem(LABEL, pem)[0] ?? fromPem("NEW CERTIFICATE REQUEST", pem)[0];
  if (der === undefined) throw new PkiError("this is not a PEM certificate request");
  const [body, , signature] = readElements(readElement(der).content);
  if (body === undefined || signature === undefined) throw new PkiError("the certificate request cannot be read");
  const [, subject, publicKey, attributes] = readElements(body.content);
  if (subject === undefined || publicKey === undefined) throw new PkiError("the certificate request cannot be read");
  if (!signedBy(publicKey.raw, body.raw, signature.content.subarray(1))) {
    throw new PkiError("the certificate request is not signed with its own key");
  }
  let names: Required<AlternativeNames> = { dnsNames: [], ipAddresses: [] };
  for (const attribute of attributes ? readElements(attributes.content) : []) {
    const [type, values] = readElements(attribute.content);
    if (type && values && readOid(type.content) === EXTENSION_REQUEST) names = decodeExtensions(readElement(values.content));
  }
  const { dnsNames, ipAddresses } = names;
  return { ...decodeSubject(subject), dnsNames, ipAddresses, publicKey: Buffer.from(publicKey.raw) };
}

/**
 * Signs a request: subject and names are taken from it, usages and validity are the signer's decision.
 *
 * @returns the certificate, PEM.
 * @throws PkiError as `readCsr`.
 */
export function signCsr(ca: CertificateAuthority, csr: string, options: Pick<LeafOptions, "usages" | "validity" | "now">): string {
  const { publicKey, ...wanted } = readCsr(csr);
  return certify(ca, publicKey, { ...wanted, ...options });
}

function signedBy(spki: Buffer, bytes: Buffer, signature: Buffer): boolean {
  try {
    return verifyBytes(createPublicKey({ key: spki, format: "der", type: "spki" }), bytes, signature);
  } catch {
    return false;
  }
}
