import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { KubeObject, Status } from "@outrigger/kit/api";
import type { Client, TransportResponse } from "@outrigger/kit/client";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import type { Breakage, Disturbances, Refusal } from "./disturbances.ts";

/** What hangs is cut after this long, milliseconds: three times what its reader should need to notice. */
const HANG_MS = 30_000;
/** Distance of the bookmarks that the proxy adds, milliseconds: the server's own are too far apart for a short run. */
const BOOKMARK_MS = 2000;

/** Stands between informers and API server, on real TLS sockets of its own, and spoils what goes through. */
export class SpoilingProxy {
  readonly #upstream: Client;
  readonly #disturbances: Disturbances;
  readonly #ca = createCa({ commonName: "soak-proxy" });
  readonly #server: Server;
  /** TCP connections below the TLS ones, by the client's port. */
  readonly #raw = new Map<number, Socket>();
  /** Those through which nothing comes any more. */
  readonly #hanging = new Set<Socket>();
  #port = 0;
  /** Streams and answers that hung and were ended by their reader, those that had to be ended here, and how long the slowest reader took, milliseconds. */
  readonly hung = { streams: 0, answers: 0, unnoticed: 0, slowestMs: 0 };
  /** Lists, and watches that begin with one. */
  lists = 0;
  watches = 0;
  events = 0;

  constructor(upstream: Client, disturbances: Disturbances) {
    this.#upstream = upstream;
    this.#disturbances = disturbances;
    const { certificate, key } = issueCertificate(this.#ca, { commonName: "proxy", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
    this.#server = createServer({ cert: certificate, key }, (request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket: Socket) => {
      const port = socket.remotePort ?? 0;
      this.#raw.set(port, socket);
      socket.on("close", () => this.#raw.delete(port));
      socket.on("error", () => {});
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }
  /** How much hangs at this moment; the proxy itself ends that after a while. */
  get hanging(): number {
    return this.#hanging.size;
  }
  /** Nothing listens for a while: connections are refused, those that were there are gone. */
  async away(ms: number): Promise<void> {
    this.#server.close();
    // What hangs is for its reader to find out.
    for (const socket of this.#raw.values()) if (!this.#hanging.has(socket)) socket.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, ms));
    await this.listen();
  }
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#raw.values()) socket.destroy();
    await closed;
  }
  get kubeconfig(): string {
    const cluster = {
      server: `https://127.0.0.1:${this.#port}`,
      "certificate-authority-data": Buffer.from(this.#ca.certificate).toString("base64"),
    };
    return JSON.stringify({
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: { token: "t" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? "/";
    const query = new URL(url, "https://proxy").searchParams;
    const watch = query.has("watch");
    if (watch) this.watches++;
    if (!query.has("continue") && (!watch || query.has("sendInitialEvents"))) this.lists++;
    const refusal = this.#disturbances.refusal();
    if (refusal !== undefined) return this.#refuse(refusal, request, response);
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    const answer = await this.#upstream.transport.request({
      method: "GET",
      path: url,
      headers: { accept: request.headers.accept ?? "application/json" },
      stream: true,
      signal: gone.signal,
    });
    const headers: { [name: string]: string | string[] } = {};
    for (const name of ["content-type", "retry-after"]) if (answer.headers[name] !== undefined) headers[name] = answer.headers[name];
    if (watch && answer.status === 200) {
      response.writeHead(200, headers);
      response.flushHeaders();
      return this.#stream(answer, request, response);
    }
    const text = await answer.text();
    const broken = this.#disturbances.brokenList();
    response.writeHead(answer.status, headers).end(broken === undefined ? text : text.slice(0, Math.floor(text.length * broken)));
  }

  async #refuse(refusal: Refusal, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const status = (code: number, reason: string, details?: Status["details"], headers: { [name: string]: string } = {}): void => {
      response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(statusOf(code, reason, details)));
    };
    switch (refusal) {
      case "410":
        return status(410, "Expired");
      case "429":
        return status(429, "TooManyRequests");
      case "429 with Retry-After":
        return status(429, "TooManyRequests", { retryAfterSeconds: 1 }, { "retry-after": "1" });
      case "500":
        return status(500, "InternalError");
      case "504 too large version":
        return status(504, "Timeout", { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }] });
      case "reset":
        this.#rawOf(request)?.resetAndDestroy();
        return;
      case "no answer":
        this.#hang("answers", request, response);
    }
  }

  /** Passes events on one by one until it breaks. */
  async #stream(answer: TransportResponse, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { afterMs, how } = this.#disturbances.breakage();
    let broken: Breakage | undefined;
    let held: Promise<void> | undefined;
    // What has been passed on, as far as a bookmark may say so: a first list must have ended.
    const query = new URL(request.url ?? "/", "https://proxy").searchParams;
    let version = query.has("sendInitialEvents") ? "" : (query.get("resourceVersion") ?? "");
    const bookmark = (): void => {
      if (version === "" || broken !== undefined || response.destroyed || response.writableEnded) return;
      response.write(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: version } } })}\n`);
    };
    const bookmarks = setInterval(bookmark, BOOKMARK_MS);
    const timer = setTimeout(() => {
      const what = how();
      // Who has seen a bookmark may expect the next.
      if (what === "hang") bookmark();
      broken = what;
      if (broken === "stall") {
        held = new Promise((resolve) => setTimeout(resolve, this.#disturbances.stallMs()));
        void held.then(() => {
          broken = undefined;
        });
      } else if (broken !== undefined && broken !== "truncated JSON") this.#break(broken, request, response);
    }, afterMs);
    response.on("close", () => {
      clearTimeout(timer);
      clearInterval(bookmarks);
    });
    try {
      for await (const line of answer.lines()) {
        if (held !== undefined) await held;
        if (response.destroyed || response.writableEnded) return;
        if (broken === "truncated JSON") {
          response.end(line.slice(0, line.length >> 1));
          return;
        }
        // A hang looks like a server that has nothing to say.
        if (broken === "hang" || broken === "half-close") continue;
        this.events++;
        const { metadata } = (JSON.parse(line) as { object: KubeObject }).object;
        const ended = metadata?.annotations?.["k8s.io/initial-events-end"] === "true";
        if (version !== "" || ended) version = metadata?.resourceVersion ?? version;
        if (!response.write(`${line}\n`)) await drained(response);
      }
    } catch (error) {
      if (broken !== "hang") throw error;
    }
    clearTimeout(timer);
    // The server's end is not heard of through what hangs.
    if (broken !== "hang") response.end();
  }

  /** Says nothing more, and looks who ends that. */
  #hang(what: "streams" | "answers", request: IncomingMessage, response: ServerResponse): void {
    const began = performance.now();
    const socket = this.#rawOf(request);
    if (socket === undefined) {
      // Gone below already: nobody is left to notice anything.
      response.destroy();
      return;
    }
    this.#hanging.add(socket);
    let noticed = true;
    const end = setTimeout(() => {
      noticed = false;
      response.destroy();
    }, HANG_MS);
    response.on("close", () => {
      clearTimeout(end);
      this.#hanging.delete(socket);
      this.hung[noticed ? what : "unnoticed"]++;
      if (noticed) this.hung.slowestMs = Math.max(this.hung.slowestMs, performance.now() - began);
    });
  }

  #break(how: Breakage, request: IncomingMessage, response: ServerResponse): void {
    switch (how) {
      case "cut":
        this.#rawOf(request)?.resetAndDestroy();
        return;
      case "half-close":
        // The end of the TCP stream, with nothing of TLS or HTTP said about it.
        this.#rawOf(request)?.end();
        return;
      case "hang":
        this.#hang("streams", request, response);
        return;
      case "410 in the stream":
        response.end(`${JSON.stringify({ type: "ERROR", object: statusOf(410, "Expired") })}\n`);
        return;
      case "500 in the stream":
        response.end(`${JSON.stringify({ type: "ERROR", object: statusOf(500, "InternalError") })}\n`);
        return;
      default:
        response.end();
    }
  }

  #rawOf({ socket }: IncomingMessage): Socket | undefined {
    return this.#raw.get(socket.remotePort ?? 0);
  }
}

function statusOf(code: number, reason: string, details?: Status["details"]): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "disturbed on purpose",
    reason,
    code,
    ...(details ? { details } : {}),
  };
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      response.off("drain", end);
      response.off("close", end);
      resolve();
    };
    response.on("drain", end);
    response.on("close", end);
  });
}
