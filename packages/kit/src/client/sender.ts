import { parseBody, refusalOf, retryAfterSeconds } from "./answer.ts";
import type { Transport, TransportRequest, TransportResponse } from "./contract.ts";
import { pause } from "./pause.ts";
import type { Warnings } from "./warnings.ts";

/** As client-go's. */
const MAX_RETRIES = 10;

export interface SenderOptions {
  readonly transport: Transport;
  readonly warnings: Warnings;
  readonly onAnswer?: ((method: string, status: string) => void) | undefined;
}

/** Sends requests, and makes of answers what the client's callers get: objects, or errors. */
export class Sender {
  readonly #options: SenderOptions;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** The body of the answer, parsed. @param retries of requests that the server asks to make again later. */
  async call(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
    signal?: AbortSignal,
    retries?: number,
  ): Promise<unknown> {
    const request: TransportRequest = { method, path, headers, ...(body === undefined ? {} : { body }), ...(signal ? { signal } : {}) };
    const response = await this.send(request, retries);
    return parseBody(await response.text(), request);
  }

  /** Waits out what the server asks to wait, and throws its refusals. */
  async send(request: TransportRequest, maxRetries = MAX_RETRIES): Promise<TransportResponse> {
    for (let retries = 0; ; retries++) {
      const response = await this.#answer(request);
      this.#options.warnings.take(response.headers["warning"]);
      if (response.status >= 200 && response.status < 300) return response;
      const text = await response.text();
      // As client-go does: a Retry-After says that the request was not carried out.
      const seconds = response.status === 429 || response.status >= 500 ? retryAfterSeconds(response) : undefined;
      if (seconds === undefined || retries >= maxRetries) throw refusalOf(response, text, request);
      await pause(seconds * 1000, request.signal);
    }
  }

  async #answer(request: TransportRequest): Promise<TransportResponse> {
    const { onAnswer, transport } = this.#options;
    if (!onAnswer) return transport.request(request);
    try {
      const response = await transport.request(request);
      onAnswer(request.method, String(response.status));
      return response;
    } catch (error) {
      onAnswer(request.method, "<error>");
      throw error;
    }
  }
}
