/**
 * Certificates of the webhooks that this replica did not agree on with others: read from files, or requested from a signer.
 *
 * Guarantees
 * - A new certificate is served only once API servers trust its authority (`StagedCertificate`); until then the one before is.
 * - What is unusable (half written, of other names, past its end, not issued by its authority) is reported once, and the
 *   certificate before it stays.
 * - A requested key never leaves this process.
 *
 * Assumptions: somebody adds the authorities of `current.caBundle` to the webhook configurations, and tells `trusts` about it.
 */
export { fileCertificate } from "./from-files.ts";
export { type Requested, type RequestOptions, requestCertificate, requestedCertificate } from "./requested.ts";
export { certificateRules } from "./rights.ts";
export { OWN_SIGNER, startSigner } from "./signer.ts";
export type { CertificateSource } from "./staged.ts";
