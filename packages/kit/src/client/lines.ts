const NEWLINE = 10;

/** What a reader of lines tells their source. */
export interface LinesSource {
  /** Everything was read: more may come. */
  readonly drained: () => void;
  /** Reading ended before the end. */
  readonly left: () => void;
}

/** Lines that came together, and how many bytes they were. */
interface Batch {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/**
 * A stream of bytes as lines without their line ends, for one reader. What follows the last line end is given only if
 * it is not empty. After a failure what came whole before it is still read; after `abort` nothing is.
 *
 * Bytes become text once for all lines of a chunk: a line at a time takes twice as long.
 */
export class Lines implements AsyncIterableIterator<string> {
  readonly #source: LinesSource;
  #batches: Batch[] = [];
  /** Where reading goes on in the first batch. */
  #at = 0;
  /** Pieces of a line whose end has not come. */
  #rest: Buffer[] = [];
  #unread = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: { resolve(result: IteratorResult<string, undefined>): void; reject(error: unknown): void } | undefined;

  constructor(source: LinesSource) {
    this.#source = source;
  }

  /** Bytes of lines that came whole and were not read. */
  get unread(): number {
    return this.#unread;
  }

  push(chunk: Buffer): void {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end === -1) {
      this.#rest.push(chunk);
      return;
    }
    let whole = chunk.subarray(0, end);
    if (this.#rest.length > 0) {
      whole = Buffer.concat([...this.#rest, whole]);
      this.#rest = [];
    }
    if (end + 1 < chunk.length) this.#rest.push(chunk.subarray(end + 1));
    this.#unread += chunk.length;
    this.#batches.push({ lines: whole.toString("utf8").split("\n"), bytes: chunk.length });
    this.#wake();
  }
  end(): void {
    if (this.#rest.length > 0) this.#batches.push({ lines: [Buffer.concat(this.#rest).toString("utf8")], bytes: 0 });
    this.#rest = [];
    this.#ended = true;
    this.#wake();
  }
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure ??= { error };
    this.#wake();
  }
  abort(error: unknown): void {
    this.#batches = [];
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
      this.#batches = [];
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
    const batch = this.#batches[0];
    if (batch === undefined) return this.#ended ? { done: true, value: undefined } : undefined;
    const value = batch.lines[this.#at++]!;
    if (this.#at === batch.lines.length) {
      this.#batches.shift();
      this.#at = 0;
      this.#unread -= batch.bytes;
      if (this.#unread === 0) this.#source.drained();
    }
    return { done: false, value };
  }
}
