import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Client } from "../client/index.ts";
import { type CertificateAndKey, createCa, issueCertificate } from "../pki/index.ts";
import { RequestAuthorizer } from "./request-authorizer.ts";

/** Metrics over HTTPS for those who may `get` the non-resource URL `/metrics`. */
export interface SecureMetricsOptions {
  /** Default 8443; 0 lets the system choose. */
  readonly port?: number;
  /** Default: all addresses. */
  readonly host?: string;
  /** Default: one that is made at the start and that nobody else knows, as kubebuilder's projects have it. */
  readonly certificate?: CertificateAndKey;
}

type Rendered = () => Promise<{ readonly type: string; readonly text: string }>;

/** `/metrics` with TokenReview and SubjectAccessReview: 401 without a valid token, 403 without the right, 500 when nobody can be asked. */
export class SecureMetrics {
  readonly #authorizer: RequestAuthorizer;
  readonly #render: Rendered;
  readonly #options: SecureMetricsOptions;
  #server: Server | undefined;
  #url: string | undefined;

  constructor(client: Client, render: Rendered, options: SecureMetricsOptions) {
    this.#authorizer = new RequestAuthorizer(client);
    this.#render = render;
    this.#options = options;
  }

  get url(): string | undefined {
    return this.#url;
  }

  /** @throws Error with code `EADDRINUSE` when the port is taken. */
  async listen(): Promise<void> {
    const { port = 8443, host = "0.0.0.0", certificate = selfSigned() } = this.#options;
    const server = createServer(
      { cert: certificate.certificate, key: certificate.key, minVersion: "TLSv1.2", headersTimeout: 10_000, requestTimeout: 10_000 },
      (request, response) => {
        this.#answer(request, response).catch((error: unknown) => {
          if (!response.headersSent) response.writeHead(500);
          response.end(`${error instanceof Error ? error.message : String(error)}\n`);
        });
      },
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#server = server;
    const { address, port: bound, family } = server.address() as AddressInfo;
    this.#url = `https://${family === "IPv6" ? `[${address}]` : address}:${bound}`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const path = (request.url ?? "/").split("?", 1)[0]!;
    const verdict = await this.#authorizer.judge(request.headers.authorization, (request.method ?? "GET").toLowerCase(), path);
    if (verdict.status !== 200)
      return void response.writeHead(verdict.status, { "content-type": "text/plain; charset=utf-8" }).end(`${verdict.text}\n`);
    if (path !== "/metrics") return void response.writeHead(404).end("not found\n");
    const { type, text } = await this.#render();
    response.writeHead(200, { "content-type": type }).end(text);
  }
}

function selfSigned(): CertificateAndKey {
  return issueCertificate(createCa({ commonName: "metrics" }), { commonName: "metrics", dnsNames: ["localhost"], usages: ["server auth"] });
}
