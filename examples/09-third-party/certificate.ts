import { defineResource, t } from "@outrigger/kit";

/**
 * cert-manager's Certificate, as far as this operator writes and reads it. cert-manager defines it, so this definition is
 * never installed: it gives the static types, and what it leaves out is left alone.
 */
export const Certificate = defineResource({
  group: "cert-manager.io",
  version: "v1",
  kind: "Certificate",
  spec: t.Object({
    secretName: t.String(),
    dnsNames: t.Array(t.String()),
    issuerRef: t.Object({ name: t.String(), kind: t.Optional(t.String()) }),
  }),
  status: t.Object({
    conditions: t.Optional(t.Array(t.Object({ type: t.String(), status: t.String() }))),
  }),
});
