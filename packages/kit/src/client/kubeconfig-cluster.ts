import type { ClusterAccess } from "./access.ts";
import { type Fields, readCertificate } from "./kubeconfig-fields.ts";
import { parseProxyUrl } from "./proxy.ts";

/** What the cluster's entry says, before it is known who asks. */
export type ClusterEntry = Omit<ClusterAccess, "namespace" | "credentials" | "source" | "places">;

export function readCluster(fields: Fields): ClusterEntry {
  const server = fields.text("server");
  if (server === undefined) throw fields.wrong("server", "is missing");
  const url = URL.parse(server);
  if (url?.protocol !== "https:" && url?.protocol !== "http:") throw fields.wrong("server", `"${server}" is no http or https URL`);
  const insecureSkipTlsVerify = fields.flag("insecure-skip-tls-verify");
  const ca = fields.pem("certificate-authority");
  if (ca && insecureSkipTlsVerify) throw fields.wrong("insecure-skip-tls-verify", `is not allowed beside ${ca.field}`);
  if (ca) readCertificate(fields, ca);
  const tlsServerName = fields.text("tls-server-name");
  const proxyUrl = fields.text("proxy-url");
  if (proxyUrl) {
    const problem = parseProxyUrl(proxyUrl);
    if (typeof problem === "string") throw fields.wrong("proxy-url", problem);
  }
  return {
    server: server.replace(/\/+$/, ""),
    ...(insecureSkipTlsVerify ? { insecureSkipTlsVerify } : {}),
    ...(ca ? { ca: ca.pem } : {}),
    ...(tlsServerName ? { tlsServerName } : {}),
    ...(proxyUrl ? { proxyUrl } : {}),
  };
}
