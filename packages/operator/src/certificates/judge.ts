import { inspectCertificate, isKeyOf, isTrustedBy, mergeBundles } from "@outrigger/kit/pki";
import type { Offer } from "./staged.ts";

/**
 * Why API servers would refuse a server with this certificate; `undefined` where they would not.
 *
 * @param from names where it is from in the answer.
 */
export function problemOf({ certificate, key, authority }: Offer, dnsName: string, from: string): string | undefined {
  if (mergeBundles(certificate) === "") return `${from}: tls.crt holds no certificate`;
  if (!isKeyOf(certificate, key)) return `${from}: tls.key is not the key of tls.crt`;
  if (mergeBundles(authority) === "")
    return `${from}: ca.crt holds no certificate, and API servers must be told whom to trust: of cert-manager's issuers those of type CA, SelfSigned and Vault write it`;
  const { notBefore, notAfter, dnsNames } = inspectCertificate(certificate);
  if (notAfter.getTime() <= Date.now()) return `${from}: tls.crt ended on ${notAfter.toISOString()}`;
  if (notBefore.getTime() > Date.now()) return `${from}: tls.crt is not valid before ${notBefore.toISOString()}`;
  if (!dnsNames.some((name) => name === dnsName || name === `*.${dnsName.split(".").slice(1).join(".")}`))
    return `${from}: tls.crt is of ${dnsNames.join(", ") || "no DNS name"}, and API servers call ${dnsName}`;
  if (!isTrustedBy(certificate, authority)) return `${from}: tls.crt was not issued by an authority in ca.crt`;
  return undefined;
}
