import type { MetricFamily } from "@outrigger/kit/metrics";
import { inspectCertificate } from "@outrigger/kit/pki";
import { gauge } from "./family.ts";

/** When the serving certificate, and the first of the authorities that callers trust, end; seconds since 1970. */
export function certificateFamilies(served: { readonly certificate: string; readonly caBundle: string }): readonly MetricFamily[] {
  const ends = (pem: string): number => Math.floor(inspectCertificate(pem).notAfter.getTime() / 1000);
  const authorities = served.caBundle.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n?/g) ?? [];
  const values = [
    { value: ends(served.certificate), labels: { certificate: "serving" } },
    ...(authorities.length === 0 ? [] : [{ value: Math.min(...authorities.map(ends)), labels: { certificate: "authority" } }]),
  ];
  return [gauge("outrigger_certificate_expiry_timestamp_seconds", "When a certificate of the webhooks ends", values)];
}
