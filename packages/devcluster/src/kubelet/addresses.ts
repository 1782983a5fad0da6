/** Pod addresses of one node: `10.<net>.x.y`, each given out once until it comes back; the lowest that is free first. */
export class AddressPool {
  readonly #net: string;
  readonly #used = new Set<number>();
  /** No lower number is free. */
  #low = 2;

  /** @param net the first two numbers: `10.244`. */
  constructor(net = "10.244") {
    this.#net = net;
  }
  /** Marks an address as taken that was given out before. */
  reserve(address: string): void {
    this.#used.add(numberOf(address));
  }
  take(): string {
    while (this.#used.has(this.#low) || (this.#low & 255) === 0 || (this.#low & 255) === 255) this.#low++;
    if (this.#low > 65_534) throw new Error(`no pod address is left in ${this.#net}.0.0/16`);
    this.#used.add(this.#low);
    return `${this.#net}.${this.#low >> 8}.${this.#low & 255}`;
  }
  release(address: string): void {
    const number = numberOf(address);
    if (this.#used.delete(number)) this.#low = Math.min(this.#low, number);
  }
}

function numberOf(address: string): number {
  const [, , high, low] = address.split(".").map(Number);
  return (high! << 8) | low!;
}
