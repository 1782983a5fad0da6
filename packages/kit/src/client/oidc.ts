import { connector } from "./connector.ts";
import { KubeconfigError } from "./errors.ts";
import type { Identity, IdentitySource } from "./identity.ts";
import { readProvider, writeProvider } from "./kubeconfig-write.ts";
import type { OidcSource } from "./oidc-source.ts";
import { environmentProxy } from "./proxy.ts";

/** An id token that ends this soon is replaced, so that no request dies under way. */
const EARLY_MS = 10_000;
const TIMEOUT_MS = 30_000;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/**
 * An OpenID Connect id token, replaced by means of the refresh token shortly before it ends and written back to the
 * kubeconfig, since an issuer may take each refresh token only once
 * (https://openid.net/specs/openid-connect-core-1_0.html#RefreshTokens). One refresh for all requests that wait.
 */
export class OidcCredentials implements IdentitySource {
  readonly #source: OidcSource;
  readonly #fixed: Readonly<Record<string, string>>;
  #idToken: string | undefined;
  #refreshToken: string | undefined;
  #identity: Identity | undefined;
  #until = 0;
  #refreshedAt = 0;
  #running: Promise<Identity> | undefined;

  constructor(source: OidcSource, fixed: Readonly<Record<string, string>>) {
    this.#source = source;
    this.#fixed = fixed;
    this.#idToken = source.idToken;
    this.#refreshToken = source.refreshToken;
    if (source.idToken) this.#accept(source.idToken);
  }

  current(): Identity | Promise<Identity> {
    if (this.#identity && Date.now() < this.#until) return this.#identity;
    this.#running ??= this.#refresh().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  refused(identity: Identity): boolean {
    if (identity !== this.#identity) return true;
    if (!this.#refreshToken || Date.now() - this.#refreshedAt < 1000) return false;
    this.#until = 0;
    return true;
  }

  async #refresh(): Promise<Identity> {
    const stored = this.#fromFile();
    if (stored) return stored;
    if (!this.#refreshToken)
      throw this.#wrong("refresh-token", `is missing, and the id-token ${this.#idToken ? "has ended" : "too"}; log in again`);
    const undici = await import("undici");
    const endpoint = await this.#tokenEndpoint(undici);
    const answer = await this.#exchange(undici, endpoint, this.#refreshToken);
    const body = parse(answer.text) as
      | { id_token?: string; refresh_token?: string; error?: string; error_description?: string }
      | undefined;
    if (answer.status !== 200) {
      const why = [body?.error, body?.error_description].filter(Boolean).join(": ") || `HTTP ${answer.status}`;
      throw this.#wrong("refresh-token", `was refused by ${endpoint}: ${why}; log in again`);
    }
    if (!body?.id_token) throw this.#wrong("refresh-token", `${endpoint} gave no id_token for it; log in with the scope "openid"`);
    this.#refreshToken = body.refresh_token || this.#refreshToken;
    this.#refreshedAt = Date.now();
    const identity = this.#accept(body.id_token);
    this.#persist();
    return identity;
  }

  /** What another program that shares the kubeconfig has fetched meanwhile. */
  #fromFile(): Identity | undefined {
    const { file, user } = this.#source;
    const stored = file === undefined ? undefined : readProvider(file, user);
    if (stored?.["refresh-token"]) this.#refreshToken = stored["refresh-token"];
    const idToken = stored?.["id-token"];
    if (!idToken || idToken === this.#idToken) return undefined;
    const identity = this.#accept(idToken);
    return Date.now() < this.#until ? identity : undefined;
  }

  #accept(idToken: string): Identity {
    const claims = parse(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString("utf8")) as { exp?: number } | undefined;
    if (typeof claims?.exp !== "number") throw this.#wrong("id-token", "is no token of OpenID Connect: it does not say when it ends");
    this.#idToken = idToken;
    this.#until = claims.exp * 1000 - EARLY_MS;
    this.#identity = { headers: { authorization: `Bearer ${idToken}`, ...this.#fixed } };
    return this.#identity;
  }

  async #tokenEndpoint(undici: typeof import("undici")): Promise<string> {
    const url = `${this.#source.issuerUrl.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const { status, text } = await this.#ask(undici, url, { method: "GET" });
    const endpoint = (parse(text) as { token_endpoint?: unknown } | undefined)?.token_endpoint;
    if (status !== 200) throw this.#wrong("idp-issuer-url", `${url} answered HTTP ${status}`);
    if (typeof endpoint !== "string" || !URL.canParse(endpoint)) throw this.#wrong("idp-issuer-url", `${url} names no token_endpoint`);
    return endpoint;
  }

  /** RFC 6749, 6. Issuers differ in where they take the secret: in a header, or in the body. */
  async #exchange(undici: typeof import("undici"), endpoint: string, refreshToken: string): Promise<Answer> {
    const { clientId, clientSecret } = this.#source;
    const form = { grant_type: "refresh_token", refresh_token: refreshToken };
    const post = (body: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> =>
      this.#ask(undici, endpoint, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json", ...headers },
        body: new URLSearchParams(body).toString(),
      });
    if (clientSecret) {
      const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
      const answer = await post(form, { authorization: `Basic ${Buffer.from(pair).toString("base64")}` });
      if (answer.status !== 400 && answer.status !== 401) return answer;
      if ((parse(answer.text) as { error?: string } | undefined)?.error === "invalid_grant") return answer;
    }
    return post({ ...form, client_id: clientId, ...(clientSecret ? { client_secret: clientSecret } : {}) });
  }

  async #ask(
    undici: typeof import("undici"),
    url: string,
    request: { method: "GET" | "POST"; headers?: Record<string, string>; body?: string },
  ): Promise<Answer> {
    const { ca, proxies = {} } = this.#source;
    const target = new URL(url);
    const proxy = environmentProxy(target, proxies)?.url;
    const dispatcher = new undici.Client(target.origin, {
      connect: connector(undici, ca ? { ca } : {}, proxy ? new URL(proxy) : undefined),
    });
    try {
      const { statusCode, body } = await dispatcher.request({
        ...request,
        path: target.pathname + target.search,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
      });
      return { status: statusCode, text: await body.text() };
    } catch (cause) {
      const { message, code } = cause as NodeJS.ErrnoException;
      throw this.#wrong("idp-issuer-url", `cannot reach ${url}: ${message || code}`, cause);
    } finally {
      await dispatcher.destroy();
    }
  }

  #persist(): void {
    const { file, user } = this.#source;
    if (file === undefined) return;
    try {
      writeProvider(file, user, { "id-token": this.#idToken!, "refresh-token": this.#refreshToken! });
    } catch (cause) {
      // The tokens in hand are good; the next program to start may have to log in again.
      process.emitWarning(`${file}: the renewed tokens of user "${user}" could not be written: ${(cause as Error).message}`, {
        type: "KubernetesWarning",
      });
    }
  }

  #wrong(name: string, problem: string, cause?: unknown): KubeconfigError {
    return new KubeconfigError(this.#source.source, `${this.#source.field}.${name}`, problem, cause);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
