import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Check = () => void | Promise<void>;
export type CheckKind = "healthz" | "readyz";

/** `/healthz`, `/readyz` and their single checks (`/readyz/caches`) as Kubernetes' components answer them, and `/metrics`. */
export class Probes {
  readonly #checks: Record<CheckKind, Map<string, Check>> = { healthz: new Map(), readyz: new Map() };
  readonly #metrics: (() => Promise<{ readonly type: string; readonly text: string }>) | undefined;
  #server: Server | undefined;
  #url: string | undefined;

  constructor(metrics?: () => Promise<{ readonly type: string; readonly text: string }>) {
    this.#metrics = metrics;
  }

  get url(): string | undefined {
    return this.#url;
  }

  add(kind: CheckKind, name: string, check: Check): void {
    this.#checks[kind].set(name, check);
  }

  /** @throws Error with code `EADDRINUSE` when the port is taken. */
  async listen(port: number, host: string): Promise<void> {
    const server = createServer((request, response) => {
      this.#answer(request.url ?? "/", response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, host, resolve);
    });
    this.#server = server;
    const { address, port: bound, family } = server.address() as AddressInfo;
    this.#url = `http://${family === "IPv6" ? `[${address}]` : address}:${bound}`;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async #answer(url: string, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(url, "http://probes");
    const [, kind = "", name] = pathname.split("/");
    if (kind === "metrics" && this.#metrics) {
      const { type, text } = await this.#metrics();
      response.writeHead(200, { "content-type": type }).end(text);
    } else if (kind === "healthz" || kind === "readyz") {
      const checks = [...this.#checks[kind]].filter(([one]) => name === undefined || one === name);
      if (name !== undefined && checks.length === 0) return void response.writeHead(404).end("no such check\n");
      const results = await Promise.all(checks.map(async ([one, check]) => [one, await failureOf(check)] as const));
      const failed = results.filter(([, failure]) => failure !== undefined);
      const lines = results.map(([one, failure]) => (failure === undefined ? `[+]${one} ok` : `[-]${one} failed: ${failure}`));
      const ok = failed.length === 0;
      const verbose = !ok || searchParams.has("verbose");
      response.writeHead(ok ? 200 : 500, { "content-type": "text/plain; charset=utf-8" });
      response.end(verbose ? `${lines.join("\n")}\n${kind} check ${ok ? "passed" : "failed"}\n` : "ok");
    } else {
      response.writeHead(404).end("not found\n");
    }
  }
}

async function failureOf(check: Check): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
