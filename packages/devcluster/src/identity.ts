import { randomBytes, X509Certificate } from "node:crypto";
import { type CertificateAndKey, type CertificateAuthority, createCa, issueCertificate } from "@outrigger/kit/pki";
import type { UserInfo } from "./registry/index.ts";
import { newSigningKey, type ServiceAccountKeys } from "./server/index.ts";

/** The user of the kubeconfig's first context, of `client()` and of the control loops. */
export const admin: UserInfo = { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

/** A certificate that expires within these milliseconds is renewed at the next start. */
const RENEW_MS = 30 * 86_400_000;

/** What clients rely on across restarts: the authority, the credentials, and the keys of tokens. */
export interface Identity {
  readonly ca: CertificateAuthority;
  readonly admin: CertificateAndKey;
  readonly aliceToken: string;
  readonly serviceAccounts: ServiceAccountKeys;
}

/** Where an identity is kept beyond the process. */
export interface Memory {
  recall(name: string): string | undefined;
  store(name: string, value: string): void;
}

/** The identity of earlier starts, or a new one. Nothing is kept without `memory`. */
export function identity(memory: Memory | undefined): Identity {
  const text = memory?.recall("identity");
  const known = text === undefined ? undefined : (JSON.parse(text) as Identity);
  if (known && lasts(known.admin)) return known;
  const ca = known && lasts(known.ca) ? known.ca : createCa({ commonName: "devcluster-ca" });
  const made: Identity = {
    ca,
    admin: issueCertificate(ca, { commonName: admin.username, organizations: ["system:masters"], usages: ["client auth"] }),
    aliceToken: known?.aliceToken ?? randomBytes(16).toString("hex"),
    serviceAccounts: known?.serviceAccounts ?? { signingKey: newSigningKey() },
  };
  memory?.store("identity", JSON.stringify(made));
  return made;
}

/** Names of the API server's certificate: loopback, the Service `kubernetes`, and `host` where it is one address. */
export function servingNames(host: string): { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] } {
  const isAddress = /^[\d.]+$|:/.test(host) && host !== "0.0.0.0" && host !== "::";
  return {
    dnsNames: ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"],
    ipAddresses: [...new Set(["127.0.0.1", "::1", "10.0.0.1", ...(isAddress ? [host] : [])])],
  };
}

function lasts({ certificate }: CertificateAndKey): boolean {
  return Date.parse(new X509Certificate(certificate).validTo) - Date.now() > RENEW_MS;
}
