import { Buffer } from "node:buffer";
import { ConnectionError, type Transport, type TransportRequest, type TransportResponse } from "@outrigger/kit/client";
import type { UserInfo } from "../registry/index.ts";
import type { Handler } from "./handler.ts";
import type { ApiResponse } from "./request.ts";

/** Reaches the server's handler from the same process: the same answers, no sockets. */
export function inProcessTransport(handle: Handler, user: UserInfo): Transport {
  const closed = new AbortController();
  return {
    async request(request) {
      if (closed.signal.aborted) throw new ConnectionError("the devcluster is closed", "closed");
      const signal = request.signal ? AbortSignal.any([request.signal, closed.signal]) : closed.signal;
      signal.throwIfAborted();
      return transportResponse(await handle(apiRequest(request, user, signal)), signal);
    },
    async close() {
      closed.abort();
    },
  };
}

function apiRequest(request: TransportRequest, user: UserInfo, signal: AbortSignal): Parameters<Handler>[0] {
  const question = request.path.indexOf("?");
  const { body } = request;
  return {
    method: request.method,
    path: question < 0 ? request.path : request.path.slice(0, question),
    query: new URLSearchParams(question < 0 ? "" : request.path.slice(question + 1)),
    headers: Object.fromEntries(Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
    body: body === undefined ? Buffer.alloc(0) : Buffer.from(body as Uint8Array),
    signal,
    user,
  };
}

function transportResponse(response: ApiResponse, signal: AbortSignal): TransportResponse {
  const headers = response.headers as TransportResponse["headers"];
  const text = async (): Promise<string> => {
    if (response.stream) {
      let whole = "";
      for await (const line of lines()) whole += `${line}\n`;
      return whole;
    }
    const { body = "" } = response;
    return typeof body === "string" ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  };
  async function* lines(): AsyncGenerator<string> {
    if (!response.stream) {
      for (const line of (await text()).split("\n")) if (line !== "") yield line;
      return;
    }
    const queue = new LineQueue(signal);
    response.stream(queue);
    try {
      for (;;) {
        const line = await queue.next();
        if (line === undefined) return;
        yield line;
      }
    } finally {
      queue.end();
    }
  }
  return { status: response.status, headers, text, lines };
}

/** Lines that a stream wrote and nobody read yet. */
class LineQueue {
  #lines: string[] = [];
  #next = 0;
  #partial = "";
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => this.#wake?.();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#onAbort);
  }

  write(chunk: Uint8Array | string): void {
    const text =
      this.#partial + (typeof chunk === "string" ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString("utf8"));
    const lines = text.split("\n");
    this.#partial = lines.pop()!;
    for (const line of lines) this.#lines.push(line);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
  }

  /** The next line; undefined at the end. Throws the signal's reason once it is aborted. */
  async next(): Promise<string | undefined> {
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#next < this.#lines.length) {
        const line = this.#lines[this.#next++]!;
        if (this.#next === this.#lines.length) {
          this.#lines = [];
          this.#next = 0;
        }
        return line;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
