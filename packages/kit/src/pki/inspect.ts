import { createPrivateKey, X509Certificate } from "node:crypto";
import { PkiError } from "./error.ts";
import { fromPem, toPem } from "./pem.ts";

/** What one needs to know about a certificate to serve, renew or trust it. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the DER, hexadecimal. */
  readonly fingerprint: string;
}

/** @throws PkiError when `pem` is no certificate. */
export function inspectCertificate(pem: string): CertificateFacts {
  const certificate = parse(pem);
  const names = (certificate.subjectAltName ?? "").split(", ");
  const of = (prefix: string): string[] => names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    dnsNames: of("DNS:"),
    ipAddresses: of("IP Address:"),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    fingerprint: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}

/** When a certificate should be replaced: after two thirds of its life. @throws PkiError */
export function renewalTime(pem: string): Date {
  const { notBefore, notAfter } = inspectCertificate(pem);
  return new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3);
}

/** Whether this authority signed this certificate and both name each other. False when either cannot be read. */
export function isIssuedBy(certificate: string, authority: string): boolean {
  try {
    const issuer = parse(authority);
    const leaf = parse(certificate);
    return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Whether the key belongs to the certificate: a half-written pair must not be served. False when either cannot be read. */
export function isKeyOf(certificate: string, key: string): boolean {
  try {
    return parse(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/**
 * Whether callers with this bundle accept the chain: its first certificate, or one that it was issued by, is in the bundle or was
 * issued by one that is. Neither names nor dates are looked at. False when something cannot be read.
 */
export function isTrustedBy(chain: string, bundle: string): boolean {
  const roots = certificatesIn(bundle);
  const [leaf, ...others] = certificatesIn(chain);
  let left = others;
  for (let seen = leaf; seen !== undefined; ) {
    const one = seen;
    if (roots.some((root) => root === one || isIssuedBy(one, root))) return true;
    seen = left.find((other) => isIssuedBy(one, other));
    left = left.filter((other) => other !== seen);
  }
  return false;
}

/** Whether every certificate of `some` is in the bundle. */
export function containsAll(bundle: string, some: string): boolean {
  const there = new Set(certificatesIn(bundle));
  return certificatesIn(some).every((one) => there.has(one));
}

/** The certificates of a bundle, each as PEM, always written the same way. */
export function certificatesIn(bundle: string): readonly string[] {
  return fromPem("CERTIFICATE", bundle).map((der) => toPem("CERTIFICATE", der));
}

/** Puts CA bundles together, each certificate once, in the order in which they first appear. Text between them is dropped. */
export function mergeBundles(...bundles: readonly string[]): string {
  return [...new Set(bundles.flatMap(certificatesIn))].join("");
}

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new PkiError(`the certificate cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
