// IP addresses and blocks of them, as apimachinery/pkg/util/validation reads them.

export const INVALID_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
export const INVALID_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/** The bits of an address; `undefined` where it is none. An IPv4 address has 32, an IPv6 address 128. */
export function addressBits(text: string): { readonly bits: bigint; readonly length: 32 | 128 } | undefined {
  const v4 = ipv4(text);
  if (v4 !== undefined) return { bits: v4, length: 32 };
  const v6 = ipv6(text);
  return v6 === undefined ? undefined : { bits: v6, length: 128 };
}

export function isIPv6(text: string): boolean {
  return addressBits(text)?.length === 128;
}

/** A block of addresses; `undefined` where it is none. */
export function addressBlock(text: string): { readonly bits: bigint; readonly length: 32 | 128; readonly prefix: number } | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  const parsed = addressBits(address);
  if (!parsed || prefix === undefined || more.length > 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > parsed.length) return undefined;
  return { ...parsed, prefix: Number(prefix) };
}

/** Whether one block lies wholly within another, and is smaller. */
export function isStrictSubset(inner: string, outer: string): boolean {
  const small = addressBlock(inner);
  const large = addressBlock(outer);
  if (!small || !large || small.length !== large.length || small.prefix <= large.prefix) return false;
  const shift = BigInt(large.length - large.prefix);
  return small.bits >> shift === large.bits >> shift;
}

function ipv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((bits, part) => (bits << 8n) | BigInt(Number(part)), 0n);
}

function ipv6(text: string): bigint | undefined {
  let rest = text;
  const tail = rest.slice(rest.lastIndexOf(":") + 1);
  if (tail.includes(".")) {
    const v4 = ipv4(tail);
    if (v4 === undefined) return undefined;
    const groups = `${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
    rest = `${rest.slice(0, rest.length - tail.length)}${groups}`;
  }
  const halves = rest.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], end = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - end.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array<string>(missing).fill("0"), ...end];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(Number.parseInt(group, 16)), 0n);
}
