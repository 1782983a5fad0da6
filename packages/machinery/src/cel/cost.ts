import { callCost } from "./call-cost.ts";
import type { Checked } from "./check.ts";
import { type Declaration, fieldOf } from "./declaration.ts";
import { add, type Size, times, UNKNOWN_SIZE, union } from "./size.ts";
import { ACCUMULATOR, type CallExpr, type Comprehension, type Expr } from "./syntax.ts";
import { isOptional, type Type } from "./types.ts";

/*
 * What an expression costs at least and at most, in the units of Kubernetes' estimate: one for each step, a tenth for
 * each byte of a text that is gone through, and a loop's body times the items that there can be. The API server refuses
 * rules by this figure, so the figure is part of its API; the walk is that of cel-go's estimate over the expanded macros.
 */

const LIST_COST = 10;
const MAP_COST = 30;
const fixed = (cost: number): Size => ({ min: cost, max: cost });
const ONE = fixed(1);
const NOTHING = fixed(0);

/** What is known of the entries of a list or map that the expression made. */
interface Entries {
  readonly of: "list" | "map";
  readonly key: Size;
  readonly value: Size;
}

interface Local {
  readonly path: Path;
  readonly size: Size | undefined;
  readonly entries: Entries | undefined;
}

/** How a value is reached from a variable: field names, `@items`, `@values`, `@keys`. */
export type Path = readonly string[];

/** A part of an expression, as the cost of a call needs it. */
export interface Part {
  readonly expr: Expr;
  readonly type: Type;
  readonly path: Path;
  readonly size: Size;
}

/** @returns the most that the expression can cost; `Infinity` where nothing bounds it */
export function estimateCost(expr: Expr, checked: Checked, variables: ReadonlyMap<string, Declaration>): number {
  return new Estimate(checked, variables).cost(expr).max;
}

export class Estimate {
  readonly #checked: Checked;
  readonly #variables: ReadonlyMap<string, Declaration>;
  readonly #paths = new Map<number, Path>();
  readonly #sizes = new Map<number, Size>();
  readonly #entries = new Map<number, Entries>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked, variables: ReadonlyMap<string, Declaration>) {
    this.#checked = checked;
    this.#variables = variables;
  }

  cost(expr: Expr): Size {
    switch (expr.kind) {
      case "literal":
        return NOTHING;
      case "ident":
        this.#paths.set(expr.id, this.#local(expr.name)?.path ?? [expr.name]);
        return ONE;
      case "select": {
        const name = this.#checked.names.get(expr.id);
        if (name !== undefined) {
          this.#paths.set(expr.id, [name]);
          return ONE;
        }
        const operand = this.cost(expr.operand);
        if (expr.test) return operand;
        this.#paths.set(expr.id, [...this.#path(expr.operand), expr.field]);
        const { kind } = this.#type(expr.operand);
        return kind === "map" || kind === "struct" || kind === "param" ? add(operand, ONE) : operand;
      }
      case "call":
        return this.#call(expr);
      case "list": {
        const costs = expr.elements.map((element) => this.cost(element));
        const value = union(expr.elements.map((element) => this.#sizeOr(element)));
        this.#entries.set(expr.id, { of: "list", key: ONE, value });
        return add(...costs, fixed(LIST_COST));
      }
      case "map": {
        const costs = expr.entries.flatMap(({ key, value }) => [this.cost(key), this.cost(value)]);
        this.#entries.set(expr.id, {
          of: "map",
          key: union(expr.entries.map(({ key }) => this.#sizeOr(key))),
          value: union(expr.entries.map(({ value }) => this.#sizeOr(value))),
        });
        return add(...costs, fixed(MAP_COST));
      }
      case "struct":
        return NOTHING;
      case "comprehension":
        return isBinding(expr) ? this.#binding(expr) : this.#comprehension(expr);
    }
  }

  /**
   * The size of a value at a path, as the schema bounds it. Whatever a path begins with is taken for `self`, as the API
   * server does: also the variable of a loop over a list that the expression made.
   */
  sizeAt(path: Path): Size | undefined {
    let at = path.length === 0 ? undefined : (this.#variables.get(path[0]!) ?? this.#variables.get("self"));
    for (const step of path.slice(1))
      at = step === "@items" || step === "@values" ? at?.item : step === "@keys" ? at?.key : at && fieldOf(at, step);
    return at && { min: 0, max: at.most };
  }

  #type(expr: Expr): Type {
    return this.#checked.types.get(expr.id)!;
  }

  #path(expr: Expr): Path {
    const local = expr.kind === "ident" ? this.#local(expr.name) : undefined;
    return local?.path ?? this.#paths.get(expr.id) ?? [];
  }

  #local(name: string): Local | undefined {
    return this.#locals.get(name)?.at(-1);
  }

  #push(name: string, local: Local): void {
    const locals = this.#locals.get(name) ?? [];
    locals.push(local);
    this.#locals.set(name, locals);
  }

  #pop(name: string): void {
    this.#locals.get(name)?.pop();
  }

  #part(expr: Expr): Part {
    const path = this.#path(expr);
    return { expr, type: this.#type(expr), path: path[0] === ACCUMULATOR ? [] : path, size: this.#sizeOr(expr) };
  }

  #sizeOr(expr: Expr): Size {
    return this.#size(expr) ?? UNKNOWN_SIZE;
  }

  #size(expr: Expr): Size | undefined {
    const known = this.#sizes.get(expr.id);
    if (known) return known;
    const written = writtenSize(expr);
    if (written !== undefined) return fixed(written);
    const declared = this.sizeAt(this.#path(expr));
    if (declared) {
      this.#sizes.set(expr.id, declared);
      return declared;
    }
    if (isScalar(this.#type(expr))) return ONE;
    return expr.kind === "ident" ? this.#local(expr.name)?.size : undefined;
  }

  #entriesOf(expr: Expr): Entries | undefined {
    return this.#entries.get(expr.id) ?? (expr.kind === "ident" ? this.#local(expr.name)?.entries : undefined);
  }

  #copySizes(to: Expr, from: Expr): void {
    const [size, entries] = [this.#size(from), this.#entriesOf(from)];
    if (size) this.#sizes.set(to.id, size);
    if (entries) this.#entries.set(to.id, entries);
  }

  #call(expr: CallExpr): Size {
    const { fn, args } = expr;
    if (fn === "dyn" && args.length === 1) {
      const cost = this.cost(args[0]!);
      this.#copySizes(expr, args[0]!);
      return add(cost, ONE);
    }
    if (fn === "_?._") {
      const costs = args.map((arg) => this.cost(arg));
      return add(...costs, ONE);
    }
    const member = expr.target !== undefined && !this.#checked.names.has(expr.id);
    const costs = args.map((arg) => this.cost(arg));
    const parts = args.map((arg) => this.#part(arg));
    const target = member ? this.cost(expr.target!) : NOTHING;
    const receiver = member ? this.#part(expr.target!) : undefined;
    if (fn === "_&&_" || fn === "_||_") {
      const [left, right] = costs as [Size, Size];
      return { min: left.min, max: add(left, right).max };
    }
    if (fn === "_?_:_") return this.#conditional(expr, costs, parts);
    const overloads = this.#checked.overloads.get(expr.id) ?? [];
    if (overloads.length === 0) return add(...costs, ONE);
    const name = this.#checked.names.get(expr.id) ?? fn;
    let most: Size | undefined;
    let size: Size | undefined;
    for (const { id } of overloads) {
      const estimate = callCost(this, name, id, receiver, parts) ?? { cost: ONE };
      most = most ? union([most, estimate.cost]) : estimate.cost;
      if (estimate.size) size = size ? union([size, estimate.size]) : estimate.size;
      if (id.startsWith("add_")) this.#addedEntries(expr);
      if (id === "index_list" || id === "index_map") {
        size = this.#entriesOf(args[0]!)?.value;
        this.#paths.set(expr.id, [...this.#path(args[0]!), id === "index_list" ? "@items" : "@values"]);
      }
      size ??= this.#size(expr);
    }
    if (size) this.#sizes.set(expr.id, size);
    return add(target, ...costs, most ?? ONE);
  }

  #conditional(expr: CallExpr, [condition, yes, no]: readonly Size[], [, first, second]: readonly Part[]): Size {
    this.#sizes.set(expr.id, union([first!.size, second!.size]));
    const entries = joined(this.#entriesOf(first!.expr), this.#entriesOf(second!.expr));
    if (entries) this.#entries.set(expr.id, entries);
    return add(condition!, union([yes!, no!]));
  }

  #addedEntries(expr: CallExpr): void {
    const entries = joined(this.#entriesOf(expr.args[0]!), this.#entriesOf(expr.args[1]!));
    if (entries) this.#entries.set(expr.id, entries);
  }

  /** A name for a value: the loop runs zero times. */
  #binding(expr: Comprehension): Size {
    const range = this.cost(expr.range);
    const init = this.cost(expr.init);
    this.#pushAccumulator(expr);
    const result = this.cost(expr.result);
    this.#copySizes(expr, expr.result);
    this.#pop(expr.accumulator);
    return add(range, init, result);
  }

  #pushAccumulator({ accumulator, init }: Comprehension): void {
    this.#push(accumulator, { path: this.#path(init), size: this.#size(init), entries: this.#entriesOf(init) });
  }

  #comprehension(expr: Comprehension): Size {
    const range = this.cost(expr.range);
    const init = this.cost(expr.init);
    this.#pushAccumulator(expr);
    const entries = this.#entriesOf(expr.range);
    const path = this.#path(expr.range);
    const isList = (entries?.of ?? this.#type(expr.range).kind) === "list";
    const key: Local = { path: [...path, isList ? "@indices" : "@keys"], size: entries?.key, entries: undefined };
    const value: Local = { path: [...path, isList ? "@items" : "@values"], size: entries?.value, entries: undefined };
    if (expr.second === undefined) this.#push(expr.variable, isList ? value : key);
    else {
      this.#push(expr.variable, key);
      this.#push(expr.second, value);
    }
    const condition = this.cost(expr.condition);
    const step = this.cost(expr.step);
    this.#pop(expr.variable);
    if (expr.second !== undefined) this.#pop(expr.second);
    const result = this.cost(expr.result);
    this.#pop(expr.accumulator);
    const count = this.#sizeOr(expr.range);
    if (expr.init.kind === "literal") this.#sizes.set(expr.id, fixed(writtenSize(expr.init)!));
    else if (expr.init.kind === "list" || expr.init.kind === "map") {
      this.#sizes.set(expr.id, count);
      const made = this.#entriesOf(expr.step);
      if (made) this.#entries.set(expr.id, made);
    }
    return add(range, init, result, times(count, add(condition, step)));
  }
}

function joined(a: Entries | undefined, b: Entries | undefined): Entries | undefined {
  return a && b && { of: a.of, key: union([a.key, b.key]), value: union([a.value, b.value]) };
}

function isBinding({ range, condition, accumulator }: Comprehension): boolean {
  return (
    range.kind === "list" &&
    range.elements.length === 0 &&
    condition.kind === "literal" &&
    condition.value === false &&
    accumulator !== ACCUMULATOR
  );
}

/** The size of what is written out in the expression. */
function writtenSize(expr: Expr): number | undefined {
  if (expr.kind === "list") return expr.elements.length;
  if (expr.kind === "map") return expr.entries.length;
  if (expr.kind !== "literal") return undefined;
  if (typeof expr.value === "string") return [...expr.value].length;
  return expr.value instanceof Uint8Array ? expr.value.length : 1;
}

const SCALARS: ReadonlySet<string> = new Set(["bool", "double", "duration", "int", "timestamp", "uint"]);

function isScalar(type: Type): boolean {
  return isOptional(type) ? isScalar(type.params[0]!) : SCALARS.has(type.kind);
}
