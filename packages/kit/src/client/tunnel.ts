import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type Socket } from "node:net";
import { getCACertificates } from "node:tls";
import { socksTunnel } from "./socks.ts";

/** A tunnel could not be had; `code` is the system's where there is one, else `ERR_PROXY`. */
export class ProxyError extends Error {
  override readonly name = "ProxyError";
  readonly code: string;
  constructor(proxy: URL, problem: string, cause?: unknown) {
    super(`proxy ${proxy.protocol}//${proxy.host}: ${problem}`, cause === undefined ? undefined : { cause });
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "ERR_PROXY";
  }
}

export interface TunnelOptions {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** PEM of authorities that an https proxy's certificate may come from, beside the system's. */
  readonly ca?: string;
}

/** A connection to `host:port` through an http, https (CONNECT, RFC 9110 9.3.6) or socks5 (RFC 1928) proxy. @throws ProxyError */
export async function openTunnel(proxy: URL, options: TunnelOptions): Promise<Socket> {
  try {
    return await (proxy.protocol === "socks5:" ? socksTunnel(proxy, options) : connectTunnel(proxy, options));
  } catch (error) {
    if (error instanceof ProxyError) throw error;
    const { message, code } = firstOf(error);
    throw new ProxyError(proxy, message || code || "failed", Object.assign(new Error(message), { code }));
  }
}

/** Authorities for the connection to an https proxy: its certificate may come from anywhere, or from the cluster's own. */
export function proxyAuthorities(ca: string | undefined): string[] {
  return ca === undefined ? getCACertificates("default") : [...getCACertificates("default"), ca];
}

/** `Proxy-Authorization` for the user and password of the proxy's URL. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function connectTunnel(proxy: URL, { host, port, timeoutMs, ca }: TunnelOptions): Promise<Socket> {
  const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const proxyHost = proxy.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const isTls = proxy.protocol === "https:";
    const request = (isTls ? httpsRequest : httpRequest)({
      host: proxyHost,
      port: proxy.port || (isTls ? 443 : 80),
      method: "CONNECT",
      path: target,
      headers: { host: target, ...proxyAuthorization(proxy) },
      agent: false,
      timeout: timeoutMs,
      ...(isTls
        ? {
            ca: proxyAuthorities(ca),
            ALPNProtocols: ["http/1.1"],
            // Not the host header's name; addresses have none (RFC 6066, 3).
            servername: isIP(proxyHost) ? "" : proxyHost,
          }
        : {}),
    });
    request.once("connect", ({ statusCode, statusMessage }, socket: Socket, head: Buffer) => {
      socket.setTimeout(0);
      if (statusCode !== 200) {
        socket.destroy();
        return reject(new ProxyError(proxy, `refused a tunnel to ${target}: ${statusCode} ${statusMessage}`));
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once("timeout", () => request.destroy(new Error(`no tunnel in ${timeoutMs / 1000} s`)));
    request.once("error", reject);
    request.end();
  });
}

/** Several addresses that all failed come as one error with an empty message. */
function firstOf(error: unknown): NodeJS.ErrnoException {
  return (error as { errors?: NodeJS.ErrnoException[] }).errors?.[0] ?? (error as NodeJS.ErrnoException);
}
