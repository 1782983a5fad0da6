import { Quantity } from "@outrigger/kit/api";

/** Thrown for an expression that cannot be read or has no value; the message says where. */
export class ExpressionError extends Error {
  readonly code = "RESOURCE_EXPRESSION";
}

/**
 * A value under calculation: a bare number (a double), or an amount (the variable, or a number with a unit).
 * Both kinds calculate as kruise's do, to the last thousandth, because the result stands in the pod.
 */
export type Value = number | Quantity;

/** A parsed expression: its value for a given value of its one variable. */
export type Expression = (variable: Value) => Value;

/** Units that make a number an amount. */
const UNITS = new Set(["m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"]);

/**
 * Reads an expression of a resourcesPolicy: `+ - * /`, brackets, unary minus, `max(a, b)` and `min(a, b)`, numbers with
 * units, `%` or an exponent, and the variable; names in any case.
 *
 * Source: kruise pkg/util/calculator.
 *
 * @param variable `cpu` or `memory`
 * @throws {ExpressionError} with the column, from 1
 */
export function parseExpression(text: string, variable: string): Expression {
  const parser = new Parser(text, variable);
  const expression = parser.sum();
  parser.end();
  return expression;
}

/** The amount that a value stands for; a bare number is cut off after thousandths. */
export function amountOf(value: Value): Quantity {
  return typeof value === "number" ? milli(value * 1000, "DecimalSI") : value;
}

/** Whether a value is less than zero. */
export function isNegative(value: Value): boolean {
  return typeof value === "number" ? value < 0 : value.sign < 0;
}

class Parser {
  readonly #text: string;
  readonly #variable: string;
  #at = 0;

  constructor(text: string, variable: string) {
    this.#text = text;
    this.#variable = variable;
  }

  sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = this.#take("+", "-");
      if (operator === undefined) return left;
      const [a, b] = [left, this.#product()];
      left = operator === "+" ? (variable) => add(a(variable), b(variable)) : (variable) => subtract(a(variable), b(variable));
    }
  }

  end(): void {
    this.#space();
    if (this.#at < this.#text.length) throw this.#error("unexpected text");
  }

  #product(): Expression {
    let left = this.#factor();
    for (;;) {
      const operator = this.#take("*", "/");
      if (operator === undefined) return left;
      const [a, b] = [left, this.#factor()];
      left = operator === "*" ? (variable) => multiply(a(variable), b(variable)) : (variable) => divide(a(variable), b(variable));
    }
  }

  #factor(): Expression {
    if (this.#take("-") !== undefined) {
      const inner = this.#factor();
      return (variable) => negate(inner(variable));
    }
    if (this.#take("(") !== undefined) {
      const inner = this.sum();
      this.#expect(")");
      return inner;
    }
    return this.#number() ?? this.#word();
  }

  #number(): Expression | undefined {
    const match = this.#match(/((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(%|\p{L}+)?/uy);
    if (match === null) return undefined;
    const [, digits = "", unit] = match;
    let value: Value;
    if (unit === undefined || unit === "%") {
      value = Number(digits) / (unit === "%" ? 100 : 1);
      if (!Number.isFinite(value)) throw this.#error("the exponent is too large");
    } else {
      if (!UNITS.has(unit)) throw this.#error(`unknown unit ${JSON.stringify(unit)}; there are ${[...UNITS].join(", ")}`);
      if (/[eE]/.test(digits)) throw this.#error("a number has an exponent or a unit, not both");
      value = Quantity.parse(digits + unit);
    }
    return () => value;
  }

  #word(): Expression {
    const word = this.#match(/\p{L}[\p{L}\p{Nd}_]*/uy)?.[0];
    if (word === undefined) throw this.#error(this.#at < this.#text.length ? "unexpected text" : "the expression ends too early");
    const name = word.toLowerCase();
    if (this.#take("(") === undefined) {
      if (name !== this.#variable) throw this.#error(`undefined variable ${JSON.stringify(word)}, here it is ${this.#variable}`);
      return (variable) => variable;
    }
    if (name !== "max" && name !== "min") throw this.#error(`unknown function ${JSON.stringify(word)}; there are max and min`);
    const parts = [this.sum()];
    while (this.#take(",") !== undefined) parts.push(this.sum());
    this.#expect(")");
    const [a, b] = parts;
    if (a === undefined || b === undefined || parts.length !== 2)
      throw this.#error(`${name} takes exactly 2 arguments, not ${parts.length}`);
    return (variable) => choose(name, a(variable), b(variable));
  }

  #take(...tokens: string[]): string | undefined {
    this.#space();
    const next = this.#text[this.#at];
    if (next === undefined || !tokens.includes(next)) return undefined;
    this.#at++;
    return next;
  }

  #expect(token: string): void {
    if (this.#take(token) === undefined) throw this.#error(`${JSON.stringify(token)} is missing`);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    this.#space();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #space(): void {
    while (this.#at < this.#text.length && /\s/.test(this.#text[this.#at]!)) this.#at++;
  }

  #error(what: string): ExpressionError {
    return new ExpressionError(`${what} (column ${this.#at + 1} of ${JSON.stringify(this.#text)})`);
  }
}

const MAX_MILLI = 2 ** 63 - 1024;

/** Thousandths as a whole number, cut off towards zero, within 64 bits. */
function milli(thousandths: number, format: Quantity["format"]): Quantity {
  return Quantity.ofMilli(Math.trunc(Math.max(-MAX_MILLI, Math.min(MAX_MILLI, thousandths))), format);
}

function scaled(amount: Quantity, scale: (thousandths: number) => number): Quantity {
  return milli(scale(Number(amount.milliValue)), amount.format);
}

function add(a: Value, b: Value): Value {
  return typeof a === "number" && typeof b === "number" ? a + b : amountOf(a).add(amountOf(b));
}

function subtract(a: Value, b: Value): Value {
  return typeof a === "number" && typeof b === "number" ? a - b : amountOf(a).sub(amountOf(b));
}

function negate(value: Value): Value {
  return typeof value === "number" ? -value : value.mul(-1);
}

function multiply(a: Value, b: Value): Value {
  if (typeof a === "number") return typeof b === "number" ? a * b : scaled(b, (thousandths) => thousandths * a);
  if (typeof b === "number") return scaled(a, (thousandths) => thousandths * b);
  throw new ExpressionError("an amount cannot be multiplied by an amount");
}

function divide(a: Value, b: Value): Value {
  if (typeof b !== "number") throw new ExpressionError("nothing can be divided by an amount");
  if (b === 0) throw new ExpressionError("division by zero");
  return typeof a === "number" ? a / b : scaled(a, (thousandths) => thousandths / b);
}

/** The greater or the smaller; the first of two that are equal. */
function choose(which: "max" | "min", a: Value, b: Value): Value {
  if (typeof a === "number" && typeof b === "number") return (which === "max" ? a >= b : a <= b) ? a : b;
  const [left, right] = [amountOf(a), amountOf(b)];
  const order = left.cmp(right);
  return (which === "max" ? order >= 0 : order <= 0) ? left : right;
}
