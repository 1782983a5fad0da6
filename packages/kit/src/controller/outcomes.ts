/** Hands each value to every reader that is there; a reader that is slow keeps what it has not read. */
export class Outcomes<T> {
  readonly #readers = new Set<Reader<T>>();
  #ended = false;

  push(value: T): void {
    for (const reader of this.#readers) reader.push(value);
  }

  end(): void {
    this.#ended = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }

  /** Values from this call on, whether or not the loop has begun. */
  read(): AsyncIterable<T> {
    const reader = new Reader<T>();
    if (this.#ended) reader.end();
    else this.#readers.add(reader);
    const readers = this.#readers;
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => reader.next(),
        return: async () => {
          readers.delete(reader);
          reader.end();
          return { done: true, value: undefined };
        },
      }),
    };
  }
}

class Reader<T> {
  readonly #values: T[] = [];
  #waiting: ((result: IteratorResult<T, undefined>) => void) | undefined;
  #ended = false;

  push(value: T): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting({ done: false, value });
    else this.#values.push(value);
  }
  end(): void {
    this.#ended = true;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }
  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#values.length > 0) return { done: false, value: this.#values.shift()! };
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
