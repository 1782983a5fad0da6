import type { ClusterAccess } from "./access.ts";
import { type Fields, readCertificate } from "./kubeconfig-fields.ts";
import { parseProxyUrl } from "./proxy.ts";

/** What the cluster's entry says, before it is known who asks. */
export type ClusterEntry = Omit<ClusterAccess, "namespace" | "credentials" | "source" | "places">;

/**
 * The server's URL. A host, with or without a port, gets the scheme that client-go gives it (`rest.DefaultServerURL`):
 * https where something else in the kubeconfig speaks of TLS, and http otherwise.
 */
function serverUrl(text: string, speaksTls: boolean): string | undefined {
  if (/^https?:\/\//i.test(text)) return URL.canParse(text) ? text : undefined;
  if (text.includes("://")) return undefined;
  const url = URL.parse(`${speaksTls ? "https" : "http"}://${text}`);
  if (!url?.hostname || url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "") return undefined;
  return `${url.protocol}//${text}`;
}

/** @param withCertificate the user has a client certificate, which tells kubectl too that the server speaks TLS. */
export function readCluster(fields: Fields, withCertificate = false): ClusterEntry {
  const text = fields.text("server");
  if (text === undefined) throw fields.wrong("server", "is missing");
  const insecureSkipTlsVerify = fields.flag("insecure-skip-tls-verify");
  const ca = fields.pem("certificate-authority");
  const server = serverUrl(text, insecureSkipTlsVerify || ca !== undefined || withCertificate);
  if (server === undefined) throw fields.wrong("server", `"${text}" is no http or https URL, nor a host with or without a port`);
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
