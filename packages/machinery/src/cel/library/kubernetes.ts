import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelValueProblems,
  Quantity,
  qualifiedNameProblems,
} from "@outrigger/kit/api";
import { hasFormat } from "../../schema/index.ts";
import { CelError } from "../error.ts";
import { Format, NativeList, NativeMap, Optional, type Value } from "../value.ts";
import type { Library, Overload } from "./declare.ts";
import { Cidr, Ip } from "./ip.ts";
import { Semver } from "./semver.ts";

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}

/** Calls with the evaluator's own errors. */
function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new CelError((error as Error).message, { cause: error });
  }
}

function orderOf<T>(type: string, compare: (a: T, b: T) => number): Library {
  const by =
    (holds: (order: number) => Value): Overload["run"] =>
    (a, b) =>
      holds(compare(a as T, b as T));
  return {
    [`${type}.isLessThan(${type}): bool`]: by((order) => order < 0),
    [`${type}.isGreaterThan(${type}): bool`]: by((order) => order > 0),
    [`${type}.compareTo(${type}): int`]: by((order) => BigInt(Math.sign(order))),
  };
}

function isInteger(quantity: Quantity): boolean {
  const units = quantity.nanoValue / 1_000_000_000n;
  return units * 1_000_000_000n === quantity.nanoValue && BigInt.asIntN(64, units) === units;
}

const quantity = (text: Value): Quantity => parsed(() => Quantity.parse(text as string));

const QUANTITIES: Library = {
  "quantity(string): Quantity": quantity,
  "isQuantity(string): bool": (text) => parses(() => Quantity.parse(text as string)),
  "sign(Quantity): int": (value) => BigInt((value as Quantity).sign),
  "Quantity.isInteger(): bool": (value) => isInteger(value as Quantity),
  "Quantity.asInteger(): int": (value) => {
    if (!isInteger(value as Quantity)) throw new CelError("cannot convert value to integer");
    return (value as Quantity).value;
  },
  "Quantity.asApproximateFloat(): double": (value) => (value as Quantity).toNumber(),
  "Quantity.add(Quantity): Quantity": (a, b) => (a as Quantity).add(b as Quantity),
  "Quantity.add(int): Quantity": (a, b) => (a as Quantity).add(Quantity.of(b as bigint)),
  "Quantity.sub(Quantity): Quantity": (a, b) => (a as Quantity).sub(b as Quantity),
  "Quantity.sub(int): Quantity": (a, b) => (a as Quantity).sub(Quantity.of(b as bigint)),
  ...orderOf<Quantity>("Quantity", (a, b) => a.cmp(b)),
};

function url(text: Value): URL {
  // As Go reads the target of a request: an absolute URL or an absolute path, which JavaScript takes for no URL.
  const value = text as string;
  if (!URL.canParse(value))
    throw new CelError(`URL parse error during conversion from string: parse ${JSON.stringify(value)}: invalid URI for request`);
  return new URL(value);
}

const URLS: Library = {
  "url(string): URL": url,
  "isURL(string): bool": (text) => parses(() => url(text)),
  "URL.getScheme(): string": (value) => (value as URL).protocol.slice(0, -1),
  "URL.getHost(): string": (value) => (value as URL).host,
  "URL.getHostname(): string": (value) => (value as URL).hostname.replace(/^\[|\]$/g, ""),
  "URL.getPort(): string": (value) => (value as URL).port,
  "URL.getEscapedPath(): string": (value) => (value as URL).pathname,
  "URL.getQuery(): map<string, list<string>>": (value) => {
    const query = (value as URL).searchParams;
    return new NativeMap([...new Set(query.keys())].map((name) => [name, new NativeList(query.getAll(name))]));
  },
};

const ip = (text: Value): Ip => parsed(() => Ip.parse(text as string));
const cidr = (text: Value): Cidr => parsed(() => Cidr.parse(text as string));

const ADDRESSES: Library = {
  "ip(string): IP": ip,
  "isIP(string): bool": (text) => parses(() => Ip.parse(text as string)),
  "ip.isCanonical(string): bool": (text) => {
    const address = ip(text);
    return Ip.of(address.family, address.value).toString() === text;
  },
  "string(IP): string": (address) => String(address as Ip),
  "IP.family(): int": (address) => BigInt((address as Ip).family),
  "IP.isUnspecified(): bool": (address) => (address as Ip).isUnspecified,
  "IP.isLoopback(): bool": (address) => (address as Ip).isLoopback,
  "IP.isLinkLocalMulticast(): bool": (address) => (address as Ip).isLinkLocalMulticast,
  "IP.isLinkLocalUnicast(): bool": (address) => (address as Ip).isLinkLocalUnicast,
  "IP.isGlobalUnicast(): bool": (address) => (address as Ip).isGlobalUnicast,
  "cidr(string): CIDR": cidr,
  "isCIDR(string): bool": (text) => parses(() => Cidr.parse(text as string)),
  "string(CIDR): string": (block) => String(block as Cidr),
  "cidr_ip = CIDR.ip(): IP": (block) => (block as Cidr).ip,
  "CIDR.masked(): CIDR": (block) => (block as Cidr).masked,
  "CIDR.prefixLength(): int": (block) => BigInt((block as Cidr).prefix),
  "cidr_contains_ip_string = CIDR.containsIP(string): bool": (block, address) => (block as Cidr).containsIp(ip(address)),
  "CIDR.containsIP(IP): bool": (block, address) => (block as Cidr).containsIp(address as Ip),
  "cidr_contains_cidr_string = CIDR.containsCIDR(string): bool": (block, other) => (block as Cidr).containsCidr(cidr(other)),
  "CIDR.containsCIDR(CIDR): bool": (block, other) => (block as Cidr).containsCidr(other as Cidr),
};

const semver = (text: Value, normalize: boolean): Semver => parsed(() => Semver.parse(text as string, normalize));

const VERSIONS: Library = {
  "semver(string): Semver": (text) => semver(text, false),
  "semver(string, bool): Semver": (text, normalize) => semver(text, normalize as boolean),
  "isSemver(string): bool": (text) => parses(() => semver(text, false)),
  "isSemver(string, bool): bool": (text, normalize) => parses(() => semver(text, normalize as boolean)),
  "Semver.major(): int": (version) => (version as Semver).major,
  "Semver.minor(): int": (version) => (version as Semver).minor,
  "Semver.patch(): int": (version) => (version as Semver).patch,
  ...orderOf<Semver>("Semver", (a, b) => a.compare(b)),
};

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

function formats(): Library {
  const made = new Map(Object.entries(FORMATS).map(([name, problems]) => [name, new Format(name, problems)]));
  return {
    "format.named(string): optional<Format>": (name) => {
      const known = made.get(name as string);
      return known ? Optional.of(known) : Optional.NONE;
    },
    "Format.validate(string): optional<list<string>>": (format, text) => {
      const found = (format as Format).problems(text as string);
      return found.length === 0 ? Optional.NONE : Optional.of(new NativeList(found));
    },
    ...Object.fromEntries([...made].map(([name, format]) => [`format.${name}(): Format`, () => format])),
  };
}

/** The libraries that Kubernetes 1.36 adds (https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries). */
export const KUBERNETES: readonly Library[] = [QUANTITIES, URLS, ADDRESSES, VERSIONS, formats()];
