import type { Checked } from "./check.ts";
import { TYPE_NAMES } from "./check.ts";
import { CelError } from "./error.ts";
import { dispatch } from "./library/declare.ts";
import { FUNCTIONS } from "./library/index.ts";
import { optionalItem } from "./library/optionals.ts";
import { lookUp } from "./library/standard.ts";
import { BuiltObject } from "./objects.ts";
import { ACCUMULATOR, type CallExpr, type Comprehension, type Expr, type MapEntry } from "./syntax.ts";
import { ListValue, MapValue, NativeList, NativeMap, Optional, TypeValue, Uint, type Value } from "./value.ts";

/** Values of variables, and what the evaluation has cost so far. */
class Frame {
  readonly variables: Map<string, Value>;
  readonly parent: Frame | undefined;
  readonly meter: { steps: number };
  constructor(variables: Map<string, Value>, parent?: Frame) {
    this.variables = variables;
    this.parent = parent;
    this.meter = parent?.meter ?? { steps: 0 };
  }
  find(name: string): Value | undefined {
    for (let frame: Frame | undefined = this; frame; frame = frame.parent) {
      const value = frame.variables.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }
  step(): void {
    if (++this.meter.steps > MOST_STEPS) throw new CelError("operation cancelled: actual cost limit exceeded");
  }
}

/** Calls and turns of loops that one evaluation may take, as Kubernetes bounds the cost of a call. */
const MOST_STEPS = 1_000_000;

type Evaluate = (frame: Frame) => Value;

/** What the accumulator of a loop holds after its step failed: `all` and `exists` may still find an answer. */
class Failure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** The expression as a function of its variables; what it throws is a CelError. */
export function plan(expr: Expr, checked: Checked): (variables: ReadonlyMap<string, Value>) => Value {
  const evaluate = new Planner(checked).plan(expr);
  return (variables) => evaluate(new Frame(new Map(variables)));
}

class Planner {
  readonly #checked: Checked;
  constructor(checked: Checked) {
    this.#checked = checked;
  }

  plan(expr: Expr): Evaluate {
    switch (expr.kind) {
      case "literal": {
        const value = literalValue(expr.value);
        return () => value;
      }
      case "ident":
        return named(expr.name);
      case "select": {
        const name = this.#checked.names.get(expr.id);
        if (name !== undefined) return named(name);
        const operand = this.plan(expr.operand);
        const { field } = expr;
        return expr.test ? (frame) => isThere(operand(frame), field) : (frame) => selected(operand(frame), field);
      }
      case "call":
        return this.#call(expr);
      case "list":
        return this.#list(expr.elements, expr.optional);
      case "map":
        return this.#map(expr.entries);
      case "struct":
        return this.#struct(expr.type.replace(/^\./, ""), expr.entries);
      case "comprehension":
        return this.#comprehension(expr);
    }
  }

  #list(elements: readonly Expr[], optional: ReadonlySet<number>): Evaluate {
    const items = elements.map((element) => this.plan(element));
    if (optional.size === 0) return (frame) => new NativeList(items.map((item) => item(frame)));
    return (frame) =>
      new NativeList(
        items.flatMap((item, index) => {
          const value = item(frame);
          if (!optional.has(index)) return [value];
          return inOptional(value).hasValue ? [inOptional(value).value] : [];
        }),
      );
  }

  #map(entries: readonly MapEntry[]): Evaluate {
    const planned = entries.map(({ key, value, optional }) => ({ key: this.plan(key), value: this.plan(value), optional }));
    return (frame) => {
      const made: [Value, Value][] = [];
      for (const { key, value, optional } of planned) {
        const [name, given] = [key(frame), value(frame)];
        if (!optional) made.push([name, given]);
        else if (inOptional(given).hasValue) made.push([name, inOptional(given).value]);
      }
      return new NativeMap(made);
    };
  }

  #struct(type: string, entries: readonly MapEntry[]): Evaluate {
    const planned = entries.map(({ key, value, optional }) => ({
      name: String((key as { value?: unknown }).value),
      value: this.plan(value),
      optional,
    }));
    return (frame) => {
      const fields = new Map<string, Value>();
      for (const { name, value, optional } of planned) {
        const given = value(frame);
        if (!optional) fields.set(name, given);
        else if (inOptional(given).hasValue) fields.set(name, inOptional(given).value);
      }
      return new BuiltObject(type, fields);
    };
  }

  #call(expr: CallExpr): Evaluate {
    const { fn, args, target } = expr;
    const planned = args.map((arg) => this.plan(arg));
    const [first, second, third] = planned as [Evaluate, Evaluate, Evaluate];
    switch (fn) {
      case "_&&_":
        return (frame) => logical(frame, first, second, false);
      case "_||_":
        return (frame) => logical(frame, first, second, true);
      case "!_":
        return (frame) => !truth(first(frame));
      case "@not_strictly_false":
        return (frame) => {
          try {
            return first(frame) !== false;
          } catch {
            return true;
          }
        };
      case "_?_:_":
        return (frame) => (truth(first(frame)) ? second(frame) : third(frame));
      case "_?._": {
        const field = (args[1] as { value: string }).value;
        return (frame) => optionalField(first(frame), field);
      }
      default:
    }
    const name = this.#checked.names.get(expr.id) ?? fn;
    const member = target !== undefined && !this.#checked.names.has(expr.id);
    const all = member ? [this.plan(target), ...planned] : planned;
    if (member && (fn === "or" || fn === "orValue")) {
      const [left, right] = all as [Evaluate, Evaluate];
      return (frame) => {
        const value = inOptional(left(frame));
        if (!value.hasValue) return right(frame);
        return fn === "or" ? value : value.value;
      };
    }
    const overloads = this.#checked.overloads.get(expr.id) ?? FUNCTIONS.get(name) ?? [];
    const only = overloads.length === 1 && overloads[0]!.params.every(({ kind }) => kind === "param") ? overloads[0]! : undefined;
    if (only && all.length === 2) {
      const [left, right] = all as [Evaluate, Evaluate];
      return (frame) => {
        frame.step();
        return only.run(left(frame), right(frame));
      };
    }
    return (frame) => {
      frame.step();
      const values = all.map((arg) => arg(frame));
      return only ? only.run(...values) : dispatch(name, overloads, values);
    };
  }

  #comprehension(expr: Comprehension): Evaluate {
    const [range, init, condition, result] = [expr.range, expr.init, expr.condition, expr.result].map((part) => this.plan(part)) as [
      Evaluate,
      Evaluate,
      Evaluate,
      Evaluate,
    ];
    const append = this.#appending(expr);
    const step = append ?? this.plan(expr.step);
    return (frame) => {
      const inside = new Frame(new Map(), frame);
      const over = range(frame);
      const start = init(frame);
      inside.variables.set(expr.accumulator, append ? new GrowingList() : start);
      const turn = new Frame(new Map(), inside);
      for (const [first, second] of turns(over, expr.second !== undefined)) {
        frame.step();
        turn.variables.set(expr.variable, first);
        if (expr.second !== undefined) turn.variables.set(expr.second, second);
        if (condition(turn) !== true) break;
        try {
          inside.variables.set(expr.accumulator, step(turn));
        } catch (error) {
          inside.variables.set(expr.accumulator, new Failure(error));
        }
      }
      return result(inside);
    };
  }

  /** A loop that only adds to a list adds to one list, not to a copy each turn. */
  #appending({ init, step, accumulator }: Comprehension): Evaluate | undefined {
    if (init.kind !== "list" || init.elements.length > 0 || accumulator !== ACCUMULATOR) return undefined;
    const filtered = step.kind === "call" && step.fn === "_?_:_" ? step : undefined;
    const added = filtered ? filtered.args[1]! : step;
    if (added.kind !== "call" || added.fn !== "_+_" || added.args[0]!.kind !== "ident" || added.args[1]!.kind !== "list") return undefined;
    const item = this.plan(added.args[1]!.elements[0]!);
    const keep = filtered && this.plan(filtered.args[0]!);
    const list = named(accumulator);
    return (frame) => {
      const growing = list(frame) as GrowingList;
      if (keep && !truth(keep(frame))) return growing;
      growing.items.push(item(frame));
      return growing;
    };
  }
}

class GrowingList extends NativeList {
  declare readonly items: Value[];
  constructor() {
    super([]);
  }
}

function* turns(range: Value, two: boolean): Generator<readonly [Value, Value]> {
  if (range instanceof ListValue) {
    for (let index = 0; index < range.size; index++) yield two ? [BigInt(index), range.at(index)] : [range.at(index), undefined];
  } else if (range instanceof MapValue) {
    for (const key of range.keys()) yield [key, two ? range.get(key) : undefined];
  } else throw new CelError(`got '${String(range)}', expected iterable type`);
}

function named(name: string): Evaluate {
  const plain = name.replace(/^\./, "");
  const type = TYPE_NAMES.get(plain);
  return (frame) => {
    const value = frame.find(plain);
    if (value instanceof Failure) throw value.error;
    if (value !== undefined) return value;
    if (type) return new TypeValue(plain);
    throw new CelError(`no such attribute(s): ${plain}`);
  };
}

function literalValue(value: unknown): Value {
  return value !== null && typeof value === "object" && !(value instanceof Uint8Array) ? new Uint((value as { uint: bigint }).uint) : value;
}

function truth(value: Value): boolean {
  if (typeof value !== "boolean") throw new CelError("no such overload");
  return value;
}

function inOptional(value: Value): Optional {
  if (!(value instanceof Optional)) throw new CelError(`cannot initialize optional entry from non-optional value ${String(value)}`);
  return value;
}

/** One operand that decides is enough, also when the other one fails. */
function logical(frame: Frame, first: Evaluate, second: Evaluate, deciding: boolean): boolean {
  let failure: unknown;
  try {
    const value = truth(first(frame));
    if (value === deciding) return value;
  } catch (error) {
    failure = error;
  }
  let value: boolean;
  try {
    value = truth(second(frame));
  } catch (error) {
    throw failure ?? error;
  }
  if (value !== deciding && failure !== undefined) throw failure;
  return value;
}

function selected(operand: Value, field: string): Value {
  if (operand instanceof MapValue) return lookUp(operand, field);
  if (operand instanceof Optional) return optionalField(operand, field);
  throw new CelError(operand === null ? `no such key: ${field}` : "no such overload");
}

function isThere(operand: Value, field: string): boolean {
  if (operand instanceof MapValue) return operand.has(field);
  if (operand instanceof Optional) return operand.hasValue && isThere(operand.value, field);
  throw new CelError("no such overload");
}

function optionalField(operand: Value, field: string): Optional {
  if (operand instanceof Optional && !operand.hasValue) return operand;
  return optionalItem(operand, field);
}
