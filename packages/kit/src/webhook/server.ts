import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type CertificateAndKey, isKeyOf, PkiError } from "../pki/index.ts";
import { LongTimer } from "../queue/index.ts";
import { answerReview, type HttpAnswer, refuse } from "./answer.ts";
import type { ReviewContext, Webhook } from "./handler.ts";
import { type Held, Load, type LoadLimits } from "./load.ts";
import { warnOf } from "./warning.ts";

/** What was answered, for metrics. */
export interface ReviewReport {
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** Where the figures of a webhook server go. `webhook` is the path. */
export interface WebhookMetrics {
  serves(webhook: string): void;
  reviewBegan(webhook: string): void;
  /** @param status of the HTTP answer. */
  reviewEnded(webhook: string, status: number, seconds: number): void;
}

/** Where the server listens, with which certificate and for which paths. */
export interface WebhookServerOptions {
  readonly webhooks: readonly Webhook[];
  readonly certificate: CertificateAndKey;
  /** Default 9443; 0 lets the system choose. */
  readonly port?: number;
  /** Default: all addresses. */
  readonly host?: string;
  /**
   * False answers 503 until `setReady(true)`: what has not read the rules yet must never answer "nothing matches". Default true.
   * Conversions are answered all the same: they need no rules, and reading the rules may need them.
   */
  readonly ready?: boolean;
  /** Why reviews cannot be answered well at the moment, for `/readyz`; they are passed to the handlers all the same. */
  readonly unready?: () => string | undefined;
  /** Bytes; larger bodies are refused with 413. Default 7 MiB. */
  readonly maxBodyBytes?: number;
  /** What the server takes on at one time. Default: 1,024 connections, 64 MiB of bodies. */
  readonly limits?: Partial<LoadLimits>;
  /**
   * PEM of the authority of API servers' client certificates. Where it is given, admission reviews of callers without such a
   * certificate are refused with 401; conversions and probes are not, for API servers convert without one. Default: nobody is asked.
   */
  readonly clientCa?: string;
  /** Told of every review; the hot path does not measure time without it. */
  readonly onReview?: (report: ReviewReport) => void;
  /** Told of every request to a webhook, also of those that are refused. */
  readonly metrics?: WebhookMetrics;
  /** Told what handlers threw. Default: `process.emitWarning`. */
  readonly onError?: (error: unknown, path: string) => void;
}

/** See the folder's contract. */
export interface WebhookServer {
  /** Resolves with the port once it listens. */
  listen(): Promise<number>;
  /** Changes what `/readyz` and reviews answer. */
  setReady(ready: boolean): void;
  /** New connections get this certificate; those that are open keep the one they have. @throws PkiError when the key is another certificate's; the old pair stays. */
  setCertificate(certificate: CertificateAndKey): void;
  /** As `clientCa`, from now on; only for a server that had one. */
  setClientCa(clientCa: string): void;
  /** Answers on, but 503 under `/readyz`, and asks callers to close; resolves when no connection is left, at the latest after `timeoutMs` (default 30,000), and not before `atLeastMs` (default 0). Then closes. */
  drain(timeoutMs?: number, atLeastMs?: number): Promise<void>;
  /** Ends every connection at once. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 7 * 1024 * 1024;
const LIMITS: LoadLimits = { connections: 1024, bytes: 64 * 1024 * 1024 };
const ANSWERED_TOGETHER = 16;
/** Of larger bodies, which take long to parse, one at a time is answered between the others. */
const LARGE = 256 * 1024;

interface WholeReview {
  readonly webhook: Webhook;
  readonly body: Buffer;
  readonly context: RequestContext;
  readonly held: Held;
  readonly response: ServerResponse;
  readonly started: number;
}

/** An HTTPS server for AdmissionReviews and ConversionReviews. @throws PkiError when key and certificate do not belong together. */
export function webhookServer(options: WebhookServerOptions): WebhookServer {
  return new ReviewServer(options);
}

class ReviewServer implements WebhookServer {
  readonly #options: WebhookServerOptions;
  readonly #webhooks: ReadonlyMap<string, Webhook>;
  readonly #server: Server;
  readonly #load: Load;
  readonly #maxBodyBytes: number;
  #ready: boolean;
  #draining = false;
  /** Reviews that are read to their end and wait for their answer. */
  readonly #whole: WholeReview[] = [];
  readonly #large: WholeReview[] = [];
  #answering = false;
  #certificate: CertificateAndKey;
  #clientCa: string | undefined;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
    this.#webhooks = new Map(options.webhooks.map((webhook) => [webhook.path, webhook]));
    this.#maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES;
    this.#ready = options.ready ?? true;
    for (const path of this.#webhooks.keys()) options.metrics?.serves(path);
    this.#load = new Load({ ...LIMITS, ...options.limits });
    this.#certificate = options.certificate;
    this.#clientCa = options.clientCa;
    this.#server = createServer(
      {
        ...pair(options.certificate),
        ...(options.clientCa === undefined ? {} : { ca: options.clientCa, requestCert: true, rejectUnauthorized: false }),
        minVersion: "TLSv1.2",
        ALPNProtocols: ["http/1.1"],
        handshakeTimeout: 10_000,
        headersTimeout: 10_000,
        // A body that trickles is cut off here.
        requestTimeout: 30_000,
        connectionsCheckingInterval: 2_000,
        // Longer than the 90 s for which API servers keep idle connections, so that it is they who close.
        keepAliveTimeout: 120_000,
        maxHeaderSize: 16_384,
        noDelay: true,
      },
      (request, response) => this.#serve(request, response),
    );
    this.#server.on("connection", (socket: Socket) => this.#load.opened(socket));
    this.#server.on("secureConnection", (socket: Socket) => this.#load.secured(socket));
    // Handshakes fail when somebody scans the port or trusts another authority: the caller hears of it, we need not.
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
  }

  async listen(): Promise<number> {
    this.#server.listen(this.#options.port ?? 9443, this.#options.host);
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  setReady(ready: boolean): void {
    this.#ready = ready;
  }

  setCertificate(certificate: CertificateAndKey): void {
    const next = pair(certificate);
    this.#certificate = certificate;
    this.#server.setSecureContext({ ...next, ...(this.#clientCa === undefined ? {} : { ca: this.#clientCa }) });
  }

  setClientCa(clientCa: string): void {
    if (this.#clientCa === undefined) throw new TypeError("the server was made without clientCa: it asks nobody for a certificate");
    this.#server.setSecureContext({ ...pair(this.#certificate), ca: clientCa });
    this.#clientCa = clientCa;
  }

  async drain(timeoutMs = 30_000, atLeastMs = 0): Promise<void> {
    this.#draining = true;
    if (atLeastMs > 0 && this.#server.listening) await new Promise((resolve) => setTimeout(resolve, atLeastMs));
    if (this.#server.listening && this.#load.connections > 0 && timeoutMs > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = new LongTimer(resolve, Math.max(0, timeoutMs - atLeastMs));
      const check = (): void => {
        if (this.#load.connections === 0) resolve();
      };
      for (const socket of this.#load.sockets) socket.once("close", check);
      this.#server.on("connection", (socket: Socket) => socket.once("close", check));
      await promise;
      timer.cancel();
    }
    await this.close();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? "/";
    const query = url.indexOf("?");
    const path = query < 0 ? url : url.slice(0, query);
    const webhook = this.#webhooks.get(path);
    if (webhook === undefined) {
      this.#serveProbe(path, request, response);
      return;
    }
    const { metrics } = this.#options;
    if (metrics) {
      const began = performance.now();
      metrics.reviewBegan(path);
      response.once("close", () => metrics.reviewEnded(path, response.statusCode, (performance.now() - began) / 1000));
    }
    if (request.method !== "POST") {
      response.setHeader("allow", "POST");
      this.#refuse(request, response, 405, `${path} takes POST`);
      return;
    }
    if (!isJson(request.headers["content-type"])) {
      this.#refuse(request, response, 415, "the body must be application/json");
      return;
    }
    if (!this.#ready && webhook.type !== "convert") {
      this.#refuse(request, response, 503, "not ready: the rules are not read yet");
      return;
    }
    if (this.#clientCa !== undefined && webhook.type !== "convert" && !(request.socket as TLSSocket).authorized) {
      this.#refuse(request, response, 401, "reviews are taken from API servers alone: the client certificate is missing or not trusted");
      return;
    }
    const declared = Number(request.headers["content-length"] ?? 0);
    if (declared > this.#maxBodyBytes) {
      this.#refuse(request, response, 413, this.#tooLarge);
      return;
    }
    const timeoutMs = query < 0 ? undefined : timeoutOf(url);
    const received = timeoutMs === undefined ? 0 : performance.now();
    const started = this.#options.onReview ? performance.now() : 0;
    this.#read(request, response, (body, held) => {
      const context = new RequestContext(timeoutMs, request, received);
      (body.length > LARGE ? this.#large : this.#whole).push({ webhook, body, context, held, response, started });
      if (this.#answering) return;
      this.#answering = true;
      setImmediate(this.#answerWhole);
    });
  }

  /*
   * What came in during one turn of the event loop is answered together and written together: between a read and a write
   * of a socket the processor has forgotten our code, and a review costs half as much where no system call stands between
   * it and the next (bench/injection). A bounded number, so that the first does not wait for the last of a thousand.
   */
  #answerWhole = (): void => {
    const batch = this.#whole.splice(0, ANSWERED_TOGETHER);
    const large = this.#large.shift();
    if (large) batch.push(large);
    this.#answering = this.#whole.length > 0 || this.#large.length > 0;
    if (this.#answering) setImmediate(this.#answerWhole);
    const answers = batch.map((review) => answerReview(review.webhook, review.body, review.context));
    batch.forEach((review, index) => {
      const answer = answers[index]!;
      if (answer instanceof Promise) answer.then((later) => this.#finish(review, later));
      else this.#finish(review, answer);
    });
  };

  #finish({ webhook: { path }, context, held, response, started }: WholeReview, answer: HttpAnswer): void {
    context.end();
    this.#load.release(held);
    if (answer.error !== undefined) (this.#options.onError ?? warnOf)(answer.error, path);
    this.#send(response, answer);
    this.#options.onReview?.({ path, status: answer.status, milliseconds: performance.now() - started });
  }

  #read(request: IncomingMessage, response: ServerResponse, done: (body: Buffer, held: Held) => void): void {
    const chunks: Buffer[] = [];
    let size = 0;
    let over = false;
    const held = this.#load.hold(() => {
      over = true;
      chunks.length = 0;
      request.socket.destroy();
    });
    const { socket } = request;
    this.#load.began(socket);
    response.once("close", () => {
      this.#load.release(held);
      if (response.writableFinished) this.#load.answered(socket);
    });
    request.on("data", (chunk: Buffer) => {
      if (over) return;
      size += chunk.length;
      if (size > this.#maxBodyBytes) {
        over = true;
        chunks.length = 0;
        this.#refuse(request, response, 413, this.#tooLarge);
      } else if (this.#load.take(held, chunk.length)) chunks.push(chunk);
      else if (!over) {
        over = true;
        chunks.length = 0;
        this.#refuse(request, response, 503, "too many reviews wait for their answer");
      }
    });
    request.on("end", () => {
      if (over) return;
      held.whole = true;
      done(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size), held);
    });
    request.on("error", () => response.destroy());
  }

  #serveProbe(path: string, request: IncomingMessage, response: ServerResponse): void {
    if (path === "/healthz") {
      this.#send(response, { status: 200, body: '"ok"' });
      return;
    }
    if (path !== "/readyz") {
      this.#refuse(request, response, 404, `nothing is served under ${path}`);
      return;
    }
    const unready = this.#options.unready?.();
    if (this.#ready && !this.#draining && unready === undefined) {
      this.#send(response, { status: 200, body: '"ok"' });
      return;
    }
    this.#refuse(
      request,
      response,
      503,
      this.#draining ? "stopping" : this.#ready ? `not ready: ${unready}` : "not ready: the rules are not read yet",
    );
  }

  get #tooLarge(): string {
    return `the body is larger than ${this.#maxBodyBytes} bytes`;
  }

  /** Refuses before the body was read: what is left of it is thrown away, or, where that is much, the connection. */
  #refuse(request: IncomingMessage, response: ServerResponse, code: number, message: string): void {
    if (code === 413) response.setHeader("connection", "close");
    else request.resume();
    this.#send(response, refuse(code, message));
    if (code === 413) response.once("finish", () => setTimeout(() => request.socket.destroy(), 1000).unref());
  }

  #send(response: ServerResponse, answer: HttpAnswer): void {
    if (response.destroyed || response.headersSent) return;
    const length = Buffer.byteLength(answer.body);
    const headers: Record<string, string | number> = { "content-type": "application/json", "content-length": length };
    if (this.#draining) headers["connection"] = "close";
    response.writeHead(answer.status, headers);
    // Nearly every answer is ASCII, and such text goes out in one piece with the head, without a copy in between.
    response.end(answer.body, length === answer.body.length ? "latin1" : "utf8");
  }
}

/** The signal is made when somebody asks for it: few handlers do, and it costs more than the rest of the request. */
class RequestContext implements ReviewContext {
  readonly timeoutMs: number | undefined;
  readonly #request: IncomingMessage;
  readonly #received: number;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  /** @param received when the request's head was there, by `performance.now()`. */
  constructor(timeoutMs: number | undefined, request: IncomingMessage, received: number) {
    this.timeoutMs = timeoutMs;
    this.#request = request;
    this.#received = received;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (!this.#ended) this.#watch();
    }
    return this.#controller.signal;
  }

  end(): void {
    this.#ended = true;
    this.#unwatch();
  }

  #watch(): void {
    const { socket } = this.#request;
    const left = this.timeoutMs === undefined ? undefined : this.timeoutMs - (performance.now() - this.#received);
    if (socket.destroyed || (left !== undefined && left <= 0)) {
      this.#abort();
      return;
    }
    socket.once("close", this.#abort);
    if (left !== undefined) this.#timer = setTimeout(this.#abort, left).unref();
  }
  /** The connection outlives the review by many others: nothing of this one may stay with it. */
  #unwatch(): void {
    clearTimeout(this.#timer);
    this.#request.socket.off("close", this.#abort);
  }
  readonly #abort = (): void => {
    this.#unwatch();
    this.#controller?.abort(new Error("the API server does not wait for the answer any more"));
  };
}

function pair({ certificate, key }: CertificateAndKey): { cert: string; key: string } {
  if (!isKeyOf(certificate, key))
    throw new PkiError("the private key does not belong to the certificate: they may have been read while being replaced");
  return { cert: certificate, key };
}

function isJson(contentType: string | undefined): boolean {
  if (contentType === "application/json") return true;
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() === "application/json";
}

/** The API server adds `?timeout=5s` (whole seconds). */
function timeoutOf(url: string): number | undefined {
  const seconds = /[?&]timeout=(\d{1,4})s(?:&|$)/.exec(url)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
