import type { Random } from "./random.ts";

/** What can happen to a request before it is answered. */
export type Refusal = "410" | "429" | "429 with Retry-After" | "500" | "504 too large version" | "reset" | "no answer";
/** What can happen to an answer on its way. */
export type Breakage = "truncated JSON" | "cut" | "half-close" | "stall" | "hang" | "410 in the stream" | "500 in the stream" | "ended";

const refusals: readonly (readonly [Refusal, number])[] = [
  ["410", 3],
  ["429", 3],
  ["429 with Retry-After", 2],
  ["500", 3],
  ["504 too large version", 1],
  ["reset", 3],
  ["no answer", 1],
];
const breakages: readonly (readonly [Breakage, number])[] = [
  ["truncated JSON", 3],
  ["cut", 4],
  ["half-close", 3],
  ["stall", 3],
  ["hang", 2],
  ["410 in the stream", 2],
  ["500 in the stream", 2],
  ["ended", 3],
];

/** Decides what goes wrong, and counts it. */
export class Disturbances {
  readonly counts = new Map<string, number>();
  readonly #random: Random;
  /** Nothing is disturbed while this is false. */
  on = false;

  constructor(random: Random) {
    this.#random = random;
    for (const [name] of [...refusals, ...breakages]) this.counts.set(name, 0);
  }

  refusal(): Refusal | undefined {
    return this.on && this.#random.chance(0.2) ? this.#count(this.#weighted(refusals)) : undefined;
  }
  /** Where a list breaks off, as a share of it; undefined if it does not. */
  brokenList(): number | undefined {
    if (!this.on || !this.#random.chance(0.1)) return undefined;
    this.#count("truncated JSON");
    return this.#random.next();
  }
  /** When a stream breaks and how; most soon, some live long enough to be quiet. */
  breakage(): { readonly afterMs: number; readonly how: () => Breakage | undefined } {
    return {
      afterMs: this.#random.after(this.#random.chance(0.1) ? 90_000 : 4000),
      how: () => (this.on ? this.#count(this.#weighted(breakages)) : undefined),
    };
  }
  /** Milliseconds that a stall lasts. */
  stallMs(): number {
    return this.#random.between(500, 6000);
  }
  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  #count<T extends string>(name: T): T {
    this.count(name);
    return name;
  }
  #weighted<T extends string>(choices: readonly (readonly [T, number])[]): T {
    // What has not happened yet goes first, so that a short run has seen everything, too.
    const fresh = choices.filter(([name]) => this.counts.get(name) === 0);
    if (fresh.length > 0) return this.#random.pick(fresh)[0];
    let at = this.#random.next() * choices.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of choices) {
      at -= weight;
      if (at < 0) return name;
    }
    return choices[0]![0];
  }
}
