import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCa, issueCertificate } from "../src/pki/index.ts";

/** An OpenID Connect issuer over real TLS, as far as refreshing goes: discovery and the token endpoint. */
export interface Issuer extends AsyncDisposable {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** The forms that its token endpoint got, with the header that says who asks. */
  readonly refreshes: { readonly form: Readonly<Record<string, string>>; readonly authorization: string | undefined }[];
  /** Refresh tokens that it takes; each once, and the next is given with the answer. */
  refreshToken: string;
  /** Seconds that its id tokens last. */
  lifetime: number;
  /** Only in the body, as some issuers want the client's secret. */
  secretInBody: boolean;
  /** Gives no id_token. */
  withoutIdToken: boolean;
}

/** An unsigned token: nobody here verifies it. @param exp seconds since 1970. */
export function idToken(exp: number, name = "t"): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: name, exp })}.sig`;
}

/** @param host a name that only a test's proxy can resolve. */
export async function startIssuer(host = "127.0.0.1"): Promise<Issuer> {
  const ca = createCa({ commonName: "issuer-ca" });
  const { certificate, key } = issueCertificate(ca, {
    commonName: "issuer",
    dnsNames: ["issuer.test"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server auth"],
  });
  let count = 0;
  const server = createServer({ cert: certificate, key }, async (request, response) => {
    const answer = (status: number, body: object): unknown =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.url === "/realm/.well-known/openid-configuration")
      return answer(200, { issuer: issuer.url, token_endpoint: `${issuer.url}/token` });
    if (request.url !== "/realm/token") return answer(404, {});
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const form = Object.fromEntries(new URLSearchParams(text));
    const { authorization } = request.headers;
    issuer.refreshes.push({ form, authorization });
    const basic = `Basic ${Buffer.from("cli:s%3Acret").toString("base64")}`;
    const known = issuer.secretInBody ? form["client_id"] === "cli" && form["client_secret"] === "s:cret" : authorization === basic;
    if (!known) return answer(401, { error: "invalid_client" });
    if (form["grant_type"] !== "refresh_token" || form["refresh_token"] !== issuer.refreshToken)
      return answer(400, { error: "invalid_grant", error_description: "it was used up" });
    issuer.refreshToken = `r${++count}`;
    const exp = Math.floor(Date.now() / 1000) + issuer.lifetime;
    return answer(200, { refresh_token: issuer.refreshToken, ...(issuer.withoutIdToken ? {} : { id_token: idToken(exp, `t${count}`) }) });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer: Issuer = {
    url: `https://${host}:${(server.address() as AddressInfo).port}/realm`,
    ca: ca.certificate,
    refreshes: [],
    refreshToken: "r0",
    lifetime: 3600,
    secretInBody: false,
    withoutIdToken: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
