import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { type AddressInfo, BlockList } from "node:net";
import type { Api, ApiAnswer } from "./api.ts";
import { browserRefusal } from "./browsers.ts";

export interface ServerOptions {
  readonly api: Api;
  readonly port: number;
  readonly host?: string;
  /** Gives the token that callers must bear; while it gives none, only private addresses are answered, and no browsers. */
  readonly token?: () => string | undefined;
  /** How long a request's headers may take, milliseconds. Default 10,000. */
  readonly headersTimeoutMs?: number;
}

// An import would read every export, WebSocket too, and so load Node's whole HTTP client: half of the agent's start.
const { createServer } = process.getBuiltinModule("node:http");

const MAX_BODY_BYTES = 64 * 1024;
/** Of all requests together, until they are answered: requests that change something wait for each other. */
const MAX_BYTES_IN_FLIGHT = 2 * 1024 * 1024;
/** A connection costs some 50 KiB. */
const MAX_CONNECTIONS = 256;
/** How often Node looks for connections whose time is over; its default of 30 s would make a timeout of 10 s one of up to 40 s. */
const CHECK_EVERY_MS = 500;

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
export async function serve({
  api,
  port,
  host,
  token,
  headersTimeoutMs = 10_000,
}: ServerOptions): Promise<{ readonly server: Server; readonly port: number }> {
  const inFlight = new BytesInFlight(MAX_BYTES_IN_FLIGHT);
  const timeouts = { requestTimeout: 30_000, headersTimeout: headersTimeoutMs, connectionsCheckingInterval: CHECK_EVERY_MS };
  const server = createServer({ ...timeouts, maxHeaderSize: 8192 }, (request, response) => {
    const refusal = stranger(request, token?.());
    if (refusal) {
      request.resume();
      send(response, refusal);
      return;
    }
    const share = inFlight.share();
    response.once("close", () => share.release());
    read(request, share)
      .then((body) => (typeof body === "string" ? api.answer({ method: request.method ?? "", url: request.url ?? "/", body }) : body))
      .then(
        (answer) => send(response, answer),
        () => response.destroy(),
      );
  });
  server.maxConnections = MAX_CONNECTIONS;
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
    if (PRIVATE.check(address, address.includes(":") ? "ipv6" : "ipv4")) return browserRefusal(headers);
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

function read(request: IncomingMessage, share: Share): Promise<string | ApiAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (status: number, error: string): void => {
      chunks.length = 0;
      size = Number.POSITIVE_INFINITY;
      share.release();
      resolve({ status, body: { error }, headers: { connection: "close", ...(status === 503 && { "retry-after": "1" }) } });
    };
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size === Number.POSITIVE_INFINITY) return;
      if (size > MAX_BODY_BYTES) refuse(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
      else if (share.take(chunk.length)) chunks.push(chunk);
      else refuse(503, "the agent has as many requests to read as its memory allows: ask again later");
    });
    request.on("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.on("error", reject);
  });
}

/** What one request has of the bytes in flight. */
interface Share {
  take(bytes: number): boolean;
  release(): void;
}

/** Bounds the bytes that all requests together hold. */
class BytesInFlight {
  readonly #most: number;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  share(): Share {
    let mine = 0;
    return {
      take: (bytes) => {
        if (this.#taken + bytes > this.#most) return false;
        this.#taken += bytes;
        mine += bytes;
        return true;
      },
      release: () => {
        this.#taken -= mine;
        mine = 0;
      },
    };
  }
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
