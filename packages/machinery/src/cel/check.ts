import { type Declaration, fieldOf } from "./declaration.ts";
import { CelError, type Fault, faultsText } from "./error.ts";
import { LIBRARY_TYPES, type Overload } from "./library/declare.ts";
import { FUNCTIONS, MUTATION_FUNCTIONS } from "./library/index.ts";
import { literalFaults } from "./literals.ts";
import { type BuildableType, mutationType } from "./objects.ts";
import { typeName } from "./parser.ts";
import type { CallExpr, Comprehension, Expr, MapEntry } from "./syntax.ts";
import {
  assignable,
  BOOL,
  BYTES,
  DOUBLE,
  DURATION,
  DYN,
  ERROR,
  INT,
  isDyn,
  isOptional,
  listOf,
  mapOf,
  moreGeneral,
  NULL,
  optionalOf,
  param,
  STRING,
  type Substitutions,
  sameType,
  shown,
  struct,
  substitute,
  TIMESTAMP,
  type Type,
  typeOf,
  UINT,
  unwrapped,
} from "./types.ts";

/** What the checker found out about an expression, by the numbers of its nodes. */
export interface Checked {
  readonly type: Type;
  readonly types: ReadonlyMap<number, Type>;
  /** The overloads that a call may be of; which one it is, the values decide. */
  readonly overloads: ReadonlyMap<number, readonly Overload[]>;
  /** Selections that are a dotted name, and calls of functions whose name has dots: their target is no expression. */
  readonly names: ReadonlyMap<number, string>;
  /** Names of variables that the expression uses. */
  readonly variables: ReadonlySet<string>;
}

/** Types that an expression can name as values. */
export const TYPE_NAMES: ReadonlyMap<string, Type> = new Map(
  (
    [
      ["bool", BOOL],
      ["bytes", BYTES],
      ["double", DOUBLE],
      ["int", INT],
      ["uint", UINT],
      ["string", STRING],
      ["null_type", NULL],
      ["list", listOf(DYN)],
      ["map", mapOf(DYN, DYN)],
      ["type", typeOf(DYN)],
      ["optional_type", optionalOf(DYN)],
      ["google.protobuf.Timestamp", TIMESTAMP],
      ["google.protobuf.Duration", DURATION],
      ...Object.values(LIBRARY_TYPES).map((type) => [type.name, type]),
    ] as [string, Type][]
  ).map(([name, type]) => [name, typeOf(type)]),
);

/**
 * The type by which the checker knows values of a declaration.
 *
 * @param name of an object's type, which has none of its own: the way to it
 */
export function typeOfDeclaration(declaration: Declaration, name: string): Type {
  switch (declaration.kind) {
    case "list":
      return listOf(declaration.item ? typeOfDeclaration(declaration.item, `${name}.@idx`) : DYN);
    case "map":
      return mapOf(STRING, declaration.item ? typeOfDeclaration(declaration.item, `${name}.@elem`) : DYN);
    case "object":
      return struct(name, declaration);
    default:
      return SCALARS[declaration.kind] ?? DYN;
  }
}

const SCALARS: Readonly<Record<string, Type>> = {
  bool: BOOL,
  bytes: BYTES,
  double: DOUBLE,
  duration: DURATION,
  int: INT,
  string: STRING,
  timestamp: TIMESTAMP,
};

/**
 * Finds the type of every part of an expression, as cel-go's checker does.
 *
 * @param variables names that the expression may use
 * @param mutation whether the expression may build objects and patches, as those of policies that change objects do
 * @throws CelError with every fault and its place, in the API server's words
 */
export function check(source: string, expr: Expr, variables: ReadonlyMap<string, Type>, mutation = false): Checked {
  const checker = new Checker(variables, mutation);
  const type = checker.check(expr);
  if (checker.faults.length > 0) throw new CelError(faultsText(source, checker.faults));
  const checked = checker.result(type);
  const faults = literalFaults(expr, checked.types);
  if (faults.length > 0) throw new CelError(faultsText(source, faults));
  return checked;
}

class Checker {
  readonly faults: Fault[] = [];
  readonly #types = new Map<number, Type>();
  readonly #overloads = new Map<number, readonly Overload[]>();
  readonly #names = new Map<number, string>();
  readonly #used = new Set<string>();
  readonly #globals: ReadonlyMap<string, Type>;
  readonly #locals: Map<string, Type>[] = [];
  #substitutions: Substitutions = new Map();
  readonly #mutation: boolean;
  #free = 0;

  constructor(globals: ReadonlyMap<string, Type>, mutation: boolean) {
    this.#globals = globals;
    this.#mutation = mutation;
  }

  result(type: Type): Checked {
    const types = new Map([...this.#types].map(([id, one]) => [id, substitute(this.#substitutions, one, true)]));
    return {
      type: substitute(this.#substitutions, type, true),
      types,
      overloads: this.#overloads,
      names: this.#names,
      variables: this.#used,
    };
  }

  check(expr: Expr): Type {
    const type = this.#check(expr);
    this.#types.set(expr.id, type);
    return type;
  }

  #check(expr: Expr): Type {
    switch (expr.kind) {
      case "literal":
        return typeOfLiteral(expr.value);
      case "ident":
        return this.#named(expr.name) ?? this.#undeclared(expr, expr.name);
      case "select": {
        const name = expr.test ? undefined : typeName(expr);
        const type = name === undefined ? undefined : this.#named(name);
        if (type) {
          this.#names.set(expr.id, name!);
          return type;
        }
        const field = this.#field(expr, expr.operand, expr.field, false);
        return expr.test ? BOOL : substitute(this.#substitutions, field, false);
      }
      case "call":
        return this.#call(expr);
      case "list": {
        const items = expr.elements.map((element, index) => this.#element(element, expr.optional.has(index)));
        return listOf(this.#joined(items) ?? this.#newParam());
      }
      case "map": {
        const keys = expr.entries.map(({ key }): [Expr, Type] => [key, this.check(key)]);
        const values = expr.entries.map(({ value, optional }) => this.#element(value, optional));
        return mapOf(this.#joined(keys) ?? this.#newParam(), this.#joined(values) ?? this.#newParam());
      }
      case "struct": {
        const type = this.#mutation ? mutationType(expr.type.replace(/^\./, "")) : undefined;
        for (const entry of expr.entries) this.#structField(entry, type);
        return type ? type.type : this.#undeclared(expr, expr.type);
      }
      case "comprehension":
        return this.#comprehension(expr);
    }
  }

  #fault(at: { readonly offset: number }, message: string): Type {
    this.faults.push({ offset: at.offset, message });
    return ERROR;
  }

  #undeclared(at: { readonly offset: number }, name: string): Type {
    return this.#fault(at, `undeclared reference to '${name}' (in container '')`);
  }

  #named(name: string): Type | undefined {
    const plain = name.replace(/^\./, "");
    for (let at = this.#locals.length - 1; at >= 0; at--) {
      const type = this.#locals[at]!.get(plain);
      if (type) return type;
    }
    const type = this.#globals.get(plain);
    if (type) this.#used.add(plain);
    return type ?? TYPE_NAMES.get(plain);
  }

  #function(name: string): readonly Overload[] | undefined {
    return FUNCTIONS.get(name) ?? (this.#mutation ? MUTATION_FUNCTIONS.get(name) : undefined);
  }

  #structField({ key, value, optional, offset }: MapEntry, type: BuildableType | undefined): void {
    const [, given] = this.#element(value, optional);
    if (!type) return;
    const name = String((key as { value?: unknown }).value);
    const wanted = type.field(name);
    if (!wanted) this.#fault({ offset }, `undefined field '${name}'`);
    else if (!this.#assign(wanted, given))
      this.#fault({ offset }, `expected type of field '${name}' is '${shown(wanted)}' but provided type is '${shown(given)}'`);
  }

  #field(expr: Expr, operand: Expr, field: string, optional: boolean): Type {
    const type = substitute(this.#substitutions, this.check(operand), false);
    const target = unwrapped(type);
    let result: Type = DYN;
    switch (target.kind) {
      case "map":
        result = target.params[1]!;
        break;
      case "struct": {
        if (target.open) break;
        const declared = target.declaration && fieldOf(target.declaration, field);
        result = declared ? typeOfDeclaration(declared, `${target.name}.${field}`) : this.#fault(expr, `undefined field '${field}'`);
        break;
      }
      case "param":
        this.#assign(DYN, target);
        break;
      case "dyn":
      case "error":
        break;
      default:
        this.#fault(expr, `type '${shown(target)}' does not support field selection`);
    }
    return isOptional(type) || optional ? optionalOf(result) : result;
  }

  #call(expr: CallExpr): Type {
    const { fn, args, target } = expr;
    if (fn === "_?._") {
      const [operand, field] = args as [Expr, Expr];
      this.check(field);
      return substitute(this.#substitutions, this.#field(expr, operand, (field as { value: string }).value, true), false);
    }
    const special = SPECIAL[fn];
    const types = args.map((arg) => this.check(arg));
    if (special) return this.#special(expr, special, types);
    if (target === undefined) return this.#resolved(expr, fn, types, false);
    const prefix = typeName(target);
    const qualified = prefix === undefined ? undefined : `${prefix}.${fn}`;
    if (qualified !== undefined && this.#function(qualified)) {
      this.#names.set(expr.id, qualified);
      return this.#resolved(expr, qualified, types, false);
    }
    const targetType = this.check(target);
    return this.#resolved(expr, fn, [targetType, ...types], true);
  }

  /** Operators that do not evaluate all of their operands. */
  #special(expr: CallExpr, { params, result }: Special, types: readonly Type[]): Type {
    if (expr.fn === "_&&_" || expr.fn === "_||_") {
      for (const [index, type] of types.entries()) {
        if (!this.#assign(type, BOOL))
          this.#fault(expr.args[index]!, `expected type 'bool' but found '${shown(substitute(this.#substitutions, type, true))}'`);
      }
      return BOOL;
    }
    const fresh = this.#newParam();
    const wanted = params.map((type) => (type.kind === "param" ? fresh : type));
    if (!this.#assignAll(types, wanted)) return this.#noOverload(expr, expr.fn, types, false);
    return substitute(this.#substitutions, result.kind === "param" ? fresh : result, false);
  }

  #resolved(expr: CallExpr, name: string, types: readonly Type[], member: boolean): Type {
    const overloads = this.#function(name);
    if (!overloads) return this.#undeclared(expr, name);
    const matching: Overload[] = [];
    let result: Type | undefined;
    for (const overload of overloads) {
      if (overload.member !== member) continue;
      const fresh = new Map(overload.free.map((free) => [free, this.#newParam()]));
      const wanted = overload.params.map((type) => substitute(fresh, type, false));
      if (!this.#assignAll(types, wanted)) continue;
      matching.push(overload);
      const type = substitute(this.#substitutions, substitute(fresh, overload.result, false), false);
      if (result === undefined) result = type;
      else if (!isDyn(result) && !sameType(type, result)) result = DYN;
    }
    if (result === undefined) return this.#noOverload(expr, name, types, member);
    this.#overloads.set(expr.id, matching);
    return result;
  }

  #noOverload(expr: CallExpr, name: string, types: readonly Type[], member: boolean): Type {
    const names = types.map((type) => shown(substitute(this.#substitutions, type, true)));
    const signature = member ? `${names[0]}.(${names.slice(1).join(", ")})` : `(${names.join(", ")})`;
    return this.#fault(expr, `found no matching overload for '${name}' applied to '${signature}'`);
  }

  #element(element: Expr, optional: boolean): [Expr, Type] {
    const type = this.check(element);
    if (!optional) return [element, type];
    if (!isOptional(type) && !isDyn(type)) this.#fault(element, `expected type '${shown(optionalOf(type))}' but found '${shown(type)}'`);
    return [element, unwrapped(type)];
  }

  /** What all elements can be used as. */
  #joined(elements: readonly (readonly [Expr, Type])[]): Type | undefined {
    let joined: Type | undefined;
    for (const [, type] of elements) {
      if (joined === undefined) joined = type;
      else if (this.#assign(joined, type)) joined = moreGeneral(joined, type);
      else joined = DYN;
    }
    return joined;
  }

  #comprehension(expr: Comprehension): Type {
    const range = substitute(this.#substitutions, this.check(expr.range), false);
    const accumulated = this.check(expr.init);
    this.#locals.push(new Map([[expr.accumulator, accumulated]]));
    let [first, second]: [Type, Type] = [DYN, DYN];
    switch (range.kind) {
      case "list":
        [first, second] = expr.second === undefined ? [range.params[0]!, DYN] : [INT, range.params[0]!];
        break;
      case "map":
        [first, second] = [range.params[0]!, range.params[1]!];
        break;
      case "dyn":
      case "error":
      case "param":
        this.#assign(DYN, range);
        break;
      default:
        this.#fault(expr.range, `expression of type '${shown(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`);
        [first, second] = [ERROR, ERROR];
    }
    this.#locals.push(new Map([[expr.variable, first], ...(expr.second === undefined ? [] : [[expr.second, second] as const])]));
    this.#expect(expr.condition, this.check(expr.condition), BOOL);
    this.#expect(expr.step, this.check(expr.step), accumulated);
    this.#locals.pop();
    const result = this.check(expr.result);
    this.#locals.pop();
    return substitute(this.#substitutions, result, false);
  }

  #expect(expr: Expr, type: Type, wanted: Type): void {
    if (!this.#assign(wanted, type)) this.#fault(expr, `expected type '${shown(wanted)}' but found '${shown(type)}'`);
  }

  #newParam(): Type {
    return param(`_var${this.#free++}`);
  }

  #assign(from: Type, to: Type): boolean {
    return this.#assignAll([from], [to]);
  }

  #assignAll(from: readonly Type[], to: readonly Type[]): boolean {
    const next = assignable(this.#substitutions, from, to);
    if (next) this.#substitutions = next;
    return next !== undefined;
  }
}

interface Special {
  readonly params: readonly Type[];
  readonly result: Type;
}

const T = param("T");
const SPECIAL: Readonly<Record<string, Special>> = {
  "_&&_": { params: [BOOL, BOOL], result: BOOL },
  "_||_": { params: [BOOL, BOOL], result: BOOL },
  "!_": { params: [BOOL], result: BOOL },
  "@not_strictly_false": { params: [BOOL], result: BOOL },
  "_?_:_": { params: [BOOL, T, T], result: T },
};

function typeOfLiteral(value: unknown): Type {
  switch (typeof value) {
    case "string":
      return STRING;
    case "bigint":
      return INT;
    case "number":
      return DOUBLE;
    case "boolean":
      return BOOL;
    default:
      return value === null ? NULL : value instanceof Uint8Array ? BYTES : UINT;
  }
}
