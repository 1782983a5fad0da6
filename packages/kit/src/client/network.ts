import type { Dispatcher, Pool } from "undici";
import type { ClusterAccess, Impersonation } from "./access.ts";
import { connectionError } from "./connection-error.ts";
import { connector } from "./connector.ts";
import type { Transport, TransportRequest, TransportResponse } from "./contract.ts";
import { identitySource } from "./credentials.ts";
import { ConnectionError } from "./errors.ts";
import { StreamExchange, WholeExchange } from "./exchange.ts";
import type { Identity, IdentitySource } from "./identity.ts";
import { proxyAuthorities, proxyAuthorization } from "./tunnel.ts";

/** How connections to an API server are made. */
export interface NetworkOptions {
  /** Milliseconds until a request without an answer, or whose answer stands still, is given up; streams have their own rules. Default 60,000. */
  readonly timeoutMs?: number;
  readonly userAgent?: string;
  /** Speak HTTP/2 where the server does. Default false: HTTP/1.1 costs less here, and each watch then has its own connection. */
  readonly http2?: boolean;
  /** Connections for requests (not for watches); what comes beyond waits. Default 64. */
  readonly maxConnections?: number;
  /** Instead of the impersonation that the kubeconfig asks for. */
  readonly impersonate?: Impersonation;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_CONNECTIONS = 64;
/** How long an idle connection is kept; a server's own hint goes before. */
const IDLE_MS = 60_000;
/** The connection closed before any response byte arrived: it was idle for too long, or the server restarted. */
const BROKEN = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** The pools of one identity: requests and watches apart, since a watch keeps its connection for minutes. */
interface Pools {
  readonly requests: Pool;
  readonly watches: Pool;
  readonly cert: string | undefined;
}

/** A transport over TLS to the cluster: pools of keep-alive connections. Opens none before the first request. */
export function networkTransport(access: ClusterAccess, options: NetworkOptions = {}): Transport {
  return new NetworkTransport(access, options);
}

class NetworkTransport implements Transport {
  readonly #access: ClusterAccess;
  readonly #identity: IdentitySource;
  readonly #options: NetworkOptions;
  readonly #timeoutMs: number;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #prefix: string;
  readonly #origin: string;
  readonly #proxy: URL | undefined;
  #undici: typeof import("undici") | undefined;
  #pools: Pools | undefined;
  /** Pools of former certificates, whose requests may still run. */
  readonly #retired = new Set<Pools>();
  #closed = false;

  constructor(access: ClusterAccess, options: NetworkOptions) {
    this.#access = access;
    this.#options = options;
    this.#identity = identitySource(access, options.impersonate);
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const { origin, pathname, host, protocol } = new URL(access.server);
    const prefix = pathname.replace(/\/$/, "");
    const userAgent = { "user-agent": options.userAgent ?? "outrigger" };
    const proxy = access.proxyUrl ? new URL(access.proxyUrl) : undefined;
    if (protocol === "http:" && proxy && proxy.protocol !== "socks5:") {
      // Without TLS a proxy is asked for the whole URL; there is no tunnel (RFC 9112, 3.2.2).
      this.#origin = proxy.origin;
      this.#prefix = origin + prefix;
      this.#headers = { ...userAgent, host, ...proxyAuthorization(proxy) };
    } else {
      this.#origin = origin;
      this.#prefix = prefix;
      this.#headers = userAgent;
      this.#proxy = proxy;
    }
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    for (let attempt = 0; ; attempt++) {
      if (this.#closed) throw new ConnectionError("the client is closed", "CLOSED");
      const current = this.#identity.current();
      const identity = current instanceof Promise ? await current : current;
      this.#undici ??= await import("undici");
      // It may have ended while there was an identity to wait for.
      request.signal?.throwIfAborted();
      try {
        const response = await this.#once(request, identity);
        if (response.status !== 401 || attempt > 0 || !this.#identity.refused(identity)) return response;
        await response.text();
      } catch (error) {
        // Reading again is always safe.
        const broken = error instanceof ConnectionError && BROKEN.has(error.reason);
        if (!broken || request.method !== "GET" || attempt > 0) throw error;
      }
    }
  }

  #once(request: TransportRequest, identity: Identity): Promise<TransportResponse> {
    const pools = this.#poolsFor(identity);
    const failure = (error: unknown): unknown => connectionError(error, this.#access, request);
    const exchange = request.stream
      ? new StreamExchange(request.signal, failure, this.#timeoutMs)
      : new WholeExchange(request.signal, failure);
    (request.stream ? pools.watches : pools.requests).dispatch(
      {
        origin: this.#origin,
        path: this.#prefix + request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: { ...this.#headers, ...request.headers, ...identity.headers },
        body: request.body ?? null,
        // Neither the kubelet nor the API server sends the headers of a log before its first byte.
        headersTimeout: request.stream && !request.promptHeaders ? 0 : this.#timeoutMs,
        bodyTimeout: request.stream ? 0 : this.#timeoutMs,
      },
      exchange,
    );
    return exchange.response;
  }

  #poolsFor({ cert, key }: Identity): Pools {
    const before = this.#pools;
    if (before && before.cert === cert) return before;
    // A new certificate needs new connections; what runs on the old ones may end.
    if (before) {
      this.#retired.add(before);
      void Promise.allSettled([before.requests.close(), before.watches.close()]).then(() => this.#retired.delete(before));
    }
    const make = (connections: number | null): Pool => this.#pool(connections, cert, key);
    this.#pools = { requests: make(this.#options.maxConnections ?? DEFAULT_CONNECTIONS), watches: make(null), cert };
    return this.#pools;
  }

  #pool(connections: number | null, cert: string | undefined, key: string | undefined): Pool {
    const { ca, tlsServerName, insecureSkipTlsVerify } = this.#access;
    const undici = this.#undici!;
    const allowH2 = this.#options.http2 ?? false;
    // Where the proxy itself is asked for http URLs, its certificate is not the cluster's business.
    const authorities = this.#prefix.startsWith("http:") ? proxyAuthorities(ca) : ca;
    return new undici.Pool(this.#origin, {
      connections,
      allowH2,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: 600_000,
      connect: connector(
        undici,
        {
          rejectUnauthorized: !insecureSkipTlsVerify,
          allowH2,
          ...(authorities ? { ca: authorities } : {}),
          ...(cert && key ? { cert, key } : {}),
          ...(tlsServerName ? { servername: tlsServerName } : {}),
        },
        this.#proxy,
      ),
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#retired, ...(this.#pools ? [this.#pools] : [])];
    this.#pools = undefined;
    await Promise.all(all.flatMap(({ requests, watches }) => [requests.destroy(), watches.destroy()]));
  }
}
