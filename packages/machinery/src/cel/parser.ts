import { CelError, type Fault, faultsText } from "./error.ts";
import { type Token, tokens } from "./lexer.ts";
import { expandMacro, type MacroFactory } from "./macros.ts";
import type { CallExpr, Comprehension, Expr, Literal, MapEntry } from "./syntax.ts";

/** Identifiers that CEL keeps for languages that embed it; fields may have these names. */
const RESERVED: ReadonlySet<string> = new Set(
  "as break const continue else for function if import let loop package namespace return var void while".split(" "),
);
/** As deep as cel-go parses. */
const MOST_NESTED = 250;
const RELATIONS: Readonly<Record<string, string>> = {
  "==": "_==_",
  "!=": "_!=_",
  "<": "_<_",
  "<=": "_<=_",
  ">": "_>_",
  ">=": "_>=_",
  in: "@in",
};
const SUMS: Readonly<Record<string, string>> = { "+": "_+_", "-": "_-_" };
const PRODUCTS: Readonly<Record<string, string>> = { "*": "_*_", "/": "_/_", "%": "_%_" };
const MOST_NEGATIVE = 1n << 63n;

/** @throws CelError with each fault's place */
export function parse(source: string): Expr {
  return new Parser(source).whole();
}

/** A recursive descent over CEL's grammar, with its macros expanded on the way (https://github.com/google/cel-spec/blob/master/doc/langdef.md). */
class Parser implements MacroFactory {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  readonly #faults: Fault[] = [];
  #at = 0;
  #ids = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokens(source);
  }

  whole(): Expr {
    const expr = this.#conditional();
    if (this.#token.kind !== "end") throw this.#unexpected("<EOF>");
    if (this.#faults.length > 0) throw new CelError(faultsText(this.#source, this.#faults));
    return expr;
  }

  // What macros build with.

  literal(value: Literal, offset: number): Expr {
    return { kind: "literal", id: ++this.#ids, offset, value };
  }
  ident(name: string, offset: number): Expr {
    return { kind: "ident", id: ++this.#ids, offset, name };
  }
  list(elements: readonly Expr[], offset: number): Expr {
    return { kind: "list", id: ++this.#ids, offset, elements, optional: new Set() };
  }
  map(offset: number): Expr {
    return { kind: "map", id: ++this.#ids, offset, entries: [] };
  }
  call(fn: string, args: readonly Expr[], offset: number, target?: Expr): CallExpr {
    return { kind: "call", id: ++this.#ids, offset, fn, args, ...(target && { target }) };
  }
  test(operand: Expr, field: string, offset: number): Expr {
    return { kind: "select", id: ++this.#ids, offset, operand, field, test: true };
  }
  comprehension(parts: Omit<Comprehension, "id" | "kind">): Expr {
    return { ...parts, kind: "comprehension", id: ++this.#ids };
  }
  copy(expr: Expr): Expr {
    const id = ++this.#ids;
    const all = (exprs: readonly Expr[]): Expr[] => exprs.map((one) => this.copy(one));
    const entries = (list: readonly MapEntry[]): MapEntry[] =>
      list.map(({ offset, key, value, optional }) => ({ offset, key: this.copy(key), value: this.copy(value), optional }));
    switch (expr.kind) {
      case "select":
        return { ...expr, id, operand: this.copy(expr.operand) };
      case "call":
        return { ...expr, id, args: all(expr.args), ...(expr.target && { target: this.copy(expr.target) }) };
      case "list":
        return { ...expr, id, elements: all(expr.elements) };
      case "map":
      case "struct":
        return { ...expr, id, entries: entries(expr.entries) };
      case "comprehension":
        return {
          ...expr,
          id,
          range: this.copy(expr.range),
          init: this.copy(expr.init),
          condition: this.copy(expr.condition),
          step: this.copy(expr.step),
          result: this.copy(expr.result),
        };
      default:
        return { ...expr, id };
    }
  }
  fault(offset: number, message: string): Expr {
    this.#faults.push({ offset, message });
    return this.literal(null, offset);
  }

  // Grammar.

  get #token(): Token {
    return this.#tokens[this.#at]!;
  }

  #is(text: string): boolean {
    const token = this.#token;
    return token.kind === "symbol" && token.text === text;
  }

  #accept(text: string): Token | undefined {
    if (!this.#is(text)) return undefined;
    return this.#tokens[this.#at++];
  }

  #expect(text: string): Token {
    const token = this.#accept(text);
    if (!token) throw this.#unexpected(`'${text}'`);
    return token;
  }

  #unexpected(wanted: string): CelError {
    const { offset, text } = this.#token;
    const message = `Syntax error: mismatched input '${text}' expecting ${wanted}`;
    return new CelError(faultsText(this.#source, [...this.#faults, { offset, message }]));
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > MOST_NESTED)
      throw new CelError(
        faultsText(this.#source, [{ offset: this.#token.offset, message: `expression recursion limit exceeded: ${MOST_NESTED}` }]),
      );
    const result = parse();
    this.#depth--;
    return result;
  }

  #conditional(): Expr {
    return this.#nested(() => {
      const condition = this.#or();
      const question = this.#accept("?");
      if (!question) return condition;
      const yes = this.#or();
      this.#expect(":");
      const no = this.#conditional();
      return this.call("_?_:_", [condition, yes, no], question.offset);
    });
  }

  #or(): Expr {
    return this.#logical("||", "_||_", () => this.#and());
  }

  #and(): Expr {
    return this.#logical("&&", "_&&_", () => this.#relation());
  }

  /** Terms of one operator make a balanced tree: a thousand of them do not nest a thousand deep. */
  #logical(symbol: string, fn: string, term: () => Expr): Expr {
    const terms = [term()];
    const operators: Token[] = [];
    for (let operator = this.#accept(symbol); operator; operator = this.#accept(symbol)) {
      operators.push(operator);
      terms.push(term());
    }
    const balanced = (low: number, high: number): Expr => {
      const middle = Math.floor((low + high + 1) / 2);
      const left = middle === low ? terms[middle]! : balanced(low, middle - 1);
      const right = middle === high ? terms[middle + 1]! : balanced(middle + 1, high);
      return this.call(fn, [left, right], operators[middle]!.offset);
    };
    return operators.length === 0 ? terms[0]! : balanced(0, operators.length - 1);
  }

  #relation(): Expr {
    return this.#binary(RELATIONS, () => this.#binary(SUMS, () => this.#binary(PRODUCTS, () => this.#unary())));
  }

  #binary(operators: Readonly<Record<string, string>>, operand: () => Expr): Expr {
    let left = operand();
    while (this.#token.kind === "symbol" && Object.hasOwn(operators, this.#token.text)) {
      const { text, offset } = this.#token;
      this.#at++;
      left = this.call(operators[text]!, [left, operand()], offset);
    }
    return left;
  }

  #unary(): Expr {
    for (const [sign, fn] of [
      ["!", "!_"],
      ["-", "-_"],
    ] as const) {
      const first = this.#token;
      let count = 0;
      while (this.#is(sign)) {
        const next = this.#tokens[this.#at + 1];
        // The sign belongs to a number that follows it.
        if (sign === "-" && next?.kind === "literal" && (typeof next.value === "bigint" || typeof next.value === "number")) break;
        this.#at++;
        count++;
      }
      if (count === 0) continue;
      const operand = this.#nested(() => (this.#is("-") ? this.#unary() : this.#member()));
      return count % 2 === 0 ? operand : this.call(fn, [operand], first.offset);
    }
    return this.#member();
  }

  #member(): Expr {
    let expr = this.#primary();
    for (;;) {
      const { offset } = this.#token;
      if (this.#accept(".")) expr = this.#selected(expr, offset);
      else if (this.#accept(".?")) expr = this.call("_?._", [expr, this.literal(this.#fieldName(), offset)], offset);
      else if (this.#accept("[")) expr = this.#indexed("_[_]", expr, offset);
      else if (this.#accept("[?")) expr = this.#indexed("_[?_]", expr, offset);
      else if ((this.#is("{") || this.#is("{?")) && typeName(expr) !== undefined) expr = this.#struct(typeName(expr)!);
      else return expr;
    }
  }

  #selected(operand: Expr, offset: number): Expr {
    const field = this.#fieldName();
    const open = this.#accept("(");
    if (!open) return { kind: "select", id: ++this.#ids, offset, operand, field, test: false };
    const args = this.#arguments();
    return expandMacro(this, field, operand, args, open.offset) ?? this.call(field, args, open.offset, operand);
  }

  #indexed(fn: string, operand: Expr, offset: number): Expr {
    const index = this.#conditional();
    this.#expect("]");
    return this.call(fn, [operand, index], offset);
  }

  #fieldName(): string {
    const token = this.#token;
    if (token.kind !== "ident") throw this.#unexpected("IDENTIFIER");
    this.#at++;
    return token.text;
  }

  #arguments(): Expr[] {
    const args: Expr[] = [];
    if (this.#accept(")")) return args;
    do args.push(this.#conditional());
    while (this.#accept(","));
    this.#expect(")");
    return args;
  }

  #primary(): Expr {
    const { offset, kind, text, value } = this.#token;
    if (kind === "literal") {
      this.#at++;
      if (value === MOST_NEGATIVE) throw new CelError(faultsText(this.#source, [{ offset, message: "invalid int literal" }]));
      return this.literal(value!, offset);
    }
    if (this.#accept("-")) {
      const number = this.#tokens[this.#at++]!.value as bigint | number;
      return this.literal(-number, offset);
    }
    if (this.#accept("(")) {
      const inner = this.#conditional();
      this.#expect(")");
      return inner;
    }
    if (this.#is("[") || this.#is("[?")) return this.#listLiteral(offset);
    if (this.#is("{") || this.#is("{?")) return this.#mapLiteral(offset);
    const leading = this.#accept(".") ? "." : "";
    if (this.#token.kind === "ident") {
      const name = this.#fieldName();
      if (RESERVED.has(name)) return this.fault(offset, `reserved identifier: ${name}`);
      const open = this.#accept("(");
      if (!open) return this.ident(`${leading}${name}`, offset);
      const args = this.#arguments();
      return expandMacro(this, name, undefined, args, open.offset) ?? this.call(name, args, open.offset);
    }
    const end = kind === "end" ? "<EOF>" : text;
    throw new CelError(
      faultsText(this.#source, [
        ...this.#faults,
        {
          offset,
          message: `Syntax error: mismatched input '${end}' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`,
        },
      ]),
    );
  }

  #listLiteral(offset: number): Expr {
    const elements: Expr[] = [];
    const optional = new Set<number>();
    // `[?` is one token, as in an index.
    let marked = this.#accept("[?") !== undefined;
    if (!marked) this.#expect("[");
    while (marked || !this.#is("]")) {
      if (marked || this.#accept("?")) optional.add(elements.length);
      marked = false;
      elements.push(this.#conditional());
      if (!this.#accept(",")) break;
    }
    this.#expect("]");
    return { kind: "list", id: ++this.#ids, offset, elements, optional };
  }

  #mapLiteral(offset: number): Expr {
    return { kind: "map", id: ++this.#ids, offset, entries: this.#entries(() => this.#conditional()) };
  }

  #struct(type: string): Expr {
    const { offset } = this.#token;
    const field = (): Expr => {
      const at = this.#token.offset;
      return this.literal(this.#fieldName(), at);
    };
    return { kind: "struct", id: ++this.#ids, offset, type, entries: this.#entries(field) };
  }

  #entries(readKey: () => Expr): MapEntry[] {
    const entries: MapEntry[] = [];
    let marked = this.#accept("{?") !== undefined;
    if (!marked) this.#expect("{");
    while (marked || !this.#is("}")) {
      const optional = marked || this.#accept("?") !== undefined;
      marked = false;
      const key = readKey();
      const { offset } = this.#token;
      this.#expect(":");
      entries.push({ offset, key, value: this.#conditional(), optional });
      if (!this.#accept(",")) break;
    }
    this.#expect("}");
    return entries;
  }
}

/** The dotted name that an expression spells, as that of a type before `{`. */
export function typeName(expr: Expr): string | undefined {
  if (expr.kind === "ident") return expr.name;
  if (expr.kind !== "select" || expr.test) return undefined;
  const operand = typeName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}
