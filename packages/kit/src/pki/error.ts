/** A certificate, key or request that cannot be used; the message says which and why. */
export class PkiError extends Error {
  override readonly name = "PkiError";
  readonly code = "ERR_PKI";
}
