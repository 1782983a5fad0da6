import { RE2JS } from "re2js";

const compiled = new Map<string, (text: string) => boolean>();
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
  let test = compiled.get(pattern);
  if (!test) {
    try {
      const expression = RE2JS.compile(pattern);
      test = (text) => expression.matcher(text).find();
    } catch (error) {
      throw new PatternError(`error parsing regexp: ${(error as Error).message.replace(/^error parsing regexp: /, "")}`);
    }
    if (compiled.size >= KEPT) compiled.delete(compiled.keys().next().value!);
    compiled.set(pattern, test);
  }
  return test;
}
