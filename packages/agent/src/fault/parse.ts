import { type Cidr, EFFECTS, type Fault, type Likelihood, type LossModel, type PortRange } from "./fault.ts";
import { DISTRIBUTIONS, type Direction, PROTOCOLS } from "./spec.ts";
import { parseBandwidth, parseBytes, parseCidr, parseMicroseconds, parsePort, parseTtl } from "./units.ts";

/** What is wrong with one field, and what it may be. */
export interface Problem {
  /** Path in the request, such as `delay.time` or `targets.cidrs[1]`; empty for the whole. */
  readonly field: string;
  readonly problem: string;
  readonly allowed: string;
}

/** Above 2³² ticks of 64 ns tc wraps silently: `4295s` becomes 33 ms. */
export const MAX_DELAY_US = 274_000_000;
export const DEFAULT_TTL_MS = 5 * 60_000;
export const MAX_TTL_MS = 24 * 3_600_000;
const MIN_TTL_MS = 1000;
const MAX_CIDRS = 64;
const MAX_PORTS = 16;
const MIN_BITS = 8;
const MAX_BITS = 100e9;
const MAX_BYTES = 1024 ** 3;
const FIELDS = [...EFFECTS, "direction", "targets", "exclude", "ttl"];

/**
 * Checks a fault as it was asked for and puts it into the kernel's units. Nothing that is not told here reaches a command.
 *
 * @param json what `JSON.parse` gave
 */
export function parseFault(
  json: unknown,
): { readonly fault: Fault; readonly problems?: never } | { readonly problems: readonly Problem[]; readonly fault?: never } {
  const parser = new Parser();
  const fault = parser.fault(json);
  return parser.problems.length > 0 || fault === undefined ? { problems: parser.problems } : { fault };
}

type Fields = Readonly<Record<string, unknown>>;

class Parser {
  readonly problems: Problem[] = [];

  fault(json: unknown): Fault | undefined {
    const spec = this.#object(json, "", FIELDS);
    if (spec === undefined) return undefined;
    if (!EFFECTS.some((effect) => spec[effect] !== undefined)) this.#wrong("", "does nothing", `at least one of ${EFFECTS.join(", ")}`);
    const delay = this.#delay(spec["delay"]);
    const loss = this.#loss(spec["loss"]);
    const duplicate = this.#chance(spec["duplicate"], "duplicate");
    const corrupt = this.#chance(spec["corrupt"], "corrupt");
    const reorder = this.#reorder(spec["reorder"], delay !== undefined && delay.us > 0);
    const rate = this.#rate(spec["rate"]);
    const partition = spec["partition"];
    if (partition !== undefined && partition !== true) this.#wrong("partition", "is not true", "true, or leave it out");
    const direction = this.#oneOf(spec["direction"] ?? "egress", "direction", ["egress", "ingress", "both"] as const);
    const selection = this.#selection(spec["targets"], spec["exclude"]);
    const ttlMs = this.#ttl(spec["ttl"]);
    return {
      ...(delay && { delay }),
      ...(loss && { loss }),
      ...(duplicate && { duplicate }),
      ...(corrupt && { corrupt }),
      ...(reorder && { reorder }),
      ...(rate && { rate }),
      ...(partition === true && { partition }),
      direction: direction ?? ("egress" satisfies Direction),
      selection,
      ttlMs,
    };
  }

  #delay(value: unknown): Fault["delay"] {
    const spec = this.#object(value, "delay", ["time", "jitter", "correlation", "distribution"]);
    if (spec === undefined) return undefined;
    const us = this.#microseconds(spec["time"], "delay.time");
    const jitterUs = spec["jitter"] === undefined ? 0 : this.#microseconds(spec["jitter"], "delay.jitter");
    const correlation = this.#percent(spec["correlation"] ?? 0, "delay.correlation");
    const distribution =
      spec["distribution"] === undefined ? undefined : this.#oneOf(spec["distribution"], "delay.distribution", DISTRIBUTIONS);
    if (distribution !== undefined && (jitterUs === 0 || us === 0))
      this.#wrong("delay.distribution", "has nothing to spread", "a distribution together with time and jitter above 0");
    if (correlation > 0 && jitterUs === 0)
      this.#wrong("delay.correlation", "has no jitter to act on", "a correlation together with jitter");
    return { us, jitterUs, correlation, ...(distribution && { distribution }) };
  }

  #loss(value: unknown): LossModel | undefined {
    const spec = this.#object(value, "loss", ["random", "state", "gemodel"]);
    if (spec === undefined) return undefined;
    const models = Object.keys(spec).filter((model) => spec[model] !== undefined);
    if (models.length !== 1) {
      this.#wrong("loss", `has ${models.length === 0 ? "no model" : "several models"}`, "exactly one of random, state, gemodel");
      return undefined;
    }
    if (spec["random"] !== undefined) {
      const random = this.#chance(spec["random"], "loss.random");
      return random && { model: "random", ...random };
    }
    const model = spec["state"] === undefined ? "gemodel" : "state";
    const percents = this.#percents(
      spec[model],
      `loss.${model}`,
      model === "state" ? ["p13", "p31", "p32", "p23", "p14"] : ["p", "r", "h", "k"],
    );
    return percents && { model, percents };
  }

  /** tc takes these by place: none may be there without those before it. */
  #percents(value: unknown, field: string, names: readonly string[]): number[] | undefined {
    const spec = this.#object(value, field, names);
    if (spec === undefined) return undefined;
    const given = names.findLastIndex((name) => spec[name] !== undefined) + 1;
    if (given === 0) this.#wrong(`${field}.${names[0]}`, "is missing", "a number from 0 to 100");
    return names.slice(0, given).map((name) => this.#percent(spec[name], `${field}.${name}`));
  }

  #chance(value: unknown, field: string, more: readonly string[] = []): Likelihood | undefined {
    const spec = this.#object(value, field, ["percent", "correlation", ...more]);
    if (spec === undefined) return undefined;
    return {
      percent: this.#percent(spec["percent"], `${field}.percent`),
      correlation: this.#percent(spec["correlation"] ?? 0, `${field}.correlation`),
    };
  }

  #reorder(value: unknown, delayed: boolean): Fault["reorder"] {
    const chance = this.#chance(value, "reorder", ["gap"]);
    if (chance === undefined) return undefined;
    const { gap } = value as Fields;
    if (!delayed) this.#wrong("reorder", "has no delay to overtake", "reorder together with delay");
    if (gap !== undefined && !(Number.isInteger(gap) && (gap as number) >= 1 && (gap as number) <= 1_000_000))
      this.#wrong("reorder.gap", "is no such number", "a whole number from 1 to 1000000");
    if (chance.percent === 0) this.#wrong("reorder.percent", "is 0", "a number above 0, up to 100");
    return { ...chance, ...(gap !== undefined && { gap: gap as number }) };
  }

  #rate(value: unknown): Fault["rate"] {
    const spec = this.#object(value, "rate", ["bandwidth", "burst", "limit"]);
    if (spec === undefined) return undefined;
    const bitsPerSecond = typeof spec["bandwidth"] === "string" ? parseBandwidth(spec["bandwidth"]) : undefined;
    if (bitsPerSecond === undefined || bitsPerSecond < MIN_BITS || bitsPerSecond > MAX_BITS) {
      this.#wrong("rate.bandwidth", "is no bandwidth", "a text such as 1mbit, 512kbit or 100kbps (bytes), from 8bit to 100gbit");
      return undefined;
    }
    // Room for ten milliseconds, a few ticks of the timer, and for three large packets at least.
    const burst = this.#bytes(spec["burst"], "rate.burst") ?? Math.max(5_000, Math.ceil(bitsPerSecond / 8 / 100));
    // Fifty milliseconds may wait, and a few packets at least.
    const limit = this.#bytes(spec["limit"], "rate.limit") ?? burst + Math.max(15_000, Math.ceil(bitsPerSecond / 8 / 20));
    return { bitsPerSecond, burst: Math.min(burst, MAX_BYTES), limit: Math.min(limit, MAX_BYTES) };
  }

  #bytes(value: unknown, field: string): number | undefined {
    if (value === undefined) return undefined;
    const bytes = typeof value === "string" ? parseBytes(value) : undefined;
    if (bytes === undefined || bytes < 1600 || bytes > MAX_BYTES) {
      this.#wrong(field, "is no such size", "a text such as 1600, 32kb or 1mb, from 1600 bytes to 1024mb");
      return undefined;
    }
    return bytes;
  }

  #selection(targets: unknown, exclude: unknown): Fault["selection"] {
    const wanted = this.#object(targets, "targets", ["cidrs", "ports", "protocol"]) ?? {};
    const unwanted = this.#object(exclude, "exclude", ["cidrs", "ports"]) ?? {};
    const protocol = wanted["protocol"] === undefined ? undefined : this.#oneOf(wanted["protocol"], "targets.protocol", PROTOCOLS);
    const ports = this.#ports(wanted["ports"], "targets.ports");
    if (protocol === "icmp" && ports.length > 0) this.#wrong("targets.ports", "do not exist in icmp", "ports with tcp, udp or no protocol");
    return {
      cidrs: this.#cidrs(wanted["cidrs"], "targets.cidrs"),
      ports,
      ...(protocol && { protocol }),
      excludeCidrs: this.#cidrs(unwanted["cidrs"], "exclude.cidrs"),
      excludePorts: this.#ports(unwanted["ports"], "exclude.ports"),
    };
  }

  #cidrs(value: unknown, field: string): Cidr[] {
    return this.#list(
      value,
      field,
      MAX_CIDRS,
      "addresses or CIDR blocks such as 10.0.0.0/8 or 2001:db8::/32",
      (item) => (typeof item === "string" && item.length <= 50 ? parseCidr(item) : undefined),
      ({ text }) => text,
    );
  }

  #ports(value: unknown, field: string): PortRange[] {
    return this.#list(
      value,
      field,
      MAX_PORTS,
      "ports from 1 to 65535, or ranges such as 8000-8010",
      (item) => (typeof item === "string" || typeof item === "number" ? parsePort(item) : undefined),
      ({ from, to }) => `${from}-${to}`,
    );
  }

  #list<T>(
    value: unknown,
    field: string,
    most: number,
    allowed: string,
    parse: (item: unknown) => T | undefined,
    name: (parsed: T) => string,
  ): T[] {
    if (value === undefined) return [];
    if (!Array.isArray(value) || value.length === 0 || value.length > most) {
      this.#wrong(field, "is no such list", `a list of 1 to ${most} ${allowed}`);
      return [];
    }
    const known = new Map<string, T>();
    for (const [index, item] of value.entries()) {
      const parsed = parse(item);
      if (parsed === undefined) this.#wrong(`${field}[${index}]`, "is not allowed here", allowed);
      // The kernel takes none twice, and there are many ways to write an address.
      else known.set(name(parsed), parsed);
    }
    return [...known.values()];
  }

  #ttl(value: unknown): number {
    if (value === undefined) return DEFAULT_TTL_MS;
    const ttl = typeof value === "string" ? parseTtl(value) : undefined;
    if (ttl === undefined || ttl < MIN_TTL_MS || ttl > MAX_TTL_MS) {
      this.#wrong("ttl", "is no such duration", "a text such as 30s, 5m or 1h30m, from 1s to 24h");
      return DEFAULT_TTL_MS;
    }
    return ttl;
  }

  #microseconds(value: unknown, field: string): number {
    const us = typeof value === "string" || typeof value === "number" ? parseMicroseconds(String(value)) : undefined;
    if (us === undefined || us > MAX_DELAY_US) {
      this.#wrong(field, us === undefined ? "is no duration" : "is too long", "a text such as 20ms, 1.5s, 250us or 1m, at most 274s");
      return 0;
    }
    return us;
  }

  #percent(value: unknown, field: string): number {
    if (typeof value === "number" && value >= 0 && value <= 100) return value;
    this.#wrong(field, value === undefined ? "is missing" : "is no percentage", "a number from 0 to 100");
    return 0;
  }

  #oneOf<T extends string>(value: unknown, field: string, allowed: readonly T[]): T | undefined {
    const found = allowed.find((one) => one === value);
    if (found === undefined) this.#wrong(field, "is unknown", allowed.join(", "));
    return found;
  }

  /** An object with no other fields than these; `undefined` where there is none. */
  #object(value: unknown, field: string, allowed: readonly string[]): Fields | undefined {
    if (value === undefined && field !== "") return undefined;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.#wrong(field, "is no object", `an object with ${allowed.join(", ")}`);
      return undefined;
    }
    for (const name of Object.keys(value))
      if (!allowed.includes(name)) this.#wrong(field === "" ? shown(name) : `${field}.${shown(name)}`, "is unknown", allowed.join(", "));
    return value as Fields;
  }

  #wrong(field: string, problem: string, allowed: string): void {
    this.problems.push({ field, problem, allowed });
  }
}

function shown(name: string): string {
  return name.length > 64 ? `${name.slice(0, 64)}…` : name;
}
