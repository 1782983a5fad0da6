import { createRequire } from "node:module";

type Expression = import("re2js").RE2JS;

// A big module that most programs never need: loaded at the first pattern.
const require = createRequire(import.meta.url);
const compiled = new Map<string, Expression>();
const KEPT = 1000;

/** A pattern that is no regular expression, or one that no linear-time engine can run (back references, look-around). */
export class PatternError extends Error {
  override readonly name = "PatternError";
  readonly code = "ERR_PATTERN";
}

/**
 * A pattern as a test of texts that finds it anywhere in them. It runs in linear time whatever the pattern (Go's RE2
 * syntax), since patterns come from users.
 *
 * @throws PatternError
 */
export function compilePattern(pattern: string): (text: string) => boolean {
  const expression = compile(pattern);
  return (text) => expression.matcher(text).find();
}

/**
 * The first `most` places of a text that a pattern matches, from left to right; all of them when `most` is negative.
 *
 * @throws PatternError
 */
export function findPattern(pattern: string, text: string, most: number): string[] {
  const matcher = compile(pattern).matcher(text);
  const found: string[] = [];
  while ((most < 0 || found.length < most) && matcher.find()) found.push(matcher.group() ?? "");
  return found;
}

function compile(pattern: string): Expression {
  const known = compiled.get(pattern);
  if (known) return known;
  let expression: Expression;
  try {
    const { RE2JS } = require("re2js") as typeof import("re2js");
    expression = RE2JS.compile(pattern);
  } catch (error) {
    throw new PatternError(`error parsing regexp: ${(error as Error).message.replace(/^error parsing regexp: /, "")}`);
  }
  if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value!);
  compiled.set(pattern, expression);
  return expression;
}
