import { Buffer } from "node:buffer";
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import type { TLSSocket } from "node:tls";
import {
  type CertificateOf,
  clientCertificate,
  lengthOf,
  maxBacklog,
  maxBody,
  requestTimeoutMs,
  targetOf,
  tooLarge,
} from "./connection.ts";
import type { Handler } from "./handler.ts";
import type { ApiRequest, ApiResponse } from "./request.ts";

/** Those of kube-apiserver (`k8s.io/apiserver/pkg/server/secure_serving.go`). Sizes are in bytes. */
const settings = { maxConcurrentStreams: 250, maxFrameSize: 256 * 1024, initialWindowSize: 256 * 1024, enablePush: false };
/** Megabytes of memory that one connection may use; beyond that, node:http2 refuses its new streams. */
const maxSessionMemory = 128;
/** Milliseconds after which a connection without streams is closed. */
const idleMs = 90_000;

/** Answers HTTP/2 on TLS connections that negotiated it. */
export class Http2Connections {
  readonly #server: Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(handle: Handler) {
    this.#server = createSecureServer({ settings, maxSessionMemory });
    this.#server.on("session", (session) => this.#keep(session));
    this.#server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: readonly string[]) => {
      void serve(handle, stream, headers, raw);
    });
    for (const event of ["sessionError", "error"]) this.#server.on(event, () => {});
  }

  /** Takes over a connection. */
  accept(socket: TLSSocket): void {
    this.#server.emit("secureConnection", socket);
  }

  closeAll(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #keep(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    let streams = 0;
    session.on("stream", (stream) => {
      streams++;
      stream.once("close", () => streams--);
    });
    session.setTimeout(idleMs, () => {
      if (streams === 0) session.close();
    });
    session.on("error", () => {});
    session.once("close", () => this.#sessions.delete(session));
  }
}

const certificates = new WeakMap<ServerHttp2Session, { readonly of: CertificateOf | undefined }>();

async function serve(handle: Handler, stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]): Promise<void> {
  const abort = new AbortController();
  stream.on("close", () => abort.abort());
  stream.on("error", () => abort.abort());
  const late = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestTimeoutMs);
  const body = await readBody(stream);
  clearTimeout(late);
  if (body === undefined) return;
  if (body === "too large") {
    send(stream, tooLarge(), false);
    // The rest of the body is not read.
    stream.close(constants.NGHTTP2_NO_ERROR);
    return;
  }
  const method = headers[":method"] ?? "GET";
  const response = await handle(apiRequest(stream, method, headers, raw, body, abort.signal));
  send(stream, response, method === "HEAD");
}

/** The body, or undefined if the client closed the stream before it was complete. */
function readBody(stream: ServerHttp2Stream): Promise<Buffer | "too large" | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBody) resolve("too large");
      else chunks.push(chunk);
    });
    stream.once("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    stream.once("close", () => resolve(undefined));
  });
}

function apiRequest(
  stream: ServerHttp2Stream,
  method: string,
  headers: IncomingHttpHeaders,
  raw: readonly string[],
  body: Buffer,
  signal: AbortSignal,
): ApiRequest {
  const { session } = stream;
  const known = session && certificates.get(session as ServerHttp2Session);
  const certificate = known ? known.of : session && clientCertificate(session.socket as TLSSocket);
  if (session && !known) certificates.set(session as ServerHttp2Session, { of: certificate });
  return {
    method,
    ...targetOf(headers[":path"] ?? "/"),
    headers: headersOf(headers, raw),
    body,
    signal,
    ...(certificate ? { certificate } : {}),
    ...(session?.socket?.remoteAddress ? { remoteAddress: session.socket.remoteAddress } : {}),
  };
}

/** Node joins repeated headers with commas; groups to act as may hold commas, so impersonation headers are taken one by one. */
function headersOf(headers: IncomingHttpHeaders, raw: readonly string[]): Record<string, string | string[] | undefined> {
  const found: Record<string, string | string[] | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name === ":authority") found["host"] = value;
    else if (!name.startsWith(":") && !name.startsWith("impersonate-")) found[name] = value;
  }
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!.toLowerCase();
    if (name.startsWith("impersonate-")) found[name] = [...((found[name] as string[] | undefined) ?? []), raw[index + 1]!];
  }
  return found;
}

function send(stream: ServerHttp2Stream, { status, headers, body, stream: over }: ApiResponse, headOnly: boolean): void {
  if (stream.destroyed || stream.closed) return;
  const head: OutgoingHttpHeaders = { ":status": status, ...(headers as Record<string, string | string[]>) };
  if (over) {
    stream.respond(head);
    over({
      write(chunk) {
        if (stream.destroyed) return;
        stream.write(chunk);
        // A reader that lags this far behind lists anew rather than filling the memory.
        if (stream.writableLength > maxBacklog) stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      },
      end: () => void stream.end(),
    });
    return;
  }
  const length = lengthOf(body);
  if (status !== 204 && status !== 304) head["content-length"] = length;
  if (headOnly || length === 0) stream.respond(head, { endStream: true });
  else {
    stream.respond(head);
    stream.end(body);
  }
}
