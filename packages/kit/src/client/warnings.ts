import type { WarningHandler } from "./contract.ts";

const REMEMBERED = 1000;

/** Takes `Warning: 299 - "text"` headers (RFC 7234, 5.5) apart and passes each text on once. */
export class Warnings {
  readonly #seen = new Set<string>();
  readonly #handler: WarningHandler;

  constructor(handler: WarningHandler) {
    this.#handler = handler;
  }

  take(header: string | readonly string[] | undefined): void {
    if (header === undefined) return;
    for (const one of Array.isArray(header) ? header : [header as string]) {
      for (const [, quoted = ""] of one.matchAll(/\b299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
        const text = quoted.replace(/\\(.)/g, "$1");
        if (this.#seen.has(text)) continue;
        if (this.#seen.size >= REMEMBERED) this.#seen.clear();
        this.#seen.add(text);
        this.#handler(text);
      }
    }
  }
}
