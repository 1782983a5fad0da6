import type { Credentials, Impersonation } from "./access.ts";

/** What a request carries to say who asks: headers, and for the connection a certificate. */
export interface Identity {
  readonly headers: Readonly<Record<string, string>>;
  readonly cert?: string;
  readonly key?: string;
}

/** Gives the identity of the moment; a plain value while nothing needs to be fetched, so that requests do not wait for a promise. */
export interface IdentitySource {
  current(): Identity | Promise<Identity>;
  /** The server said 401 to this identity. True when another try may help. */
  refused(identity: Identity): boolean;
}

/** The header that says who asks; none where a certificate does. */
export function authorization({ token, username, password }: Credentials): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  if (username) return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}` };
  return {};
}

/** Headers that ask the server to take the request as another's. */
export function impersonation(impersonate: Impersonation | undefined): Record<string, string> {
  if (!impersonate) return {};
  const headers: Record<string, string> = { "impersonate-user": impersonate.user };
  if (impersonate.uid) headers["impersonate-uid"] = impersonate.uid;
  // Repeated headers; undici takes a list where the type says string.
  if (impersonate.groups?.length) headers["impersonate-group"] = impersonate.groups as unknown as string;
  for (const [key, values] of Object.entries(impersonate.extra ?? {}))
    headers[`impersonate-extra-${headerName(key)}`] = values as unknown as string;
  return headers;
}

/** Keys are like `example.com/scope`; what a header's name may not hold is percent-encoded, and the server decodes it. */
function headerName(key: string): string {
  return encodeURIComponent(key.toLowerCase()).replace(/[()]/g, (bracket) => `%${bracket.charCodeAt(0).toString(16)}`);
}
