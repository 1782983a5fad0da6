import { isIP } from "node:net";

const BITS = { 4: 32, 6: 128 } as const;

/** An address of IPv4 or IPv6, without zone; IPv4 inside IPv6 is refused, as Kubernetes does. */
export class Ip {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly #text: string;

  private constructor(family: 4 | 6, value: bigint, text: string) {
    this.family = family;
    this.value = value;
    this.#text = text;
  }

  /** @throws Error with Kubernetes' text */
  static parse(text: string): Ip {
    const family = isIP(text);
    if (text.includes("%")) throw new Error(`IP Address "${text}" with zone value is not allowed`);
    if (family === 4) return new Ip(4, fromParts(text.split(".").map(Number), 8n), text);
    if (family !== 6) throw new Error(`IP Address "${text}" parse error during conversion from string`);
    if (text.includes(".")) throw new Error(`IPv4-mapped IPv6 address "${text}" is not allowed`);
    return new Ip(6, fromParts(groups(text), 16n), text);
  }

  static of(family: 4 | 6, value: bigint): Ip {
    if (family === 4) return new Ip(4, value, [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join("."));
    return new Ip(6, value, shortest(value));
  }

  get isUnspecified(): boolean {
    return this.value === 0n;
  }
  get isLoopback(): boolean {
    return this.family === 4 ? this.value >> 24n === 127n : this.value === 1n;
  }
  get isLinkLocalMulticast(): boolean {
    return this.family === 4 ? this.value >> 8n === 0xe00000n : ((this.value >> 112n) & 0xff0fn) === 0xff02n;
  }
  get isLinkLocalUnicast(): boolean {
    return this.family === 4 ? this.value >> 16n === 0xa9fen : this.value >> 118n === 0x3fan;
  }
  get isGlobalUnicast(): boolean {
    const multicast = this.family === 4 ? this.value >> 28n === 14n : this.value >> 120n === 0xffn;
    const broadcast = this.family === 4 && this.value === 0xffffffffn;
    return !broadcast && !multicast && !this.isUnspecified && !this.isLoopback && !this.isLinkLocalUnicast;
  }

  toString(): string {
    return this.#text;
  }
}

/** A block of addresses in CIDR notation; the address may have bits behind the prefix. */
export class Cidr {
  readonly ip: Ip;
  readonly prefix: number;

  private constructor(ip: Ip, prefix: number) {
    this.ip = ip;
    this.prefix = prefix;
  }

  /** @throws Error with Kubernetes' text */
  static parse(text: string): Cidr {
    const [, address = "", prefix = ""] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
    try {
      const ip = Ip.parse(address);
      if (Number(prefix) <= BITS[ip.family]) return new Cidr(ip, Number(prefix));
    } catch {
      // Told below.
    }
    throw new Error("network address parse error during conversion from string");
  }

  get masked(): Cidr {
    return new Cidr(Ip.of(this.ip.family, (this.ip.value >> this.#host) << this.#host), this.prefix);
  }

  containsIp(ip: Ip): boolean {
    return ip.family === this.ip.family && ip.value >> this.#host === this.ip.value >> this.#host;
  }

  containsCidr(other: Cidr): boolean {
    return other.prefix >= this.prefix && this.containsIp(other.ip);
  }

  get #host(): bigint {
    return BigInt(BITS[this.ip.family] - this.prefix);
  }

  toString(): string {
    return `${this.ip}/${this.prefix}`;
  }
}

function fromParts(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}

function groups(text: string): number[] {
  const [head = "", tail] = text.split("::");
  const read = (half: string): number[] => (half === "" ? [] : half.split(":").map((group) => Number.parseInt(group, 16)));
  const [first, last] = [read(head), read(tail ?? "")];
  return tail === undefined ? first : [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}

/** As RFC 5952 writes it; the platform's URL parser does. */
function shortest(value: bigint): string {
  const full = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(":");
  return new URL(`http://[${full}]/`).hostname.slice(1, -1);
}
