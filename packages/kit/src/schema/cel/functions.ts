import type { Environment } from "@marcbachmann/cel-js";
import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelValueProblems,
  Quantity,
  qualifiedNameProblems,
} from "../../api/index.ts";
import { hasFormat } from "../format.ts";
import { compilePattern, findPattern } from "../pattern.ts";
import { Cidr, Ip } from "./ip.ts";
import { Semver } from "./semver.ts";

type Comparable = bigint | number | string | boolean | Date;

/**
 * The functions that Kubernetes 1.36 has beside CEL's own
 * (https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries); `authorizer` is
 * not there: it asks a cluster.
 */
export function registerFunctions(environment: Environment, optional: typeof import("@marcbachmann/cel-js").Optional): void {
  registerTexts(environment);
  registerLists(environment);
  registerQuantity(environment);
  registerUrl(environment);
  registerAddresses(environment);
  registerSemver(environment);
  registerFormats(environment, optional);
}

/** Regular expressions in linear time, and the extended strings library. Positions are in code points. */
function registerTexts(environment: Environment): void {
  environment
    .registerFunction("string.linearMatches(string): bool", (text: string, pattern: string) => compilePattern(pattern)(text))
    .registerFunction("string.find(string): string", (text: string, pattern: string) => findPattern(pattern, text, 1)[0] ?? "")
    .registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) => findPattern(pattern, text, -1))
    .registerFunction("string.findAll(string, int): list<string>", (text: string, pattern: string, most: bigint) =>
      findPattern(pattern, text, Number(most)),
    )
    .registerFunction("string.charAt(int): string", (text: string, at: bigint) => {
      const letters = [...text];
      if (at < 0n || at > letters.length) throw new Error(`index out of range: ${at}`);
      return letters[Number(at)] ?? "";
    })
    .registerFunction("string.replace(string, string): string", (text: string, from: string, to: string) => text.replaceAll(from, () => to))
    .registerFunction("string.replace(string, string, int): string", (text: string, from: string, to: string, most: bigint) =>
      most < 0n ? text.replaceAll(from, () => to) : replaceFirst(text, from, to, Number(most)),
    )
    .registerFunction("string.reverse(): string", (text: string) => [...text].reverse().join(""));
}

function replaceFirst(text: string, from: string, to: string, most: number): string {
  const parts = text.split(from);
  const replaced = Math.min(most, parts.length - 1);
  return [parts.slice(0, replaced + 1).join(to), ...parts.slice(replaced + 1)].join(from);
}

function registerLists(environment: Environment): void {
  environment
    .registerFunction("list.isSorted(): bool", (list: Comparable[]) => list.every((item, at) => at === 0 || list[at - 1]! <= item))
    .registerFunction("list.sum(): dyn", (list: (bigint | number)[]) =>
      list.length === 0 ? 0n : list.reduce((sum, item) => (sum as never) + (item as never)),
    )
    .registerFunction("list.min(): dyn", (list: Comparable[]) => extreme(list, "min", (a, b) => a < b))
    .registerFunction("list.max(): dyn", (list: Comparable[]) => extreme(list, "max", (a, b) => a > b))
    .registerFunction("list.indexOf(dyn): int", (list: unknown[], item: unknown) => BigInt(list.findIndex((one) => same(one, item))))
    .registerFunction("list.lastIndexOf(dyn): int", (list: unknown[], item: unknown) =>
      BigInt(list.findLastIndex((one) => same(one, item))),
    )
    .registerType("SetsLibrary", SetsLibrary as never)
    .registerConstant("sets", "SetsLibrary", new SetsLibrary())
    .registerFunction("SetsLibrary.contains(list, list): bool", (_: unknown, all: unknown[], some: unknown[]) => holds(all, some))
    .registerFunction("SetsLibrary.equivalent(list, list): bool", (_: unknown, a: unknown[], b: unknown[]) => holds(a, b) && holds(b, a))
    .registerFunction("SetsLibrary.intersects(list, list): bool", (_: unknown, a: unknown[], b: unknown[]) =>
      a.some((item) => b.some((other) => same(item, other))),
    );
}

class SetsLibrary {}

function extreme(list: Comparable[], name: string, better: (a: Comparable, b: Comparable) => boolean): Comparable {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (better(item, best) ? item : best));
}

function holds(all: unknown[], some: unknown[]): boolean {
  return some.every((item) => all.some((one) => same(one, item)));
}

/** Deep equality; an `int` equals a `double` of its value, as everywhere in CEL. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b || sameNumber(a, b);
  if (a instanceof Date || b instanceof Date) return a instanceof Date && b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof Quantity && b instanceof Quantity) return a.cmp(b) === 0;
  const keys = Object.keys(a);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

function sameNumber(a: unknown, b: unknown): boolean {
  const numbers = ["bigint", "number"];
  return numbers.includes(typeof a) && numbers.includes(typeof b) && !((a as number) < (b as number)) && !((a as number) > (b as number));
}

function registerQuantity(environment: Environment): void {
  environment
    .registerType("Quantity", Quantity as never)
    .registerFunction("isQuantity(string): bool", (text: string) => parses(() => Quantity.parse(text)))
    .registerFunction("quantity(string): Quantity", (text: string) => Quantity.parse(text))
    .registerFunction("Quantity.sign(): int", (quantity: Quantity) => BigInt(quantity.sign))
    .registerFunction("Quantity.isInteger(): bool", (quantity: Quantity) => isInteger(quantity))
    .registerFunction("Quantity.asInteger(): int", (quantity: Quantity) => {
      if (!isInteger(quantity)) throw new Error("cannot convert value to integer");
      return quantity.value;
    })
    .registerFunction("Quantity.asApproximateFloat(): double", (quantity: Quantity) => quantity.toNumber())
    .registerFunction("Quantity.add(Quantity): Quantity", (a: Quantity, b: Quantity) => a.add(b))
    .registerFunction("Quantity.add(int): Quantity", (a: Quantity, b: bigint) => a.add(Quantity.of(b)))
    .registerFunction("Quantity.sub(Quantity): Quantity", (a: Quantity, b: Quantity) => a.sub(b))
    .registerFunction("Quantity.sub(int): Quantity", (a: Quantity, b: bigint) => a.sub(Quantity.of(b)));
  registerOrder<Quantity>(environment, "Quantity", (a, b) => a.cmp(b));
}

function isInteger(quantity: Quantity): boolean {
  const units = quantity.nanoValue / 1_000_000_000n;
  return units * 1_000_000_000n === quantity.nanoValue && BigInt.asIntN(64, units) === units;
}

function registerOrder<T>(environment: Environment, type: string, compare: (a: T, b: T) => number): void {
  environment
    .registerFunction(`${type}.isLessThan(${type}): bool`, (a: T, b: T) => compare(a, b) < 0)
    .registerFunction(`${type}.isGreaterThan(${type}): bool`, (a: T, b: T) => compare(a, b) > 0)
    .registerFunction(`${type}.compareTo(${type}): int`, (a: T, b: T) => BigInt(Math.sign(compare(a, b))));
}

function registerUrl(environment: Environment): void {
  environment
    .registerType("URL", URL as never)
    .registerFunction("isURL(string): bool", (text: string) => URL.canParse(text))
    .registerFunction("url(string): URL", (text: string) => new URL(text))
    .registerFunction("URL.getScheme(): string", (url: URL) => url.protocol.slice(0, -1))
    .registerFunction("URL.getHost(): string", (url: URL) => url.host)
    .registerFunction("URL.getHostname(): string", (url: URL) => url.hostname.replace(/^\[|\]$/g, ""))
    .registerFunction("URL.getPort(): string", (url: URL) => url.port)
    .registerFunction("URL.getEscapedPath(): string", (url: URL) => url.pathname)
    .registerFunction("URL.getQuery(): dyn", (url: URL) =>
      Object.fromEntries([...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)])),
    );
}

function registerAddresses(environment: Environment): void {
  environment
    .registerType("IP", Ip as never)
    .registerFunction("isIP(string): bool", (text: string) => parses(() => Ip.parse(text)))
    .registerFunction("ip(string): IP", (text: string) => Ip.parse(text))
    .registerFunction("string(IP): string", (ip: Ip) => ip.toString())
    .registerFunction("IP.family(): int", (ip: Ip) => BigInt(ip.family))
    .registerFunction("IP.isUnspecified(): bool", (ip: Ip) => ip.isUnspecified)
    .registerFunction("IP.isLoopback(): bool", (ip: Ip) => ip.isLoopback)
    .registerFunction("IP.isLinkLocalMulticast(): bool", (ip: Ip) => ip.isLinkLocalMulticast)
    .registerFunction("IP.isLinkLocalUnicast(): bool", (ip: Ip) => ip.isLinkLocalUnicast)
    .registerFunction("IP.isGlobalUnicast(): bool", (ip: Ip) => ip.isGlobalUnicast)
    .registerType("CIDR", Cidr as never)
    .registerFunction("isCIDR(string): bool", (text: string) => parses(() => Cidr.parse(text)))
    .registerFunction("cidr(string): CIDR", (text: string) => Cidr.parse(text))
    .registerFunction("string(CIDR): string", (cidr: Cidr) => cidr.toString())
    .registerFunction("CIDR.ip(): IP", (cidr: Cidr) => cidr.ip)
    .registerFunction("CIDR.masked(): CIDR", (cidr: Cidr) => cidr.masked)
    .registerFunction("CIDR.prefixLength(): int", (cidr: Cidr) => BigInt(cidr.prefix))
    .registerFunction("CIDR.containsIP(IP): bool", (cidr: Cidr, ip: Ip) => cidr.containsIp(ip))
    .registerFunction("CIDR.containsIP(string): bool", (cidr: Cidr, ip: string) => cidr.containsIp(Ip.parse(ip)))
    .registerFunction("CIDR.containsCIDR(CIDR): bool", (cidr: Cidr, other: Cidr) => cidr.containsCidr(other))
    .registerFunction("CIDR.containsCIDR(string): bool", (cidr: Cidr, other: string) => cidr.containsCidr(Cidr.parse(other)));
}

function registerSemver(environment: Environment): void {
  environment
    .registerType("Semver", Semver as never)
    .registerFunction("isSemver(string): bool", (text: string) => parses(() => Semver.parse(text, false)))
    .registerFunction("isSemver(string, bool): bool", (text: string, normalize: boolean) => parses(() => Semver.parse(text, normalize)))
    .registerFunction("semver(string): Semver", (text: string) => Semver.parse(text, false))
    .registerFunction("semver(string, bool): Semver", (text: string, normalize: boolean) => Semver.parse(text, normalize))
    .registerFunction("Semver.major(): int", (version: Semver) => version.major)
    .registerFunction("Semver.minor(): int", (version: Semver) => version.minor)
    .registerFunction("Semver.patch(): int", (version: Semver) => version.patch);
  registerOrder<Semver>(environment, "Semver", (a, b) => a.compare(b));
}

/** A format by name; what it finds wrong with a text. */
class Format {
  readonly problems: (text: string) => string[];
  constructor(problems: (text: string) => string[]) {
    this.problems = problems;
  }
}
class FormatLibrary {}

const byFormat =
  (name: string, problem: string): ((text: string) => string[]) =>
  (text) =>
    hasFormat(name, text) ? [] : [problem];
/** The beginning of a name to which something is added: it may end in a dash. */
const asPrefix =
  (problems: (text: string) => string[]): ((text: string) => string[]) =>
  (text) =>
    problems(text.replace(/-$/, "a"));

const FORMATS: Readonly<Record<string, (text: string) => string[]>> = {
  dns1123Label: dnsLabelProblems,
  dns1123Subdomain: dnsSubdomainProblems,
  dns1035Label: dns1035LabelProblems,
  dns1123LabelPrefix: asPrefix(dnsLabelProblems),
  dns1123SubdomainPrefix: asPrefix(dnsSubdomainProblems),
  dns1035LabelPrefix: asPrefix(dns1035LabelProblems),
  qualifiedName: qualifiedNameProblems,
  labelValue: labelValueProblems,
  uri: byFormat("uri", "invalid URI for request"),
  uuid: byFormat("uuid", "does not match the UUID format"),
  byte: byFormat("byte", "invalid base64"),
  date: byFormat("date", "invalid date"),
  datetime: byFormat("date-time", "invalid datetime"),
};

function registerFormats(environment: Environment, optional: typeof import("@marcbachmann/cel-js").Optional): void {
  environment
    .registerType("Format", Format as never)
    .registerType("FormatLibrary", FormatLibrary as never)
    .registerConstant("format", "FormatLibrary", new FormatLibrary())
    .registerFunction("FormatLibrary.named(string): optional<Format>", (_: unknown, name: string) => {
      const problems = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
      return problems === undefined ? optional.none() : optional.of(new Format(problems));
    })
    .registerFunction("Format.validate(string): optional<list<string>>", ({ problems }: Format, text: string) => {
      const found = problems(text);
      return found.length === 0 ? optional.none() : optional.of(found);
    });
  for (const [name, problems] of Object.entries(FORMATS)) {
    const made = new Format(problems);
    environment.registerFunction(`FormatLibrary.${name}(): Format`, () => made);
  }
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
