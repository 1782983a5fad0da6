import { controller, type Observed, Service } from "@outrigger/kit";
import { Certificate } from "./certificate.ts";

/** A Service with this annotation gets a certificate from the issuer that it names. */
export const ISSUER = "example.com/issuer";

/** Services are Kubernetes' kind, Certificates cert-manager's; this operator defines none of its own. */
export const certifiedServices = controller(Service, { name: "certified-services" })
  .owns(Certificate)
  .reconcile(async (service, ctx) => {
    if (service.metadata.deletionTimestamp) return;
    await ctx.apply(certificatesFor(service), { prune: [Certificate] });
  });

function certificatesFor({ metadata: { name, namespace, annotations } }: Observed<typeof Service>) {
  const issuer = annotations?.[ISSUER];
  if (!issuer) return [];
  return [
    {
      apiVersion: "cert-manager.io/v1" as const,
      kind: "Certificate" as const,
      metadata: { name },
      spec: { secretName: `${name}-tls`, dnsNames: [`${name}.${namespace}.svc`], issuerRef: { name: issuer, kind: "ClusterIssuer" } },
    },
  ];
}
