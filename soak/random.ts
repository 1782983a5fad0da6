/** Numbers that a seed repeats (mulberry32). */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** At least 0, below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }
  chance(share: number): boolean {
    return this.next() < share;
  }
  /** Exponentially spread around a mean, as times between independent accidents are. */
  after(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
  /** Numbers of their own for a part of the run, so that parts do not shift each other's. */
  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
}
