import { Quantity } from "@outrigger/kit/api";
import { CelError } from "../error.ts";
import { Duration, Timestamp } from "../time.ts";
import {
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  NULL,
  opaque,
  optionalOf,
  param,
  STRING,
  struct,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
} from "../types.ts";
import { Format, ListValue, MapValue, Optional, TypeValue, Uint, type Value } from "../value.ts";
import { Cidr, Ip } from "./ip.ts";
import { Semver } from "./semver.ts";

/** One way in which a function can be called. */
export interface Overload {
  /** By which cost estimates know it, where they do. */
  readonly id: string;
  /** `target.f(…)` and not `f(target, …)`; the target is the first parameter. */
  readonly member: boolean;
  readonly params: readonly Type[];
  readonly result: Type;
  /** Names of the type parameters among them. */
  readonly free: readonly string[];
  readonly run: (...args: Value[]) => Value;
}

export type Functions = ReadonlyMap<string, readonly Overload[]>;

/** Overloads by their signature, as `string.replace(string, string): string`; an identifier may stand before it: `index_list = `. */
export type Library = Readonly<Record<string, Overload["run"]>>;

export function functionsOf(libraries: readonly Library[]): Functions {
  const functions = new Map<string, Overload[]>();
  for (const library of libraries) {
    for (const [signature, run] of Object.entries(library)) {
      const { name, ...overload } = readSignature(signature);
      const overloads = functions.get(name) ?? [];
      overloads.push({ ...overload, run });
      functions.set(name, overloads);
    }
  }
  return functions;
}

export const LIBRARY_TYPES = {
  IP: opaque("net.IP"),
  CIDR: opaque("net.CIDR"),
  Quantity: struct("kubernetes.Quantity"),
  Semver: struct("kubernetes.Semver"),
  URL: struct("kubernetes.URL"),
  Format: struct("kubernetes.NamedFormat"),
  Authorizer: struct("kubernetes.authorization.Authorizer"),
  PathCheck: struct("kubernetes.authorization.PathCheck"),
  GroupCheck: struct("kubernetes.authorization.GroupCheck"),
  ResourceCheck: struct("kubernetes.authorization.ResourceCheck"),
  Decision: struct("kubernetes.authorization.Decision"),
} as const;

const SIMPLE: Readonly<Record<string, Type>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: DURATION,
  dyn: DYN,
  int: INT,
  null: NULL,
  string: STRING,
  timestamp: TIMESTAMP,
  uint: UINT,
  ...LIBRARY_TYPES,
};

function readSignature(signature: string): Omit<Overload, "run"> & { name: string } {
  const [, id, target, name, args, result] = /^(?:(\S+) = )?(?:(\w+(?:<.*?>+)?)\.)?([^()]+)\((.*)\): (.+)$/.exec(signature)!;
  // `sets.contains(…)` has a namespace before it, no target.
  const namespaced = target !== undefined && NAMESPACES.has(target);
  const member = target !== undefined && !namespaced;
  const params = [...(member ? [target] : []), ...splitList(args!)].map(readType);
  const free = new Set<string>();
  for (const type of [...params, readType(result!)]) collectFree(type, free);
  return {
    name: namespaced ? `${target}.${name}` : name!,
    id: id ?? signature,
    member,
    params,
    result: readType(result!),
    free: [...free],
  };
}

const NAMESPACES: ReadonlySet<string> = new Set(["optional", "sets", "lists", "format", "ip", "strings", "cel", "jsonpatch"]);

function readType(text: string): Type {
  const generic = /^(\w+)<(.*)>$/.exec(text);
  if (generic) {
    const [first, second] = splitList(generic[2]!).map(readType);
    switch (generic[1]) {
      case "list":
        return listOf(first!);
      case "map":
        return mapOf(first!, second!);
      case "optional":
        return optionalOf(first!);
      default:
        return typeOf(first!);
    }
  }
  return SIMPLE[text] ?? param(text);
}

function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const letter of text) {
    if (letter === "<") depth++;
    if (letter === ">") depth--;
    if (letter === "," && depth === 0) {
      parts.push(part.trim());
      part = "";
    } else part += letter;
  }
  if (part.trim() !== "") parts.push(part.trim());
  return parts;
}

function collectFree(type: Type, into: Set<string>): void {
  if (type.kind === "param") into.add(type.name);
  for (const inner of type.params) collectFree(inner, into);
}

/** Whether a value can be given where a parameter has this type. Items of lists and maps are not looked at. */
export function accepts(type: Type, value: Value): boolean {
  switch (type.kind) {
    case "bool":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "int":
      return typeof value === "bigint";
    case "double":
      return typeof value === "number";
    case "uint":
      return value instanceof Uint;
    case "null":
      return value === null;
    case "bytes":
      return value instanceof Uint8Array;
    case "list":
      return value instanceof ListValue;
    case "map":
      return value instanceof MapValue;
    case "timestamp":
      return value instanceof Timestamp;
    case "duration":
      return value instanceof Duration;
    case "type":
      return value instanceof TypeValue;
    case "opaque":
    case "struct": {
      const known = LIBRARY_CLASSES[type.name];
      return known === undefined || value instanceof known;
    }
    default:
      return true;
  }
}

const LIBRARY_CLASSES: Readonly<Record<string, abstract new (...args: never[]) => object>> = {
  optional_type: Optional as never,
  "net.IP": Ip as never,
  "net.CIDR": Cidr as never,
  "kubernetes.Quantity": Quantity as never,
  "kubernetes.Semver": Semver as never,
  "kubernetes.URL": URL,
  "kubernetes.NamedFormat": Format,
};

/** Calls whichever of the overloads takes the values. @throws CelError where none does */
export function dispatch(name: string, overloads: readonly Overload[], args: readonly Value[]): Value {
  for (const overload of overloads) {
    if (overload.params.length === args.length && overload.params.every((type, index) => accepts(type, args[index])))
      return overload.run(...args);
  }
  // Operators have no names of their own in this message.
  throw new CelError(/^[_@!-]/.test(name) ? "no such overload" : `no such overload: ${name}`);
}
