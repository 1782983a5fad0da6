import type { ASTNode } from "@marcbachmann/cel-js";
import { CelError, LINEAR_MATCHES } from "./compile.ts";
import type { Declaration, Kind } from "./declaration.ts";

/*
 * What an expression costs at most, in the units of Kubernetes' estimate (cel-go's checker and the apiserver's CEL
 * library): about one for each step, a tenth for each byte of a text that is gone through, and a loop's body times the
 * items that there can be. The API server refuses rules by this figure, so the figure is part of its API.
 */

interface Size {
  readonly min: number;
  readonly max: number;
}

interface Estimate {
  readonly cost: number;
  readonly size: Size;
  readonly kind: Kind | "optional" | "other";
  /** Where the value comes from a schema. */
  readonly declaration?: Declaration | undefined;
  /** Sizes of what is in a list or map that the expression made. */
  readonly item?: Size | undefined;
}

const UNKNOWN: Size = { min: 0, max: Number.POSITIVE_INFINITY };
const ONE: Size = { min: 1, max: 1 };
const SCALARS: ReadonlySet<string> = new Set(["bool", "double", "duration", "int", "timestamp"]);
const TRAVERSAL = 0.1;
const REGEX = 0.25;

/**
 * The most that an expression can cost; `Infinity` where nothing bounds it.
 *
 * @throws CelError for a field that the schema does not have
 */
export function estimateCost(node: ASTNode, variables: ReadonlyMap<string, Declaration>): number {
  const scope = new Map<string, Estimate>();
  for (const [name, declaration] of variables) scope.set(name, declared(declaration, 1));
  return estimate(node, scope).cost;
}

type Scope = ReadonlyMap<string, Estimate>;

function declared(declaration: Declaration | undefined, cost: number): Estimate {
  if (declaration === undefined) return { cost, size: UNKNOWN, kind: "dyn" };
  return { cost, size: { min: 0, max: declaration.most }, kind: declaration.kind, declaration };
}

function made(kind: Estimate["kind"], cost: number, size: Size = SCALARS.has(kind) ? ONE : UNKNOWN): Estimate {
  return { cost, size, kind };
}

function estimate(node: ASTNode, scope: Scope): Estimate {
  switch (node.op) {
    case "value":
      return literal(node.args);
    case "id":
      return { ...(scope.get(node.args) ?? made("other", 1)), cost: 1 };
    case ".":
      return select(checked(estimate(node.args[0], scope), node), node.args[1]);
    case ".?": {
      const target = estimate(node.args[0], scope);
      return { ...select(target, node.args[1]), kind: "optional", cost: target.cost + 1 };
    }
    case "[]":
    case "[?]": {
      const [target, key] = [estimate(node.args[0], scope), estimate(node.args[1], scope)];
      const inside = itemOf(target);
      return { ...inside, kind: node.op === "[]" ? inside.kind : "optional", cost: 1 + target.cost + key.cost };
    }
    case "list": {
      const items = node.args.map((item) => estimate(item, scope));
      return { cost: 10 + sum(items), size: fixed(items.length), kind: "list", item: union(items.map(({ size }) => size)) };
    }
    case "map": {
      const entries = node.args.map((entry) => entry.map((part) => estimate(part, scope)));
      return {
        cost: 30 + sum(entries.flat()),
        size: fixed(entries.length),
        kind: "map",
        item: union(entries.map(([, value]) => value!.size)),
      };
    }
    case "&&":
    case "||":
      return made("bool", sum(node.args.map((arg) => estimate(arg, scope))));
    case "!_":
    case "-_": {
      const arg = estimate(node.args, scope);
      return made(node.op === "!_" ? "bool" : arg.kind, 1 + arg.cost);
    }
    case "?:": {
      const [condition, yes, no] = node.args.map((arg) => estimate(arg, scope)) as [Estimate, Estimate, Estimate];
      return {
        ...yes,
        kind: yes.kind === no.kind ? yes.kind : "dyn",
        size: union([yes.size, no.size]),
        cost: condition.cost + Math.max(yes.cost, no.cost),
      };
    }
    case "call":
      return call(node.args[0], node.args[1], scope);
    case "rcall":
      return memberCall(node.args[0], node.args[1], node.args[2], scope);
    default:
      return binary(node.op, ...comparable(node, estimate(node.args[0], scope), estimate(node.args[1], scope)));
  }
}

function literal(value: unknown): Estimate {
  if (typeof value === "string") return made("string", 0, fixed([...value].length));
  if (value instanceof Uint8Array) return made("bytes", 0, fixed(value.length));
  const kind = typeof value === "bigint" ? "int" : typeof value === "number" ? "double" : typeof value === "boolean" ? "bool" : "other";
  return made(kind, 0, ONE);
}

/** A field that the schema does not have is an error of whoever wrote the rule, not a value that is missing. */
function checked(target: Estimate, node: ASTNode & { op: "." }): Estimate {
  const [operand, field] = node.args;
  if (target.kind !== "object" || target.declaration?.fields?.has(field) !== false) return target;
  throw new CelError(at(node.input, operand.range.end, `undefined field '${field}'`));
}

/** A message with its place, as the field's own compiler prints it. */
function at(input: string, offset: number, message: string): string {
  const before = input.slice(0, offset).split("\n");
  const column = [...before.at(-1)!].length;
  const line = input.split("\n")[before.length - 1]!;
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${".".repeat(column)}^`;
}

const NUMBERS: ReadonlySet<string> = new Set(["int", "double"]);
const TYPED: ReadonlySet<string> = new Set([...SCALARS, "string", "bytes"]);
const EQUALITY: ReadonlySet<string> = new Set(["==", "!="]);
const ORDER: ReadonlySet<string> = new Set(["<", "<=", ">", ">="]);

/** Values of different types are never equal, and only numbers have an order among themselves: who compares them is mistaken. */
function comparable(node: ASTNode & { args: [ASTNode, ASTNode] }, left: Estimate, right: Estimate): [Estimate, Estimate] {
  const { op } = node;
  const known = TYPED.has(left.kind) && TYPED.has(right.kind) && left.kind !== right.kind;
  const ordered = ORDER.has(op) && NUMBERS.has(left.kind) && NUMBERS.has(right.kind);
  if (known && (EQUALITY.has(op) || ORDER.has(op)) && !ordered) {
    const place = node.input.indexOf(op, node.args[0].range.end);
    throw new CelError(at(node.input, place, `found no matching overload for '_${op}_' applied to '(${left.kind}, ${right.kind})'`));
  }
  return [left, right];
}

function select(target: Estimate, field: string): Estimate {
  const cost = target.cost + (target.kind === "map" || target.kind === "object" ? 1 : 0);
  const known = target.declaration?.fields?.get(field);
  if (known) return declared(known, cost);
  // The size of a map's entry is known by index only.
  const item = target.kind === "map" ? target.declaration?.item : undefined;
  return item ? { ...made(item.kind, cost), declaration: item } : made("dyn", cost);
}

function itemOf(target: Estimate): Estimate {
  if (target.declaration?.item) return declared(target.declaration.item, 0);
  return { cost: 0, size: target.item ?? UNKNOWN, kind: "dyn" };
}

function binary(op: string, left: Estimate, right: Estimate): Estimate {
  const args = left.cost + right.cost;
  const texts = left.kind !== "other" && [left, right].some(({ kind }) => kind === "string" || kind === "bytes" || kind === "dyn");
  switch (op) {
    case "==":
    case "!=":
      return made(
        "bool",
        args + (left.kind === "other" && right.kind === "other" ? 1 : traversed(Math.min(left.size.max, right.size.max))),
      );
    case "<":
    case "<=":
    case ">":
    case ">=":
      return made("bool", args + (texts ? Math.max(1, traversed(Math.min(left.size.max, right.size.max))) : 1));
    case "in":
      return made("bool", args + (right.kind === "map" ? 1 : right.size.max));
    case "+": {
      const size = plus(left.size, right.size);
      if (left.kind === "list") return { cost: args + 1, size, kind: "list", item: union([itemOf(left).size, itemOf(right).size]) };
      if (texts)
        return made(left.kind === "dyn" ? right.kind : left.kind, args + Math.max(left.kind === "dyn" ? 1 : 0, traversed(size.max)), size);
      return made(left.kind, args + 1);
    }
    default:
      return made(left.kind, args + 1);
  }
}

function call(name: string, args: readonly ASTNode[], scope: Scope): Estimate {
  if (name === "has" && args[0]?.op === ".") return made("bool", estimate(args[0].args[0], scope).cost);
  const given = args.map((arg) => estimate(arg, scope));
  const cost = sum(given);
  const [first = made("other", 0)] = given;
  if (name === "dyn") return { ...first, cost: 1 + cost };
  if (PARSERS.has(name)) {
    const kind = name.startsWith("is") ? "bool" : "other";
    return made(kind, cost + traversed(first.size.max), name === "url" ? first.size : undefined);
  }
  if (name === "string" && first.kind === "dyn") return made("string", cost + Math.max(1, traversed(first.size.max)));
  if (name === "string" && first.kind === "bytes")
    return made("string", cost + traversed(first.size.max), { min: first.size.min / 4, max: first.size.max });
  if (name === "bytes" && first.kind === "string")
    return made("bytes", cost + traversed(first.size.max), { min: first.size.min, max: first.size.max * 4 });
  return made(CONVERSIONS[name] ?? "other", cost + 1);
}

const PARSERS: ReadonlySet<string> = new Set(["url", "cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity", "semver", "isSemver"]);
const CONVERSIONS: Readonly<Record<string, Kind>> = {
  size: "int",
  int: "int",
  uint: "int",
  double: "double",
  bool: "bool",
  string: "string",
  bytes: "bytes",
  timestamp: "timestamp",
  duration: "duration",
  isURL: "bool",
};

function memberCall(name: string, receiver: ASTNode, args: readonly ASTNode[], scope: Scope): Estimate {
  const loop = LOOPS[name];
  if (loop !== undefined && args[0]?.op === "id") return looped(loop, estimate(receiver, scope), args[0].args, args.slice(1), scope);
  if (name === "bind" && receiver.op === "id" && receiver.args === "cel" && args[0]?.op === "id" && args.length === 3) {
    const bound = estimate(args[1]!, scope);
    const result = estimate(args[2]!, new Map(scope).set(args[0].args, bound));
    return { ...result, cost: 10 + bound.cost + result.cost };
  }
  const target = estimate(receiver, scope);
  const given = args.map((arg) => estimate(arg, scope));
  const { cost, ...rest } = METHODS[name]?.(target, given) ?? made("dyn", 1);
  const unwrapped = target.kind === "optional" && name === "value" ? declared(target.declaration, 0) : undefined;
  return { ...rest, ...(unwrapped && { kind: unwrapped.kind, declaration: unwrapped.declaration }), cost: cost + target.cost + sum(given) };
}

/** What each item costs beside the body, and the loop beside its items: the steps into which a macro is written out. */
interface Loop {
  readonly start: number;
  readonly end: number;
  item(bodies: readonly Estimate[]): number;
  readonly result: "bool" | "list";
}

const body = (bodies: readonly Estimate[], at = 0): number => bodies[at]?.cost ?? 0;
const LOOPS: Readonly<Record<string, Loop>> = {
  all: { start: 0, end: 1, item: (bodies) => 3 + body(bodies), result: "bool" },
  exists: { start: 0, end: 1, item: (bodies) => 4 + body(bodies), result: "bool" },
  exists_one: { start: 0, end: 2, item: (bodies) => 2 + body(bodies), result: "bool" },
  existsOne: { start: 0, end: 2, item: (bodies) => 2 + body(bodies), result: "bool" },
  map: {
    start: 10,
    end: 1,
    item: (bodies) => (bodies.length > 1 ? body(bodies) + 12 + body(bodies, 1) : 12 + body(bodies)),
    result: "list",
  },
  filter: { start: 10, end: 1, item: (bodies) => 13 + body(bodies), result: "list" },
};

function looped(loop: Loop, range: Estimate, variable: string, inner: readonly ASTNode[], scope: Scope): Estimate {
  const key = range.declaration?.key;
  const item = range.kind === "map" && key ? declared(key, 1) : itemOf(range);
  const bodies = inner.map((each) => estimate(each, new Map(scope).set(variable, item)));
  const cost = range.cost + loop.start + loop.end + times(range.size.max, loop.item(bodies));
  if (loop.result === "bool") return made("bool", cost);
  const kept = loop === LOOPS["filter"] ? item.size : bodies.at(-1)?.size;
  return {
    cost,
    size: range.size,
    kind: "list",
    item: kept,
    ...(loop === LOOPS["filter"] && range.kind === "list" && { declaration: range.declaration }),
  };
}

type Method = (target: Estimate, args: readonly Estimate[]) => Estimate;
const flat =
  (kind: Estimate["kind"]): Method =>
  () =>
    made(kind, 1);
const compared: Method = (target) => {
  if (target.kind === "string") return made("int", traversed(target.size.max));
  const item = itemOf(target);
  const each = item.kind === "string" || item.kind === "bytes" || (item.kind === "dyn" && target.item) ? 1 + traversed(item.size.max) : 1;
  return made(item.kind, times(target.size.max, each));
};
const sameLength: Method = (target) => made("string", traversed(target.size.max), target.size);
const affix: Method = (_, [affixed]) => made("bool", traversed(affixed?.size.max ?? 0));
const regex = (target: Estimate, pattern: Estimate | undefined): number =>
  times(traversed(target.size.max + 1), Math.ceil((pattern?.size.max ?? 0) * REGEX));
const found: Method = (target, [pattern]) => made("string", regex(target, pattern), { min: 0, max: target.size.max });

const METHODS: Readonly<Record<string, Method>> = {
  startsWith: affix,
  endsWith: affix,
  contains: (target, [part]) => made("bool", times(traversed(target.size.max), traversed(part?.size.max ?? 0))),
  [LINEAR_MATCHES]: (target, [pattern]) => made("bool", regex(target, pattern)),
  find: found,
  findAll: (target, args) => ({ ...found(target, args), kind: "list" }),
  lowerAscii: sameLength,
  upperAscii: sameLength,
  substring: sameLength,
  trim: sameLength,
  replace: (target, [from, to]) =>
    made("string", Math.ceil(target.size.max * 2 * TRAVERSAL), replaced(target.size, from?.size ?? UNKNOWN, to?.size ?? UNKNOWN)),
  split: (target) => ({ cost: Math.ceil(target.size.max * 2 * TRAVERSAL), size: { min: 0, max: target.size.max }, kind: "list" }),
  join: (target, [separator]) => {
    const between = Math.max(0, target.size.max - 1);
    const max = times(target.size.max, itemOf(target).size.max) + times(separator?.size.max ?? 0, between);
    return made("string", traversed(max), { min: 0, max });
  },
  isSorted: compared,
  sum: compared,
  min: compared,
  max: compared,
  indexOf: compared,
  lastIndexOf: compared,
  size: flat("int"),
  hasValue: flat("bool"),
  isLessThan: flat("bool"),
  isGreaterThan: flat("bool"),
  compareTo: flat("int"),
  validate: (_, [text]) => made("optional", Math.ceil(traversed(text?.size.max ?? 0) * 128 * REGEX)),
  containsIP: (_, [address]) => made("bool", 4 + (address?.kind === "string" ? traversed(address.size.max) : 0)),
  containsCIDR: (_, [block]) => made("bool", 7 + (block?.kind === "string" ? traversed(block.size.max) : 0)),
  ...Object.fromEntries(["getScheme", "getHost", "getHostname", "getPort", "getEscapedPath"].map((name) => [name, flat("string")])),
  ...Object.fromEntries(["family", "prefixLength", "sign", "asInteger", "major", "minor", "patch"].map((name) => [name, flat("int")])),
  ...Object.fromEntries(["add", "sub", "masked", "ip"].map((name) => [name, flat("other")])),
};

function replaced(size: Size, from: Size, to: Size): Size {
  if (from.min === 0) return { min: 0, max: times(size.max + 1, to.max) + size.max };
  if (to.max <= from.min) return { min: 0, max: size.max };
  return { min: 0, max: times(Math.ceil(size.max / from.min), to.max) };
}

const fixed = (size: number): Size => ({ min: size, max: size });
const plus = (a: Size, b: Size): Size => ({ min: a.min + b.min, max: a.max + b.max });
const traversed = (bytes: number): number => Math.ceil(bytes * TRAVERSAL);
/** Nothing times without bounds is nothing. */
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);
const sum = (parts: readonly Estimate[]): number => parts.reduce((total, { cost }) => total + cost, 0);

function union(sizes: readonly Size[]): Size {
  if (sizes.length === 0) return { min: 0, max: 0 };
  return { min: Math.min(...sizes.map(({ min }) => min)), max: Math.max(...sizes.map(({ max }) => max)) };
}
