import type { Dispatcher, Pool } from "undici";
import type { ClusterAccess } from "./access.ts";
import type { Transport, TransportRequest, TransportResponse } from "./contract.ts";
import { type Identity, type IdentitySource, identitySource } from "./credentials.ts";
import { ConnectionError } from "./errors.ts";
import { lines } from "./lines.ts";

export interface NetworkOptions {
  /** Milliseconds until a request without an answer is given up. Default 60,000. */
  readonly timeoutMs?: number;
  readonly userAgent?: string;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** First TCP keep-alive probe on a quiet connection; ten follow a second apart, so a dead peer is noticed within half a minute. */
const KEEP_ALIVE_PROBE_MS = 15_000;
/** How long an idle connection is kept; a server's own hint goes before. */
const IDLE_MS = 60_000;

/** The pools of one identity: requests and watches apart, since a watch keeps its connection for minutes. */
interface Pools {
  readonly requests: Dispatcher;
  readonly watches: Dispatcher;
  readonly cert: string | undefined;
}

/** A transport over TLS to the cluster: pools of keep-alive connections. Opens none before the first request. */
export function networkTransport(access: ClusterAccess, options: NetworkOptions = {}): Transport {
  return new NetworkTransport(access, options);
}

class NetworkTransport implements Transport {
  readonly #access: ClusterAccess;
  readonly #identity: IdentitySource;
  readonly #timeoutMs: number;
  readonly #userAgent: string;
  readonly #prefix: string;
  readonly #origin: string;
  #undici: typeof import("undici") | undefined;
  #pools: Pools | undefined;
  #closed = false;

  constructor(access: ClusterAccess, { timeoutMs = DEFAULT_TIMEOUT_MS, userAgent = "outrigger" }: NetworkOptions) {
    this.#access = access;
    this.#identity = identitySource(access);
    this.#timeoutMs = timeoutMs;
    this.#userAgent = userAgent;
    const { origin, pathname } = new URL(access.server);
    this.#origin = origin;
    this.#prefix = pathname === "/" ? "" : pathname.replace(/\/$/, "");
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    for (let attempt = 0; ; attempt++) {
      try {
        const response = await this.#once(request);
        if (response.status !== 401 || attempt > 0 || !this.#identity.refused()) return response;
        await response.text();
      } catch (error) {
        // The server closed an idle connection just as the request went out on it. Reading again is always safe.
        if (
          request.method === "GET" &&
          attempt === 0 &&
          error instanceof ConnectionError &&
          error.reason === "UND_ERR_SOCKET" &&
          !request.signal?.aborted
        )
          continue;
        throw error;
      }
    }
  }

  async #once(request: TransportRequest): Promise<TransportResponse> {
    if (this.#closed) throw new ConnectionError("the client is closed", "CLOSED");
    const current = this.#identity.current();
    const identity = current instanceof Promise ? await current : current;
    this.#undici ??= await import("undici");
    const pools = this.#poolsFor(identity);
    const options: Dispatcher.RequestOptions = {
      origin: this.#origin,
      path: this.#prefix + request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: { "user-agent": this.#userAgent, ...request.headers, ...identity.headers },
      body: request.body ?? null,
      headersTimeout: this.#timeoutMs,
      bodyTimeout: request.stream ? 0 : this.#timeoutMs,
    };
    if (request.signal) options.signal = request.signal;
    let data: Dispatcher.ResponseData;
    try {
      data = await (request.stream ? pools.watches : pools.requests).request(options);
    } catch (error) {
      throw this.#failure(error, request);
    }
    return {
      status: data.statusCode,
      headers: data.headers,
      text: async () => {
        try {
          return await data.body.text();
        } catch (error) {
          throw this.#failure(error, request);
        }
      },
      lines: () => this.#lines(data, request),
    };
  }

  async *#lines(data: Dispatcher.ResponseData, request: TransportRequest): AsyncGenerator<string, void, undefined> {
    // Destroying a body on purpose ends in an error that nobody waits for.
    data.body.on("error", () => {});
    try {
      yield* lines(data.body);
    } catch (error) {
      throw this.#failure(error, request);
    } finally {
      data.body.destroy();
    }
  }

  #poolsFor({ cert, key }: Identity): Pools {
    const pools = this.#pools;
    if (pools && pools.cert === cert) return pools;
    // A new certificate needs new connections; what runs on the old ones may end.
    if (pools) void Promise.allSettled([pools.requests.close(), pools.watches.close()]);
    const { ca, tlsServerName, insecureSkipTlsVerify, proxyUrl } = this.#access;
    const tls = {
      ...(ca ? { ca } : {}),
      ...(cert && key ? { cert, key } : {}),
      ...(tlsServerName ? { servername: tlsServerName } : {}),
      rejectUnauthorized: !insecureSkipTlsVerify,
    };
    const undici = this.#undici!;
    const shared: Pool.Options = { keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: 600_000, connections: null, allowH2: false };
    const make = (): Dispatcher =>
      proxyUrl
        ? new undici.ProxyAgent({ ...shared, uri: proxyUrl, requestTls: tls } as never)
        : new undici.Pool(this.#origin, {
            ...shared,
            connect: { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS },
          });
    this.#pools = { requests: make(), watches: make(), cert };
    return this.#pools;
  }

  #failure(error: unknown, request: TransportRequest): unknown {
    if (request.signal?.aborted) return request.signal.reason;
    return connectionError(error, this.#access, request);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pools = this.#pools;
    this.#pools = undefined;
    if (pools) await Promise.all([pools.requests.destroy(), pools.watches.destroy()]);
  }
}

/** Says what was to be reached, what happened, and for the common causes what to do. */
function connectionError(
  error: unknown,
  { server, source, insecureSkipTlsVerify }: ClusterAccess,
  request: TransportRequest,
): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const cause = error as NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] };
  const reason = cause.code ?? cause.errors?.[0]?.code ?? cause.name ?? "UNKNOWN";
  const hint = insecureSkipTlsVerify ? undefined : HINTS[reason];
  const what = cause.message || cause.errors?.[0]?.message || reason;
  return new ConnectionError(`${request.method} ${server}${request.path}: ${what}${hint ? ` (${source}: ${hint})` : ""}`, reason, error);
}

const AUTHORITY =
  "the server's certificate does not come from the cluster's certificate-authority; take certificate-authority-data from this cluster";
const HINTS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: AUTHORITY,
  DEPTH_ZERO_SELF_SIGNED_CERT: AUTHORITY,
  CERT_SIGNATURE_FAILURE: AUTHORITY,
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name; set tls-server-name",
  ECONNREFUSED: "nothing listens there; is the cluster up?",
  ENOTFOUND: "there is no such host",
};
