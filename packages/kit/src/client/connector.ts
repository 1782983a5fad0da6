import type { buildConnector } from "undici";
import { openTunnel } from "./tunnel.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** First TCP keep-alive probe on a quiet connection; ten follow a second apart, so a dead peer is noticed within half a minute. */
const KEEP_ALIVE_PROBE_MS = 15_000;

export interface ConnectorOptions {
  readonly ca?: string | string[];
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
  /** Whether HTTP/2 is offered. */
  readonly allowH2?: boolean;
}

/** Opens the connections of a pool: straight, or through a tunnel of the proxy. */
export function connector(
  undici: typeof import("undici"),
  { ca, cert, key, servername, rejectUnauthorized = true, allowH2 = false }: ConnectorOptions,
  proxy?: URL,
): buildConnector.connector {
  const direct = undici.buildConnector({
    rejectUnauthorized,
    allowH2,
    timeout: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS,
    ...(ca ? { ca } : {}),
    ...(cert && key ? { cert, key } : {}),
    ...(servername ? { servername } : {}),
  });
  if (!proxy) return direct;
  return (options, callback) => {
    const isTls = options.protocol === "https:";
    openTunnel(proxy, {
      host: options.hostname,
      port: Number(options.port || (isTls ? 443 : 80)),
      timeoutMs: CONNECT_TIMEOUT_MS,
      ...(typeof ca === "string" ? { ca } : {}),
    }).then(
      (socket) => {
        socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
        socket.setNoDelay(true);
        if (isTls) direct({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}
