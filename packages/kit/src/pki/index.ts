/**
 * Certificates: an authority of our own, leaves for servers and clients, and signing requests.
 *
 * Guarantees
 * - Keys are ECDSA P-256; authorities last ten years, leaves at most one, and both are valid from an hour before they were made.
 * - No leaf outlives its authority.
 * - Nothing is loaded beyond Node's own crypto, and nothing waits: an authority and a leaf take some ten milliseconds in a fresh process, two once warm.
 * - A request is signed only when it proves that its sender has the key.
 *
 * Caveats
 * - Of a subject only common name and organizations are known, of alternative names only DNS names and IP addresses:
 *   what Kubernetes uses.
 * - Nothing is revoked: leaves are short-lived and bundles are rotated instead.
 */
export {
  AUTHORITY_VALIDITY,
  type AuthorityOptions,
  type CertificateAndKey,
  type CertificateAuthority,
  createCa,
  issueCertificate,
  LEAF_VALIDITY,
  type LeafOptions,
} from "./certificate.ts";
export { PkiError } from "./error.ts";
export type { AlternativeNames, Usage } from "./extensions.ts";
export {
  type CertificateFacts,
  certificatesIn,
  containsAll,
  inspectCertificate,
  isIssuedBy,
  isKeyOf,
  isTrustedBy,
  mergeBundles,
  renewalTime,
} from "./inspect.ts";
export { type CertificateRequest, type CsrOptions, createCsr, readCsr, signCsr } from "./request.ts";
export type { Subject } from "./subject.ts";
