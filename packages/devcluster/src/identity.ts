import { randomBytes, X509Certificate } from "node:crypto";
import { type CertificateAndKey, type CertificateAuthority, createCa, issueCertificate } from "@outrigger/kit/pki";
import type { UserInfo } from "./registry/index.ts";
import { newServiceAccountKeys, type ServiceAccountKeys } from "./server/index.ts";

/** The user of the kubeconfig's first context, of `client()` and of the control loops. */
export const admin: UserInfo = { username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] };

/** A kubeconfig's certificate that ends sooner is made anew at the next start. */
const RENEW_MS = 30 * 86_400_000;

/** What makes a cluster the same one to its clients. */
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
    serviceAccounts: known?.serviceAccounts ?? newServiceAccountKeys(),
  };
  memory?.store("identity", JSON.stringify(made));
  return made;
}

function lasts({ certificate }: CertificateAndKey): boolean {
  return Date.parse(new X509Certificate(certificate).validTo) - Date.now() > RENEW_MS;
}
