import { readFileSync } from "node:fs";
import type { ClusterAccess, Credentials } from "./access.ts";
import { KubeconfigError } from "./errors.ts";
import { ExecCredentials } from "./exec.ts";

const TOKEN_FILE_MS = 60_000;

/** What a request carries to say who asks: headers, and for the connection a certificate. */
export interface Identity {
  readonly headers: Readonly<Record<string, string>>;
  readonly cert?: string;
  readonly key?: string;
}

/** Gives the identity of the moment; a plain value while nothing needs to be fetched, so that requests do not wait for a promise. */
export interface IdentitySource {
  current(): Identity | Promise<Identity>;
  /** The server said 401: whatever is cached is no good. True when another try may help. */
  refused(): boolean;
}

export function identitySource(access: ClusterAccess): IdentitySource {
  const { credentials } = access;
  const fixed = impersonation(credentials);
  if (credentials.exec && !credentials.token && !credentials.tokenFile && !credentials.cert)
    return new ExecCredentials(credentials.exec, fixed);
  if (credentials.tokenFile) return new TokenFile(access, credentials.tokenFile, fixed);
  const identity: Identity = {
    headers: { ...authorization(credentials), ...fixed },
    ...(credentials.cert && credentials.key ? { cert: credentials.cert, key: credentials.key } : {}),
  };
  return { current: () => identity, refused: () => false };
}

function authorization({ token, username, password }: Credentials): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  if (username) return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}` };
  return {};
}

// https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
function impersonation({ impersonate }: Credentials): Record<string, string> {
  if (!impersonate) return {};
  const headers: Record<string, string> = { "impersonate-user": impersonate.user };
  if (impersonate.uid) headers["impersonate-uid"] = impersonate.uid;
  // Repeated headers; undici takes a list where the type says string.
  if (impersonate.groups?.length) headers["impersonate-group"] = impersonate.groups as unknown as string;
  for (const [key, values] of Object.entries(impersonate.extra ?? {}))
    headers[`impersonate-extra-${encodeURIComponent(key.toLowerCase())}`] = values as unknown as string;
  return headers;
}

/** A token in a file that its writer replaces before it ends; while the file cannot be read, the last token stands. */
class TokenFile implements IdentitySource {
  readonly #access: ClusterAccess;
  readonly #file: string;
  readonly #fixed: Readonly<Record<string, string>>;
  #identity: Identity | undefined;
  #readAt = 0;

  constructor(access: ClusterAccess, file: string, fixed: Readonly<Record<string, string>>) {
    this.#access = access;
    this.#file = file;
    this.#fixed = fixed;
  }

  current(): Identity {
    const now = performance.now();
    if (this.#identity && now - this.#readAt < TOKEN_FILE_MS) return this.#identity;
    this.#readAt = now;
    const { credentials } = this.#access;
    try {
      const token = readFileSync(this.#file, "utf8").trim();
      if (token === "") throw new Error("it is empty");
      this.#identity = {
        headers: { authorization: `Bearer ${token}`, ...this.#fixed },
        ...(credentials.cert && credentials.key ? { cert: credentials.cert, key: credentials.key } : {}),
      };
    } catch (cause) {
      if (this.#identity === undefined)
        throw new KubeconfigError(this.#access.source, "tokenFile", `cannot read ${this.#file}: ${(cause as Error).message}`, cause);
    }
    return this.#identity!;
  }

  refused(): boolean {
    const again = performance.now() - this.#readAt > 1000;
    if (again) this.#readAt = Number.NEGATIVE_INFINITY;
    return again;
  }
}
