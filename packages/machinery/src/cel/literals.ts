import type { Fault } from "./error.ts";
import { FUNCTIONS } from "./library/index.ts";
import type { CallExpr, Expr, ListExpr } from "./syntax.ts";
import { isDyn, isOptional, STRING, sameType, shown, type Type, unwrapped } from "./types.ts";

type Types = ReadonlyMap<number, Type>;

/**
 * What is wrong with the literals of an expression that has the right types: a time, duration or pattern that can never
 * be read, a format that its arguments do not fit, and lists and maps of several types, which Kubernetes takes only as
 * arguments of `format`.
 */
export function literalFaults(expr: Expr, types: Types): Fault[] {
  const faults: Fault[] = [];
  visit(expr, types, false, faults);
  return faults;
}

function visit(expr: Expr, types: Types, formatted: boolean, faults: Fault[]): void {
  const inside = (one: Expr): void => visit(one, types, formatted, faults);
  switch (expr.kind) {
    case "select":
      inside(expr.operand);
      break;
    case "call":
      findInCall(expr, types, faults);
      if (expr.target) inside(expr.target);
      for (const arg of expr.args) visit(arg, types, formatted || expr.fn === "format", faults);
      break;
    case "list":
      if (!formatted)
        mixed(
          expr.elements.map((element, index) => [element, expr.optional.has(index)]),
          types,
          faults,
        );
      expr.elements.forEach(inside);
      break;
    case "map":
      if (!formatted) {
        mixed(
          expr.entries.map(({ key }) => [key, false]),
          types,
          faults,
        );
        mixed(
          expr.entries.map(({ value, optional }) => [value, optional]),
          types,
          faults,
        );
      }
      for (const { key, value } of expr.entries) {
        inside(key);
        inside(value);
      }
      break;
    case "comprehension":
      for (const part of [expr.range, expr.init, expr.condition, expr.step, expr.result]) inside(part);
      break;
    default:
  }
}

function mixed(elements: readonly (readonly [Expr, boolean])[], types: Types, faults: Fault[]): void {
  let first: Type | undefined;
  for (const [element, optional] of elements) {
    const whole = types.get(element.id)!;
    const type = optional ? unwrapped(whole) : whole;
    first ??= type;
    if (sameType(first, type)) continue;
    faults.push({ offset: element.offset, message: `expected type '${shown(first)}' but found '${shown(type)}'` });
    return;
  }
}

const READ_AT_ONCE: ReadonlySet<string> = new Set(["matches", "duration", "timestamp"]);

function findInCall(expr: CallExpr, types: Types, faults: Fault[]): void {
  const { args, fn, target } = expr;
  if (READ_AT_ONCE.has(fn)) {
    const arg = args[fn === "matches" && target === undefined ? 1 : 0];
    if (arg?.kind !== "literal" || typeof arg.value !== "string") return;
    const { run } = FUNCTIONS.get(fn)!.find(({ params }) => params[0] === STRING)!;
    try {
      if (fn === "matches") run("", arg.value);
      else run(arg.value);
    } catch {
      faults.push({ offset: arg.offset, message: `invalid ${fn} argument` });
    }
  }
  const list = args[0];
  if (fn === "format" && target?.kind === "literal" && typeof target.value === "string" && list?.kind === "list")
    faults.push(...formatFaults(target.value, list, expr.offset, types));
}

const CLAUSES: Readonly<Record<string, readonly [kinds: readonly string[], problem: string]>> = {
  d: [["int", "uint"], "decimal clause can only be used on integers"],
  f: [["double", "string"], "fixed-point clause can only be used on doubles"],
  e: [["double", "string"], "scientific clause can only be used on doubles"],
  b: [["int", "uint", "bool"], "only integers and bools can be formatted as binary"],
  o: [["int", "uint"], "octal clause can only be used on integers"],
  x: [["int", "uint", "string", "bytes"], "only integers, byte buffers, and strings can be formatted as hex"],
  X: [["int", "uint", "string", "bytes"], "only integers, byte buffers, and strings can be formatted as hex"],
  s: [
    ["list", "map", "int", "uint", "double", "bool", "string", "timestamp", "bytes", "duration", "type", "null"],
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps",
  ],
};

function formatFaults(format: string, { elements }: ListExpr, offset: number, types: Types): Fault[] {
  let used = 0;
  for (const [, whole, verb = ""] of format.matchAll(/%(%|(?:\.\d+)?(.|$))/gsu)) {
    if (whole === "%") continue;
    if (used >= elements.length) return [{ offset, message: `index ${used} out of range` }];
    const clause = CLAUSES[verb];
    if (!clause) return [{ offset, message: `could not parse formatting clause: unrecognized formatting clause "${verb}"` }];
    const element = elements[used++]!;
    const type = types.get(element.id)!;
    if (!isDyn(type) && !clause[0].includes(type.kind))
      return [
        {
          offset: element.offset,
          message: `error during formatting: ${clause[1]}, was given ${isOptional(type) ? type.name : shown(type)}`,
        },
      ];
  }
  if (elements.length > used)
    return [{ offset, message: `too many arguments supplied to string.format (expected ${used}, got ${elements.length})` }];
  return [];
}
