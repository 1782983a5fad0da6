/** Pod addresses of one node: `10.<net>.x.y`, each given out once until it comes back; the least recently used first. */
export class AddressPool {
  readonly #net: string;
  readonly #used = new Set<string>();
  #next = 1;

  /** @param net the first two numbers: `10.244`. */
  constructor(net = "10.244") {
    this.#net = net;
  }
  /** Marks an address as taken that was given out before. */
  reserve(address: string): void {
    this.#used.add(address);
  }
  take(): string {
    for (let tries = 0; tries < 65_534; tries++) {
      this.#next = this.#next === 65_534 ? 2 : this.#next + 1;
      const address = `${this.#net}.${this.#next >> 8}.${this.#next & 255}`;
      if ((this.#next & 255) === 0 || (this.#next & 255) === 255 || this.#used.has(address)) continue;
      this.#used.add(address);
      return address;
    }
    throw new Error(`no pod address is left in ${this.#net}.0.0/16`);
  }
  release(address: string): void {
    this.#used.delete(address);
  }
}
