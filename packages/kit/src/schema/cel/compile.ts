import { createRequire } from "node:module";
import type { Environment as CelEnvironment } from "@marcbachmann/cel-js";
import { Quantity } from "../../api/index.ts";
import { compilePattern } from "../pattern.ts";

/** An expression that cannot be compiled, or whose evaluation failed. */
export class CelError extends Error {
  override readonly name = "CelError";
  readonly code = "ERR_CEL";
}

export interface CelOptions {
  /** Names that an expression may use; others do not compile. */
  readonly variables: readonly string[];
}

export interface CelProgram {
  readonly expression: string;
  /**
   * The expression's value: integers as bigint, doubles as number.
   *
   * @param variables JSON values; whole numbers in them become integers, which JSON cannot tell from doubles.
   * @throws CelError for a missing key, a wrong type and the like.
   */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

// Synchronous, since expressions are compiled where nothing can wait; loaded at the first expression.
const require = createRequire(import.meta.url);
const environments = new Map<string, CelEnvironment>();
const programs = new Map<string, CelProgram>();
const KEPT = 2000;

/**
 * Compiles an expression of the Common Expression Language with the functions that Kubernetes has.
 * `matches` runs in linear time.
 *
 * @throws CelError when it does not compile.
 */
export function compileCel(expression: string, { variables }: CelOptions): CelProgram {
  const key = `${variables.join()}\n${expression}`;
  const known = programs.get(key);
  if (known) return known;
  let parsed: (context: Record<string, unknown>) => unknown;
  try {
    const program = environment(variables).parse(expression);
    useLinearMatches(program.ast);
    const check = program.check();
    if (!check.valid) throw check.error ?? new Error("does not type check");
    parsed = program as unknown as typeof parsed;
  } catch (error) {
    throw new CelError(firstLine(error), { cause: error });
  }
  const compiled: CelProgram = {
    expression,
    evaluate(values) {
      try {
        return parsed(celValue(values) as Record<string, unknown>);
      } catch (error) {
        throw new CelError(missingKey(firstLine(error)), { cause: error });
      }
    },
  };
  if (programs.size >= KEPT) programs.delete(programs.keys().next().value!);
  programs.set(key, compiled);
  return compiled;
}

function environment(variables: readonly string[]): CelEnvironment {
  const key = variables.join();
  let made = environments.get(key);
  if (!made) {
    const { Environment } = require("@marcbachmann/cel-js") as typeof import("@marcbachmann/cel-js");
    made = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false });
    for (const variable of variables) made.registerVariable(variable, "dyn");
    register(made);
    environments.set(key, made);
  }
  return made;
}

/** What Kubernetes adds to CEL (https://kubernetes.io/docs/reference/using-api/cel/): quantities, URLs, lists. */
function register(environment: CelEnvironment): void {
  environment
    .registerFunction("string.linearMatches(string): bool", (text: string, pattern: string) => compilePattern(pattern)(text))
    .registerType("Quantity", Quantity as never)
    .registerFunction("isQuantity(string): bool", (text: string) => quantityOrNone(text) !== undefined)
    .registerFunction("quantity(string): Quantity", (text: string) => Quantity.parse(text))
    .registerFunction("Quantity.isLessThan(Quantity): bool", (a: Quantity, b: Quantity) => a.cmp(b) < 0)
    .registerFunction("Quantity.isGreaterThan(Quantity): bool", (a: Quantity, b: Quantity) => a.cmp(b) > 0)
    .registerFunction("Quantity.compareTo(Quantity): int", (a: Quantity, b: Quantity) => BigInt(a.cmp(b)))
    .registerType("URL", URL as never)
    .registerFunction("isURL(string): bool", (text: string) => URL.canParse(text))
    .registerFunction("url(string): URL", (text: string) => new URL(text))
    .registerFunction("URL.getScheme(): string", (url: URL) => url.protocol.slice(0, -1))
    .registerFunction("URL.getHost(): string", (url: URL) => url.host)
    .registerFunction("URL.getHostname(): string", (url: URL) => url.hostname)
    .registerFunction("URL.getPort(): string", (url: URL) => url.port)
    .registerFunction("URL.getEscapedPath(): string", (url: URL) => url.pathname);
}

function quantityOrNone(text: string): Quantity | undefined {
  try {
    return Quantity.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The evaluator's own `matches` is a backtracking engine and cannot be replaced: calls of it are renamed in the parsed
 * expression, where comments and quotes cannot hide them.
 */
function useLinearMatches(node: unknown): void {
  const open: unknown[] = [node];
  const seen = new Set<unknown>();
  for (let next = open.pop(); open.length > 0 || next !== undefined; next = open.pop()) {
    if (next === null || typeof next !== "object" || seen.has(next)) continue;
    seen.add(next);
    if (!Array.isArray(next)) {
      const { op, args } = next as { op?: unknown; args?: unknown };
      if (op === "rcall" && Array.isArray(args) && args[0] === "matches") args[0] = "linearMatches";
    }
    open.push(...Object.values(next));
  }
}

/** JSON as CEL sees it: whole numbers are integers. */
function celValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(celValue);
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) === Quantity.prototype) return value;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) result[key] = celValue((value as Record<string, unknown>)[key]);
  return result;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}

/** In the words of Kubernetes' evaluator. */
function missingKey(message: string): string {
  const key = /^No such key: (.*)$/.exec(message);
  return key ? `no such key: ${key[1]}` : message;
}
