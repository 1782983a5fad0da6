import { execFile } from "node:child_process";
import { join } from "node:path";
import type { ExecCredentialSource } from "./access.ts";
import type { Identity, IdentitySource } from "./credentials.ts";
import { KubeconfigError } from "./errors.ts";

/** A plugin that hangs must not hang every request with it. */
const TIMEOUT_MS = 60_000;
/** Fetched again this long before the end, so that no request starts with a credential that dies under way. */
const EARLY_MS = 10_000;

interface ExecCredential {
  kind?: string;
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
  readonly #timeoutMs: number;
  #identity: Identity | undefined;
  #until = 0;
  #fetchedAt = 0;
  #running: Promise<Identity> | undefined;

  constructor(source: ExecCredentialSource, fixed: Readonly<Record<string, string>>, timeoutMs: number = TIMEOUT_MS) {
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

  refused(): boolean {
    // A credential of this very moment that is refused will be refused again.
    if (this.#running === undefined && Date.now() - this.#fetchedAt < 1000) return false;
    this.#identity = undefined;
    return true;
  }

  async #fetch(): Promise<Identity> {
    const { source, field } = this.#source;
    const wrong = (problem: string, cause?: unknown): KubeconfigError => new KubeconfigError(source, field, problem, cause);
    const output = await this.#run();
    let credential: ExecCredential;
    try {
      credential = JSON.parse(output) as ExecCredential;
    } catch (cause) {
      throw wrong(`${this.#source.command} did not print JSON`, cause);
    }
    if (credential.kind !== "ExecCredential" || !credential.status)
      throw wrong(`${this.#source.command} printed no ExecCredential with a status`);
    const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = credential.status;
    if (!token && !(cert && key)) throw wrong(`${this.#source.command} gave neither a token nor a certificate with its key`);
    this.#fetchedAt = Date.now();
    this.#until = expirationTimestamp ? Date.parse(expirationTimestamp) - EARLY_MS : Number.POSITIVE_INFINITY;
    this.#identity = {
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...this.#fixed },
      ...(cert && key ? { cert, key } : {}),
    };
    return this.#identity;
  }

  #run(): Promise<string> {
    const { command, args, env, apiVersion, cluster, installHint, folder, source, field } = this.#source;
    const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec: { interactive: false, ...(cluster ? { cluster } : {}) } });
    // A bare name is found on PATH; anything with a slash is relative to the kubeconfig.
    const file = command.includes("/") && !command.startsWith("/") ? join(folder, command) : command;
    return new Promise((resolve, reject) => {
      execFile(
        file,
        [...args],
        {
          env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: info },
          timeout: this.#timeoutMs,
          killSignal: "SIGKILL",
          maxBuffer: 1 << 20,
        },
        (error, stdout, stderr) => {
          if (!error) return resolve(stdout);
          const hint = installHint ? ` (${installHint.trim()})` : "";
          if ((error as NodeJS.ErrnoException).code === "ENOENT")
            return reject(new KubeconfigError(source, `${field}.command`, `${command} is not installed${hint}`, error));
          const why = error.killed
            ? `gave no answer in ${this.#timeoutMs / 1000} s`
            : `failed: ${stderr.trim().split("\n").slice(-3).join("; ") || error.message}`;
          reject(new KubeconfigError(source, `${field}.command`, `${command} ${why}`, error));
        },
      ).stdin?.end();
    });
  }
}
