import { Buffer } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { clientCertificate, lengthOf, maxBacklog, maxBody, requestTimeoutMs, targetOf, tooLarge } from "./connection.ts";
import type { Handler } from "./handler.ts";
import { Http2Connections } from "./listen-http2.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";

/** The port is taken. `code` is `EADDRINUSE`. */
export class PortInUseError extends Error {
  override readonly name = "PortInUseError";
  readonly code = "EADDRINUSE";
  readonly port: number;
  constructor(host: string, port: number) {
    super(`port ${port} on ${host} is in use: stop what listens there, or choose another port with --port`);
    this.port = port;
  }
}

export interface Listening {
  readonly port: number;
  /** Ends all connections and frees the port. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Certificate authorities of client certificates, PEM. */
  readonly clientCa: readonly string[];
}

/** @throws PortInUseError */
export async function listen(handle: Handler, { host, port, certificate, key, clientCa }: ListenOptions): Promise<Listening> {
  const server = createServer({
    cert: certificate,
    key,
    ca: [...clientCa],
    requestCert: true,
    rejectUnauthorized: false,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: 180_000,
    ALPNProtocols: ["h2", "http/1.1"],
  });
  const http2 = new Http2Connections(handle);
  const [http1] = server.listeners("secureConnection") as ((socket: TLSSocket) => void)[];
  server.removeAllListeners("secureConnection");
  server.on("secureConnection", (socket) => {
    if (socket.alpnProtocol === "h2") http2.accept(socket);
    else {
      holdAnswers(socket);
      http1!.call(server, socket);
    }
  });
  server.on("request", (incoming, outgoing) => void serve(handle, incoming, outgoing));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(error.code === "EADDRINUSE" ? new PortInUseError(host, port) : error));
    server.listen(port, host, resolve);
  });
  server.on("error", () => {});
  return { port: (server.address() as AddressInfo).port, close: () => close(server, http2) };
}

/**
 * Raises a socket's high-water mark to twice the largest body. Otherwise, if the next request arrives while a response
 * above the mark is being sent, node:http pauses the socket; data that TLS has already decrypted then fails to parse
 * (`HPE_PAUSED`), and the connection is reset. TLS servers have no option `highWaterMark`, so this sets internal state.
 */
function holdAnswers(socket: TLSSocket): void {
  const { _writableState: state } = socket as unknown as { _writableState?: { highWaterMark: number } };
  if (state) state.highWaterMark = 2 * maxBody;
}

function close(server: Server, http2: Http2Connections): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    http2.closeAll();
    server.closeAllConnections();
  });
}

async function serve(handle: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const abort = new AbortController();
  outgoing.on("close", () => abort.abort());
  outgoing.on("error", () => abort.abort());
  let body: Buffer;
  try {
    body = await readBody(incoming);
  } catch (error) {
    if (error instanceof TooLarge) return send(outgoing, tooLarge());
    outgoing.destroy();
    return;
  }
  const response = await handle(apiRequest(incoming, body, abort.signal));
  if (!outgoing.destroyed) send(outgoing, response);
}

class TooLarge extends Error {}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBody) throw new TooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function apiRequest(incoming: IncomingMessage, body: Buffer, signal: AbortSignal): ApiRequest {
  const certificate = clientCertificate(incoming.socket as TLSSocket);
  const { remoteAddress } = incoming.socket;
  return {
    method: incoming.method ?? "GET",
    ...targetOf(incoming.url ?? "/"),
    headers: headersOf(incoming),
    body,
    signal,
    ...(certificate ? { certificate } : {}),
    ...(remoteAddress ? { remoteAddress } : {}),
  };
}

/** Node joins repeated headers with commas; groups to act as may hold commas, so these are taken one by one. */
function headersOf(incoming: IncomingMessage): Record<string, string | string[] | undefined> {
  const headers: Record<string, string | string[] | undefined> = { ...incoming.headers };
  for (const name of Object.keys(incoming.headers)) {
    if (name.startsWith("impersonate-")) headers[name] = incoming.headersDistinct[name];
  }
  return headers;
}

function send(outgoing: ServerResponse, response: ApiResponse): void {
  const { status, headers, body, stream } = response;
  if (!stream) {
    const length = lengthOf(body);
    outgoing.writeHead(status, {
      ...(headers as Record<string, string | string[]>),
      ...(status === 204 || status === 304 ? {} : { "content-length": length }),
    });
    outgoing.end(body);
    return;
  }
  outgoing.writeHead(status, headers as Record<string, string | string[]>);
  outgoing.flushHeaders();
  stream({
    write(chunk) {
      outgoing.write(chunk);
      // A reader that lags this far behind lists anew rather than filling the memory.
      if (outgoing.writableLength > maxBacklog) outgoing.destroy();
    },
    end: () => void outgoing.end(),
  });
}
