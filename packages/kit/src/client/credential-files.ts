import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Credentials } from "./access.ts";
import type { KubeconfigError } from "./errors.ts";
import { authorization, type Identity, type IdentitySource } from "./identity.ts";

/** client-go's period for token files: half of the time between the kubelet's renewal and the old token's end. */
const PERIOD_MS = 60_000;

/** A token, or a certificate and its key, in files that their writer replaces before they end; while they cannot be read, the last ones stand. */
export class CredentialFiles implements IdentitySource {
  readonly #credentials: Credentials;
  readonly #fixed: Readonly<Record<string, string>>;
  readonly #wrong: (field: string, problem: string, cause: unknown) => KubeconfigError;
  #identity: Identity | undefined;
  #readAt = 0;

  constructor(
    credentials: Credentials,
    fixed: Readonly<Record<string, string>>,
    wrong: (field: string, problem: string, cause: unknown) => KubeconfigError,
  ) {
    this.#credentials = credentials;
    this.#fixed = fixed;
    this.#wrong = wrong;
  }

  current(): Identity {
    const now = performance.now();
    if (this.#identity && now - this.#readAt < PERIOD_MS) return this.#identity;
    this.#readAt = now;
    const headers = { ...this.#authorization(), ...this.#fixed };
    const pair = this.#certificate();
    const before = this.#identity;
    // The same identity while nothing changed: whoever compares it sees that.
    if (before && before.headers["authorization"] === headers["authorization"] && before.cert === pair.cert) return before;
    this.#identity = { headers, ...pair };
    return this.#identity;
  }

  refused(identity: Identity): boolean {
    if (identity !== this.#identity) return true;
    const again = performance.now() - this.#readAt > 1000;
    if (again) this.#readAt = Number.NEGATIVE_INFINITY;
    return again;
  }

  #authorization(): Record<string, string> {
    const { tokenFile } = this.#credentials;
    if (!tokenFile) return authorization(this.#credentials);
    try {
      const token = readFileSync(tokenFile, "utf8").trim();
      if (token === "") throw new Error("it is empty");
      return { authorization: `Bearer ${token}` };
    } catch (cause) {
      const last = this.#identity?.headers["authorization"];
      if (last === undefined) throw this.#wrong("tokenFile", `cannot read ${tokenFile}: ${(cause as Error).message}`, cause);
      return { authorization: last };
    }
  }

  #certificate(): { readonly cert?: string; readonly key?: string } {
    const { certFile, keyFile, cert, key } = this.#credentials;
    const last = this.#identity ?? (cert && key ? { cert, key } : {});
    const known = last.cert && last.key ? { cert: last.cert, key: last.key } : {};
    if (!certFile || !keyFile) return known;
    try {
      const next = { cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
      if (next.cert === known.cert) return known;
      // Two files cannot be replaced in one step: a pair that does not match is one half written.
      return new X509Certificate(next.cert).checkPrivateKey(createPrivateKey(next.key)) ? next : known;
    } catch {
      return known;
    }
  }
}
