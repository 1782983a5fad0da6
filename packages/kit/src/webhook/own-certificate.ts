import type { Client } from "../client/index.ts";
import type { CertificateAndKey } from "../pki/index.ts";

export interface OwnCertificateOptions {
  /** Where the Secrets are kept: the manager's namespace. */
  readonly namespace: string;
  /** Secret with `ca.crt`, `tls.crt`, `tls.key`. Default `outrigger-webhook-tls`. */
  readonly secretName?: string;
  /** Secret with the authority and its key. Default `outrigger-webhook-ca`. */
  readonly caSecretName?: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** A certificate to serve, and the bundle with which callers check it. */
export interface OwnCertificate extends CertificateAndKey {
  /** PEM; during a rotation the old authority and the new. */
  readonly caBundle: string;
}

export function ownCertificate(_client: Client, _options: OwnCertificateOptions): Promise<OwnCertificate> {
  throw new Error("not yet");
}
