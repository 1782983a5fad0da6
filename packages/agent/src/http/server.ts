import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type AddressInfo, BlockList } from "node:net";
import type { Api, ApiAnswer } from "./api.ts";

export interface ServerOptions {
  readonly api: Api;
  readonly port: number;
  readonly host?: string;
  /** Whoever does not bear it is refused; without one only private addresses are answered. */
  readonly token?: string;
}

// An import would read every export, WebSocket too, and so load Node's whole HTTP client: half of the agent's start.
const { createServer } = process.getBuiltinModule("node:http");

const MAX_BODY_BYTES = 64 * 1024;

/** Addresses that are not of the internet: a pod network is made of them. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["127.0.0.0", 8],
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["198.18.0.0", 15],
] as const)
  PRIVATE.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  ["::1", 128],
  ["fc00::", 7],
  ["fe80::", 10],
] as const)
  PRIVATE.addSubnet(network, prefix, "ipv6");

/** Serves the API over plain HTTP. @returns the server and its port; rejects when the port is in use */
export async function serve({ api, port, host, token }: ServerOptions): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 8192 }, (request, response) => {
    const refusal = stranger(request, token);
    if (refusal) {
      request.resume();
      send(response, refusal);
      return;
    }
    read(request)
      .then((body) => (typeof body === "string" ? api.answer({ method: request.method ?? "", url: request.url ?? "/", body }) : body))
      .then(
        (answer) => send(response, answer),
        () => response.destroy(),
      );
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

function stranger({ headers, socket, url }: IncomingMessage, token: string | undefined): ApiAnswer | undefined {
  if (token === undefined) {
    const address = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    if (PRIVATE.check(address, address.includes(":") ? "ipv6" : "ipv4")) return undefined;
    return { status: 403, body: { error: "only the pod network is answered; start the agent with a token to be reached from elsewhere" } };
  }
  // A kubelet has no token.
  if (url === "/healthz") return undefined;
  const given = Buffer.from(headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${token}`);
  // Loaded by those who need it: it takes as long as all of our own modules.
  const { timingSafeEqual } = process.getBuiltinModule("node:crypto");
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return undefined;
  return { status: 401, body: { error: "the bearer token is missing or wrong" }, headers: { "www-authenticate": "Bearer" } };
}

function read(request: IncomingMessage): Promise<string | ApiAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else {
        chunks.length = 0;
        resolve({ status: 413, body: { error: `the body is larger than ${MAX_BODY_BYTES} bytes` }, headers: { connection: "close" } });
      }
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.on("error", reject);
  });
}

function send(response: ServerResponse, { status, body, headers = {} }: ApiAnswer): void {
  if (response.destroyed || response.headersSent) return;
  const isText = typeof body === "string";
  const text = isText ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    "content-type": isText ? "text/plain; charset=utf-8" : "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}
