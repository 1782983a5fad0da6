import type { Dispatcher } from "undici";
import { LongTimer } from "../queue/index.ts";
import type { TransportResponse } from "./contract.ts";
import { Lines } from "./lines.ts";

type Headers = TransportResponse["headers"];
type Failure = (error: unknown) => unknown;

/**
 * One request on its way through undici, without the streams that `request()` makes: a response costs a few objects.
 * Resolves when the whole body is there, or for a stream with its first headers.
 */
abstract class Exchange implements Dispatcher.DispatchHandler {
  readonly response: Promise<TransportResponse>;
  protected readonly resolve: (response: TransportResponse) => void;
  protected readonly failure: Failure;
  protected controller: Dispatcher.DispatchController | undefined;
  protected status = 0;
  protected headers: Headers = {};
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  #aborted = false;

  /**
   * @param signal one that has not ended yet.
   * @param failure makes the caller's error of undici's.
   */
  constructor(signal: AbortSignal | undefined, failure: Failure) {
    const { promise, resolve, reject } = Promise.withResolvers<TransportResponse>();
    this.response = promise;
    this.resolve = resolve;
    this.#reject = reject;
    this.#signal = signal;
    this.failure = failure;
    signal?.addEventListener("abort", this.#abort, { once: true });
  }

  /** Nobody waits for the rest any more. */
  protected leave(): void {
    this.finish();
    this.controller?.abort(new Error("left"));
  }
  protected finish(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
  }
  protected fail(error: unknown, _atOnce = false): void {
    this.#reject(error);
  }
  protected abstract start(): void;
  abstract onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void;
  abstract onResponseEnd(): void;

  readonly #abort = (): void => {
    this.#aborted = true;
    const reason: unknown = this.#signal?.reason;
    this.fail(reason, true);
    // One that has not been sent yet is ended when its turn comes.
    this.controller?.abort(reason as Error);
  };

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.#aborted) controller.abort(this.#signal?.reason as Error);
  }
  onResponseStart(_controller: Dispatcher.DispatchController, statusCode: number, headers: Headers): void {
    if (statusCode < 200) return;
    this.status = statusCode;
    this.headers = headers;
    this.start();
  }
  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.finish();
    this.fail(this.failure(error));
  }
}

/** A response as a whole. */
export class WholeExchange extends Exchange {
  #first: Buffer | undefined;
  #more: Buffer[] | undefined;

  protected start(): void {}
  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#first === undefined) this.#first = chunk;
    else if (this.#more === undefined) this.#more = [this.#first, chunk];
    else this.#more.push(chunk);
  }
  onResponseEnd(): void {
    this.finish();
    this.resolve(
      new WholeResponse(this.status, this.headers, (this.#more ? Buffer.concat(this.#more) : this.#first)?.toString("utf8") ?? ""),
    );
  }
}

class WholeResponse implements TransportResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly #text: string;
  constructor(status: number, headers: Headers, text: string) {
    this.status = status;
    this.headers = headers;
    this.#text = text;
  }
  text(): Promise<string> {
    return Promise.resolve(this.#text);
  }
  async *lines(): AsyncGenerator<string, void, undefined> {
    yield* this.#text.replace(/\n$/, "").split("\n");
  }
}

/** Unread bytes at which the connection is told to wait. */
const HIGH_WATER = 256 * 1024;

/** A response that is read while it comes; the connection waits while too much is unread. */
export class StreamExchange extends Exchange {
  readonly #lines = new Lines({ drained: () => this.#resume(), left: () => this.leave() });
  readonly #refusalTimeoutMs: number;
  #paused = false;
  #late: LongTimer | undefined;

  /** @param refusalTimeoutMs how long the body of a refusal may stand still. */
  constructor(signal: AbortSignal | undefined, failure: Failure, refusalTimeoutMs: number) {
    super(signal, failure);
    this.#refusalTimeoutMs = refusalTimeoutMs;
  }

  protected start(): void {
    // A refusal is no stream: it is there already, and is read to its end before the caller learns of it.
    if (this.status >= 300)
      this.#late = new LongTimer(
        () => this.controller?.abort(Object.assign(new Error("Body Timeout Error"), { code: "UND_ERR_BODY_TIMEOUT" })),
        this.#refusalTimeoutMs,
      );
    this.resolve({
      status: this.status,
      headers: this.headers,
      lines: () => this.#lines,
      text: async () => {
        const all: string[] = [];
        for await (const line of this.#lines) all.push(line);
        return all.join("\n");
      },
    });
  }
  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#late?.refresh();
    this.#lines.push(chunk);
    if (this.#lines.unread <= HIGH_WATER) return;
    this.#paused = true;
    controller.pause();
  }
  onResponseEnd(): void {
    this.finish();
    this.#lines.end();
  }
  protected override finish(): void {
    super.finish();
    this.#late?.cancel();
  }
  protected override fail(error: unknown, atOnce = false): void {
    super.fail(error);
    if (atOnce) this.#lines.abort(error);
    else this.#lines.fail(error);
  }
  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Not from inside of the reader: more may come at once.
    queueMicrotask(() => this.controller?.resume());
  }
}
