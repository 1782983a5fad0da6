import { KubeconfigError } from "./errors.ts";
import type { ExecCredentialSource } from "./exec-source.ts";
import type { Identity, IdentitySource } from "./identity.ts";
import { runPlugin } from "./plugin.ts";

/** Fetched again this long before the end, so that no request starts with a credential that dies under way. */
const EARLY_MS = 10_000;

interface ExecCredential {
  kind?: string;
  apiVersion?: string;
  status?: { token?: string; clientCertificateData?: string; clientKeyData?: string; expirationTimestamp?: string };
}

/**
 * Credentials printed by a program
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins).
 * Run once for all requests that wait, again shortly before the credential ends, and after a 401.
 */
export class ExecCredentials implements IdentitySource {
  readonly #source: ExecCredentialSource;
  readonly #fixed: Readonly<Record<string, string>>;
  readonly #timeoutMs: number | undefined;
  #identity: Identity | undefined;
  #until = 0;
  #fetchedAt = 0;
  #running: Promise<Identity> | undefined;

  constructor(source: ExecCredentialSource, fixed: Readonly<Record<string, string>>, timeoutMs?: number) {
    this.#source = source;
    this.#fixed = fixed;
    this.#timeoutMs = timeoutMs;
  }

  current(): Identity | Promise<Identity> {
    if (this.#identity && Date.now() < this.#until) return this.#identity;
    this.#running ??= this.#fetch().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  refused(identity: Identity): boolean {
    // Another request was refused before, and there is a new credential by now.
    if (identity !== this.#identity) return true;
    // A credential of this very moment that is refused will be refused again.
    if (Date.now() - this.#fetchedAt < 1000) return false;
    this.#identity = undefined;
    return true;
  }

  async #fetch(): Promise<Identity> {
    const { source, field, command, apiVersion } = this.#source;
    const wrong = (problem: string, cause?: unknown): KubeconfigError => new KubeconfigError(source, field, problem, cause);
    const output = await runPlugin(this.#source, this.#timeoutMs);
    let credential: ExecCredential;
    try {
      credential = JSON.parse(output) as ExecCredential;
    } catch (cause) {
      throw wrong(`${command} did not print JSON`, cause);
    }
    if (credential?.kind !== "ExecCredential" || !credential.status) throw wrong(`${command} printed no ExecCredential with a status`);
    if (credential.apiVersion !== apiVersion)
      throw wrong(`${command} printed an ExecCredential of ${credential.apiVersion ?? "no version"}, and apiVersion says ${apiVersion}`);
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = credential.status;
    if (!token && !(cert && key)) throw wrong(`${command} gave neither a token nor a certificate with its key`);
    const until = expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY;
    if (Number.isNaN(until)) throw wrong(`${command} gave an expirationTimestamp that is no time: ${expirationTimestamp}`);
    this.#fetchedAt = Date.now();
    this.#until = until - EARLY_MS;
    this.#identity = {
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...this.#fixed },
      ...(cert && key ? { cert, key } : {}),
    };
    return this.#identity;
  }
}
