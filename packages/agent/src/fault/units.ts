import { isIP } from "node:net";
import type { Cidr, PortRange } from "./fault.ts";

const UNITS_US: Readonly<Record<string, number>> = { us: 1, µs: 1, ms: 1000, s: 1e6, m: 60e6, h: 3600e6 };

/** Microseconds of `20ms`, `1.5s`, `250us`, `1m`; of a bare number, milliseconds. `undefined` when it is none of them. */
export function parseMicroseconds(text: string): number | undefined {
  const [, number = "", unit = "ms"] = /^(\d{1,9}(?:\.\d{1,9})?)(us|µs|ms|s|m|h)?$/.exec(text) ?? [];
  if (number === "") return undefined;
  return Math.round(Number(number) * UNITS_US[unit]!);
}

/** Milliseconds of `90s`, `1h30m` and the like; every part needs its unit. */
export function parseTtl(text: string): number | undefined {
  if (!/^(\d{1,9}(\.\d{1,9})?(ms|s|m|h)){1,4}$/.test(text)) return undefined;
  let us = 0;
  for (const [, number = "", unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) us += Number(number) * UNITS_US[unit]!;
  return Math.round(us / 1000);
}

const BITS: Readonly<Record<string, number>> = {
  bit: 1,
  kbit: 1e3,
  mbit: 1e6,
  gbit: 1e9,
  bps: 8,
  kbps: 8e3,
  mbps: 8e6,
  gbps: 8e9,
};

/** Bits a second of `1mbit`, `100kbps` (bytes, as tc has it), `1.5gbit`. */
export function parseBandwidth(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d{1,9}(?:\.\d{1,6})?)([kmg]?(?:bit|bps))$/i.exec(text) ?? [];
  return number === "" ? undefined : Math.round(Number(number) * BITS[unit.toLowerCase()]!);
}

const BYTES: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, kb: 1024, m: 1024 ** 2, mb: 1024 ** 2 };

/** Bytes of `1600`, `32kb`, `1mb`. */
export function parseBytes(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d{1,9})([km]?b?)$/i.exec(text) ?? [];
  return number === "" ? undefined : Number(number) * BYTES[unit.toLowerCase()]!;
}

/** A block of addresses; a single address is a block of one. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = "", prefix, ...more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || more.length > 0 || address.includes("%") || (family === 6 && address.includes("."))) return undefined;
  const bits = family === 4 ? 32 : 128;
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)) return undefined;
  const host = BigInt(bits - Number(prefix ?? bits));
  const first = (numberOf(address, family) >> host) << host;
  return { family: family as 4 | 6, text: `${written(first, family)}/${bits - Number(host)}`, first, last: first + (1n << host) - 1n };
}

function numberOf(address: string, family: number): bigint {
  if (family === 4) return address.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => (text === "" ? [] : text.split(":"));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const filled = tail === undefined ? before : [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
  return filled.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function written(value: bigint, family: number): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  return Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16)).join(":");
}

/** A port, or a range as `8000-8010`. */
export function parsePort(value: number | string): PortRange | undefined {
  const [, from = "", to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value)) ?? [];
  const range = { from: Number(from), to: Number(to) };
  return from !== "" && range.from >= 1 && range.to <= 65_535 && range.from <= range.to ? range : undefined;
}
