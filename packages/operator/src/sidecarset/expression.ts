/** Thrown for an expression that cannot be read or has no value; the message says where. */
export class ExpressionError extends Error {
  readonly code = "RESOURCE_EXPRESSION";
}

/** An exact value: a bare number, or an amount (a variable, or a number with a unit). */
export interface Value {
  readonly numerator: bigint;
  /** Greater than 0. */
  readonly denominator: bigint;
  readonly amount: boolean;
  /** Written with binary units (`Mi`) where that comes out even. */
  readonly binary: boolean;
}

/** A parsed expression: its value for given values of its one variable. */
export type Expression = (variable: Value) => Value;

const UNITS: Readonly<Record<string, readonly [bigint, bigint]>> = {
  n: [1n, 1_000_000_000n],
  u: [1n, 1_000_000n],
  m: [1n, 1000n],
  k: [10n ** 3n, 1n],
  M: [10n ** 6n, 1n],
  G: [10n ** 9n, 1n],
  T: [10n ** 12n, 1n],
  P: [10n ** 15n, 1n],
  E: [10n ** 18n, 1n],
  Ki: [1n << 10n, 1n],
  Mi: [1n << 20n, 1n],
  Gi: [1n << 30n, 1n],
  Ti: [1n << 40n, 1n],
  Pi: [1n << 50n, 1n],
  Ei: [1n << 60n, 1n],
};

/**
 * Reads an expression of a resourcesPolicy: `+ - * /`, brackets, unary minus, `max(a, b)` and `min(a, b)` in any case,
 * numbers with units, `%` or an exponent, and the variable.
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
      left = (variable) => add(a(variable), b(variable), operator === "+" ? 1n : -1n);
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
      return (variable) => {
        const value = inner(variable);
        return { ...value, numerator: -value.numerator };
      };
    }
    if (this.#take("(") !== undefined) {
      const inner = this.sum();
      this.#expect(")");
      return inner;
    }
    return this.#number() ?? this.#word();
  }

  #number(): Expression | undefined {
    const match = this.#match(/(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?(%|[A-Za-z]+)?/y);
    if (match === null) return undefined;
    const [, digits = "", exponent, unit] = match;
    const [whole = "", fraction = ""] = digits.split(".");
    let numerator = BigInt(`${whole}${fraction}` || "0");
    let denominator = 10n ** BigInt(fraction.length);
    const power = Number(exponent ?? 0);
    if (Math.abs(power) > 30) throw this.#error("the exponent is too large");
    if (power >= 0) numerator *= 10n ** BigInt(power);
    else denominator *= 10n ** BigInt(-power);
    if (unit === "%") denominator *= 100n;
    else if (unit !== undefined) {
      const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit]! : undefined;
      if (factor === undefined) throw this.#error(`unknown unit ${JSON.stringify(unit)}`);
      numerator *= factor[0];
      denominator *= factor[1];
    }
    const value: Value = { numerator, denominator, amount: unit !== undefined && unit !== "%", binary: unit?.endsWith("i") === true };
    return () => value;
  }

  #word(): Expression {
    const word = this.#match(/[A-Za-z_]\w*/y)?.[0];
    if (word === undefined) throw this.#error(this.#at < this.#text.length ? "unexpected text" : "the expression ends too early");
    if (this.#take("(") === undefined) {
      if (word !== this.#variable) throw this.#error(`undefined variable ${JSON.stringify(word)}, here it is ${this.#variable}`);
      return (variable) => variable;
    }
    const name = word.toLowerCase();
    if (name !== "max" && name !== "min") throw this.#error(`unknown function ${JSON.stringify(word)}; there are max and min`);
    const parts = [this.sum()];
    while (this.#take(",") !== undefined) parts.push(this.sum());
    this.#expect(")");
    const [a, b] = parts;
    if (a === undefined || b === undefined || parts.length !== 2)
      throw this.#error(`${name} takes exactly 2 arguments, not ${parts.length}`);
    return (variable) => {
      const [left, right] = [a(variable), b(variable)];
      const greater = left.numerator * right.denominator >= right.numerator * left.denominator;
      return greater === (name === "max") ? left : right;
    };
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
    while (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at++;
  }

  #error(what: string): ExpressionError {
    return new ExpressionError(`${what} (column ${this.#at + 1} of ${JSON.stringify(this.#text)})`);
  }
}

export function add(a: Value, b: Value, sign: 1n | -1n = 1n): Value {
  return {
    numerator: a.numerator * b.denominator + sign * b.numerator * a.denominator,
    denominator: a.denominator * b.denominator,
    amount: a.amount || b.amount,
    binary: a.binary || b.binary,
  };
}

function multiply(a: Value, b: Value): Value {
  if (a.amount && b.amount) throw new ExpressionError("an amount cannot be multiplied by an amount");
  return {
    numerator: a.numerator * b.numerator,
    denominator: a.denominator * b.denominator,
    amount: a.amount || b.amount,
    binary: a.binary || b.binary,
  };
}

function divide(a: Value, b: Value): Value {
  if (b.numerator === 0n) throw new ExpressionError("division by zero");
  if (b.amount) throw new ExpressionError("nothing can be divided by an amount");
  const sign = b.numerator < 0n ? -1n : 1n;
  return {
    numerator: sign * a.numerator * b.denominator,
    denominator: sign * a.denominator * b.numerator,
    amount: a.amount,
    binary: a.binary,
  };
}
