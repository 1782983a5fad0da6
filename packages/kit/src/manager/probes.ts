import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export type Check = () => void | Promise<void>;
export type CheckKind = "healthz" | "readyz";

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Default: plain text. */
  readonly type?: string;
}

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
      this.#answer(request.url ?? "/")
        .catch((error: unknown): Answer => ({ status: 500, body: `${error instanceof Error ? error.message : String(error)}\n` }))
        .then(({ status, body, type = "text/plain; charset=utf-8" }) => {
          // The only place that writes: whatever failed on the way, there is one answer.
          response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
        })
        .catch(() => response.destroy());
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

  async #answer(url: string): Promise<Answer> {
    const parsed = URL.parse(url, "http://probes");
    if (!parsed) return { status: 400, body: "the path cannot be read\n" };
    const { pathname, searchParams } = parsed;
    const [, kind = "", name] = pathname.split("/");
    if (kind === "metrics" && this.#metrics) {
      const { type, text } = await this.#metrics();
      return { status: 200, type, body: text };
    }
    if (kind !== "healthz" && kind !== "readyz") return { status: 404, body: "not found\n" };
    const checks = [...this.#checks[kind]].filter(([one]) => name === undefined || one === name);
    if (name !== undefined && checks.length === 0) return { status: 404, body: "no such check\n" };
    const results = await Promise.all(checks.map(async ([one, check]) => [one, await failureOf(check)] as const));
    const lines = results.map(([one, failure]) => (failure === undefined ? `[+]${one} ok` : `[-]${one} failed: ${failure}`));
    const ok = results.every(([, failure]) => failure === undefined);
    if (ok && !searchParams.has("verbose")) return { status: 200, body: "ok" };
    return { status: ok ? 200 : 500, body: `${lines.join("\n")}\n${kind} check ${ok ? "passed" : "failed"}\n` };
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
