import type { Streams } from "./watch-stream.ts";

/** Every open stream, by resource, so that it can be ended from outside. */
export class OpenStreams implements Streams {
  readonly #open = new Map<string, Set<() => void>>();

  add(resource: string, end: () => void): () => void {
    let ends = this.#open.get(resource);
    if (!ends) {
      ends = new Set();
      this.#open.set(resource, ends);
    }
    ends.add(end);
    return () => ends.delete(end);
  }

  /** Ends the streams of a resource (`group/plural`), as a change of its definition does. */
  end(resource: string): void {
    for (const end of [...(this.#open.get(resource) ?? [])]) end();
  }

  endAll(): void {
    for (const resource of [...this.#open.keys()]) this.end(resource);
  }
}
