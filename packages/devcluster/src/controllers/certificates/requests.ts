import { type CertificateRequest, PkiError, readCsr } from "@outrigger/kit/pki";
import type { CertificateSigningRequest } from "../../objects/index.ts";

export const KUBELET_SERVING = "kubernetes.io/kubelet-serving";
export const KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet";
export const API_CLIENT = "kubernetes.io/kube-apiserver-client";

/** The request inside; `undefined` where it cannot be read. */
export function requestOf({ spec }: CertificateSigningRequest): { readonly pem: string; readonly facts: CertificateRequest } | undefined {
  const pem = Buffer.from(String(spec.request), "base64").toString();
  try {
    return { pem, facts: readCsr(pem) };
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

export function hasCondition({ status }: CertificateSigningRequest, type: string): boolean {
  return status?.conditions?.some((condition) => condition.type === type && condition.status !== "False") ?? false;
}

/** What a built-in signer has against a request; "" where nothing, `undefined` where it is for another signer. */
export function objection({ spec }: CertificateSigningRequest, facts: CertificateRequest): string | undefined {
  const usages = new Set(spec.usages ?? []);
  switch (spec.signerName) {
    case API_CLIENT: {
      const unknown = [...usages].find((usage) => !["digital signature", "key encipherment", "client auth"].includes(usage));
      if (unknown !== undefined) return `invalid usage for client certificate: ${unknown}`;
      return usages.has("client auth") ? "" : "missing required usage for client certificate: client auth";
    }
    case KUBELET_CLIENT:
      return (
        ofNodes(facts) ??
        (facts.dnsNames.length > 0 ? "DNS subjectAltNames are not allowed" : undefined) ??
        (facts.ipAddresses.length > 0 ? "IP subjectAltNames are not allowed" : undefined) ??
        named(facts) ??
        exactly(usages, "client auth") ??
        ""
      );
    case KUBELET_SERVING:
      return (
        ofNodes(facts) ??
        (facts.dnsNames.length + facts.ipAddresses.length === 0 ? "DNS or IP subjectAltName is required" : undefined) ??
        exactly(usages, "server auth") ??
        named(facts) ??
        ""
      );
    default:
      return undefined;
  }
}

function ofNodes({ organizations }: CertificateRequest): string | undefined {
  return organizations.length === 1 && organizations[0] === "system:nodes" ? undefined : "subject organization is not system:nodes";
}
function named({ commonName }: CertificateRequest): string | undefined {
  return commonName?.startsWith("system:node:") ? undefined : "subject common name does not begin with system:node:";
}
/** These usages and no others; `key encipherment` may be left out. */
function exactly(usages: ReadonlySet<string>, purpose: string): string | undefined {
  const others = [...usages].filter((usage) => usage !== "key encipherment");
  const right = others.length === 2 && usages.has("digital signature") && usages.has(purpose);
  const all = ["digital signature", "key encipherment", purpose].sort();
  return right ? undefined : `usages did not match [${all.join(" ")}]`;
}
