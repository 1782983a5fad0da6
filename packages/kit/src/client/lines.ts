const NEWLINE = 10;

/** What a reader of lines tells their source. */
export interface LinesSource {
  /** Everything was read: more may come. */
  readonly drained: () => void;
  /** Reading ended before the end. */
  readonly left: () => void;
}

/**
 * A stream of bytes as lines without their line ends, for one reader. What follows the last line end is given only if
 * it is not empty. After a failure what came whole before it is still read; after `abort` nothing is.
 */
export class Lines implements AsyncIterableIterator<string> {
  readonly #source: LinesSource;
  readonly #chunks: Buffer[] = [];
  /** Pieces of a line whose end has not come. */
  #rest: Buffer[] = [];
  /** Where reading goes on in the first chunk. */
  #at = 0;
  #unread = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: { resolve(result: IteratorResult<string, undefined>): void; reject(error: unknown): void } | undefined;

  constructor(source: LinesSource) {
    this.#source = source;
  }

  /** Bytes that came and were not read. */
  get unread(): number {
    return this.#unread;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#unread += chunk.length;
    this.#wake();
  }
  end(): void {
    this.#ended = true;
    this.#wake();
  }
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure ??= { error };
    this.#wake();
  }
  abort(error: unknown): void {
    this.#chunks.length = 0;
    this.fail(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
  next(): Promise<IteratorResult<string, undefined>> {
    const result = this.#take();
    if (result) return Promise.resolve(result);
    if (this.#failure) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
  return(): Promise<IteratorResult<string, undefined>> {
    if (!this.#ended) {
      this.#ended = true;
      this.#chunks.length = 0;
      this.#source.left();
    }
    return Promise.resolve({ done: true, value: undefined });
  }

  #wake(): void {
    const waiting = this.#waiting;
    if (!waiting) return;
    const result = this.#take();
    if (result === undefined && this.#failure === undefined) return;
    this.#waiting = undefined;
    if (result) waiting.resolve(result);
    else waiting.reject(this.#failure!.error);
  }

  /** The next line, the end, or undefined while neither is there. */
  #take(): IteratorResult<string, undefined> | undefined {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const end = chunk.indexOf(NEWLINE, this.#at);
      if (end !== -1) {
        const value = this.#line(chunk, end);
        this.#at = end + 1;
        if (this.#at === chunk.length) this.#next(chunk);
        return { done: false, value };
      }
      this.#rest.push(this.#at === 0 ? chunk : chunk.subarray(this.#at));
      this.#next(chunk);
    }
    if (!this.#ended) return undefined;
    if (this.#rest.length === 0) return { done: true, value: undefined };
    const value = Buffer.concat(this.#rest).toString("utf8");
    this.#rest = [];
    return { done: false, value };
  }

  #line(chunk: Buffer, end: number): string {
    if (this.#rest.length === 0) return chunk.toString("utf8", this.#at, end);
    this.#rest.push(chunk.subarray(this.#at, end));
    const line = Buffer.concat(this.#rest).toString("utf8");
    this.#rest = [];
    return line;
  }

  #next(chunk: Buffer): void {
    this.#chunks.shift();
    this.#at = 0;
    this.#unread -= chunk.length;
    if (this.#unread === 0) this.#source.drained();
  }
}
