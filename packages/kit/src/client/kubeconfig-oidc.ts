import type { Fields } from "./kubeconfig-fields.ts";
import { Fields as ProviderFields } from "./kubeconfig-fields.ts";
import type { OidcSource } from "./oidc-source.ts";
import { type Env, proxyVariables } from "./proxy.ts";

/** A user's `auth-provider`: `oidc`, the one that kubectl still has (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#option-1-oidc-authenticator). */
export function readOidc(provider: Readonly<Record<string, unknown>>, user: Fields, env: Env): OidcSource {
  const { name } = provider;
  if (name !== "oidc")
    throw user.wrong("auth-provider.name", `"${String(name ?? "")}" is not supported any more, by Kubernetes neither; use exec`);
  const config = (provider["config"] ?? {}) as Record<string, unknown>;
  const fields = new ProviderFields({ ...user.entry, body: config }, user.path("auth-provider.config"));
  const issuerUrl = fields.text("idp-issuer-url");
  if (!issuerUrl) throw fields.wrong("idp-issuer-url", "is missing");
  const protocol = URL.parse(issuerUrl)?.protocol;
  if (protocol !== "https:" && protocol !== "http:") throw fields.wrong("idp-issuer-url", `"${issuerUrl}" is no https URL`);
  const clientId = fields.text("client-id");
  if (!clientId) throw fields.wrong("client-id", "is missing");
  const [clientSecret, idToken, refreshToken] = [fields.text("client-secret"), fields.text("id-token"), fields.text("refresh-token")];
  const ca = fields.pem("idp-certificate-authority");
  return {
    issuerUrl,
    clientId,
    ...(clientSecret ? { clientSecret } : {}),
    ...(idToken ? { idToken } : {}),
    ...(refreshToken ? { refreshToken } : {}),
    ...(ca ? { ca: ca.pem } : {}),
    ...(user.entry.isFile ? { file: user.entry.file } : {}),
    user: user.entry.name,
    proxies: proxyVariables(env),
    source: user.entry.file,
    field: user.path("auth-provider.config"),
  };
}
