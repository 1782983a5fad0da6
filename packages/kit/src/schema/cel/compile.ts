import { createRequire } from "node:module";
import type { Environment as CelEnvironment } from "@marcbachmann/cel-js";
import type { SchemaNode } from "../node.ts";
import { registerFunctions } from "./functions.ts";
import { celValue } from "./value.ts";

/** An expression that cannot be compiled, or whose evaluation failed. */
export class CelError extends Error {
  override readonly name = "CelError";
  readonly code = "ERR_CEL";
}

export interface CelOptions {
  /** Names that an expression may use; others do not compile. */
  readonly variables: readonly string[];
  /** What is known of their types: `string`, `int`, `double`, `bool`, `list`; `dyn` otherwise. */
  readonly types?: Readonly<Record<string, string>>;
  /** Those among them that are optional values: `hasValue()`, `value()`, `orValue()`. */
  readonly optional?: readonly string[];
}

export interface CelProgram {
  readonly expression: string;
  /** What the type checker knows of the value: `bool`, `string`, `dyn`, … */
  readonly type: string;
  /** The parsed expression. */
  readonly ast: import("@marcbachmann/cel-js").ASTNode;
  /**
   * The expression's value: integers as bigint, doubles as number.
   *
   * @param variables JSON values; one that is `undefined` must be optional
   * @param of what schema says of all of them; without it whole numbers become integers, which JSON cannot tell from doubles
   * @throws CelError for a missing key, a wrong type and the like.
   */
  evaluate(variables: Readonly<Record<string, unknown>>, of?: { readonly schema: SchemaNode; readonly whole?: boolean }): unknown;
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
export function compileCel(expression: string, options: CelOptions): CelProgram {
  const { optional = [] } = options;
  const declared = declarations(options);
  const key = `${declared.join()}\n${expression}`;
  const known = programs.get(key);
  if (known) return known;
  let parsed: (context: Record<string, unknown>) => unknown;
  let type = "dyn";
  let ast: CelProgram["ast"];
  try {
    const program = environment(declared).parse(expression);
    useLinearMatches(program.ast);
    const check = program.check();
    if (!check.valid) throw check.error ?? new Error("does not type check");
    type = check.type ?? type;
    ast = program.ast;
    parsed = program as unknown as typeof parsed;
  } catch (error) {
    throw new CelError(firstLine(error), { cause: error });
  }
  const { Duration, Optional } = library();
  const compiled: CelProgram = {
    expression,
    type,
    ast,
    evaluate(values, of) {
      const given: Record<string, unknown> = {};
      for (const [name, value] of Object.entries(values)) {
        const inside = value === undefined ? undefined : celValue(value, of?.schema, Duration, of?.whole);
        given[name] = optional.includes(name) ? (inside === undefined ? Optional.none() : Optional.of(inside)) : inside;
      }
      try {
        return parsed(given);
      } catch (error) {
        throw new CelError(missingKey(firstLine(error)), { cause: error });
      }
    },
  };
  if (programs.size >= KEPT) programs.delete(programs.keys().next().value!);
  programs.set(key, compiled);
  return compiled;
}

interface Library {
  readonly Environment: typeof import("@marcbachmann/cel-js").Environment;
  readonly Optional: typeof import("@marcbachmann/cel-js").Optional;
  readonly Duration: (milliseconds: number) => unknown;
}
let loaded: Library | undefined;

function library(): Library {
  if (loaded) return loaded;
  const { Environment, Optional, evaluate } = require("@marcbachmann/cel-js") as typeof import("@marcbachmann/cel-js");
  // The class of durations is not exported.
  const { fromMilliseconds } = (evaluate("duration('1s')") as { constructor: { fromMilliseconds: (milliseconds: number) => unknown } })
    .constructor;
  loaded = { Environment, Optional, Duration: (milliseconds) => fromMilliseconds(milliseconds) };
  return loaded;
}

/** Each variable as `name type`. */
function declarations({ variables, types = {}, optional = [] }: CelOptions): string[] {
  return variables.map((name) => {
    const type = types[name] ?? "dyn";
    return `${name} ${optional.includes(name) ? `optional<${type}>` : type}`;
  });
}

function environment(declared: readonly string[]): CelEnvironment {
  const key = declared.join();
  let made = environments.get(key);
  if (!made) {
    const { Environment, Optional } = library();
    made = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, enableOptionalTypes: true });
    for (const declaration of declared) {
      const [name = "", type = "dyn"] = declaration.split(" ");
      made.registerVariable(name, type);
    }
    registerFunctions(made, Optional);
    environments.set(key, made);
  }
  return made;
}

/**
 * The evaluator's own `matches` is a backtracking engine and cannot be replaced: calls of it are renamed in the parsed
 * expression, where comments and quotes cannot hide them.
 */
export const LINEAR_MATCHES = "linearMatches";

function useLinearMatches(node: unknown): void {
  const open: unknown[] = [node];
  const seen = new Set<unknown>();
  for (let next = open.pop(); open.length > 0 || next !== undefined; next = open.pop()) {
    if (next === null || typeof next !== "object" || seen.has(next)) continue;
    seen.add(next);
    if (!Array.isArray(next)) {
      const { op, args } = next as { op?: unknown; args?: unknown };
      if (op === "rcall" && Array.isArray(args) && args[0] === "matches") args[0] = LINEAR_MATCHES;
    }
    open.push(...Object.values(next));
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
}

/** In the words of Kubernetes' evaluator. */
function missingKey(message: string): string {
  const key = /^No such key: (.*)$/.exec(message);
  return key ? `no such key: ${key[1]}` : message;
}
