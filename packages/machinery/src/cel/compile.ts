import { type Checked, check, typeOfDeclaration } from "./check.ts";
import { estimateCost } from "./cost.ts";
import { ANYTHING, type Declaration } from "./declaration.ts";
import { CelError } from "./error.ts";
import { plan } from "./evaluate.ts";
import { LIBRARY_TYPES } from "./library/declare.ts";
import { parse } from "./parser.ts";
import { DYN, optionalOf, shown, type Type } from "./types.ts";
import { fromJson, Optional, toPlain, type Value } from "./value.ts";

/** What is known of a variable: the declaration of its values, that it is optional, or that it answers questions about rights. */
export type Variable =
  | "dyn"
  | "authorizer"
  /** What `authorizer.group(…).resource(…)` gives. */
  | "resourceCheck"
  | {
      readonly declaration: Declaration;
      /** `hasValue()`, `value()`, `orValue()`. */
      readonly optional?: boolean;
    };

export interface CelOptions {
  /** Names that an expression may use; others do not compile. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** Whether the expression may build `Object{…}` and `JSONPatch{…}`, as those of policies that change objects do. */
  readonly mutation?: boolean;
}

export interface EvaluateOptions {
  /** Leave the value as expressions see it, for use in another evaluation. */
  readonly keep?: boolean;
}

export interface CelProgram {
  readonly expression: string;
  /** What the type checker knows of the value: `bool`, `string`, `dyn`, … */
  readonly type: string;
  /** The same as a declaration, for a variable of other expressions; `dyn` where no declaration says it. */
  readonly result: Declaration;
  /** Those of the variables that the expression uses. */
  readonly uses: ReadonlySet<string>;
  /** What the expression costs at most, in units of Kubernetes' estimate; `Infinity` where nothing bounds it. */
  cost(): number;
  /**
   * The expression's value: integers as bigint, doubles as number.
   *
   * @param variables JSON values; one that is `undefined` must be optional. An `Authorizer` where one was declared; a
   *   `CelMap` computes its entries when they are asked for.
   * @throws CelError for a missing key, a wrong type and the like.
   */
  evaluate(variables: Readonly<Record<string, unknown>>, options?: EvaluateOptions): unknown;
}

/**
 * Compiles an expression of the Common Expression Language as Kubernetes 1.36 does: its types, functions, macros and
 * messages. `matches` runs in linear time, and an evaluation takes a bounded number of steps.
 *
 * @throws CelError when it does not compile.
 */
export function compileCel(expression: string, { variables, mutation = false }: CelOptions): CelProgram {
  const types = new Map(Object.entries(variables).map(([name, variable]) => [name, typeOfVariable(variable)]));
  const expr = parse(expression);
  const checked: Checked = check(expression, expr, types, mutation);
  let run: ((variables: ReadonlyMap<string, Value>) => Value) | undefined;
  return {
    expression,
    type: shown(checked.type),
    result: declarationOf(checked.type),
    uses: checked.variables,
    cost: () =>
      estimateCost(
        expr,
        checked,
        new Map(
          Object.entries(variables).flatMap(([name, variable]) => (typeof variable === "string" ? [] : [[name, variable.declaration]])),
        ),
      ),
    evaluate(values, { keep = false } = {}) {
      const given = new Map<string, Value>();
      for (const [name, variable] of Object.entries(variables)) {
        const value = asValue(values[name], variable);
        if (value !== undefined) given.set(name, value);
      }
      run ??= plan(expr, checked);
      try {
        const value = run(given);
        return keep ? value : toPlain(value);
      } catch (error) {
        if (error instanceof CelError) throw error;
        // Patterns and the like have errors of their own; running out of stack is one too.
        throw new CelError(error instanceof Error ? error.message : String(error), { cause: error });
      }
    },
  };
}

function declarationOf(type: Type): Declaration {
  const [first, second] = type.params;
  switch (type.kind) {
    case "bool":
    case "bytes":
    case "double":
    case "duration":
    case "int":
    case "string":
    case "timestamp":
      return { kind: type.kind, most: 0, smallest: 1 };
    case "list":
      return { kind: "list", most: 0, smallest: 2, item: declarationOf(first!) };
    case "map":
      return first?.kind === "string" ? { kind: "map", most: 0, smallest: 2, item: declarationOf(second!) } : ANYTHING;
    case "struct":
      return type.declaration ?? ANYTHING;
    default:
      return ANYTHING;
  }
}

function typeOfVariable(variable: Variable): Type {
  if (variable === "dyn") return DYN;
  if (variable === "authorizer") return LIBRARY_TYPES.Authorizer;
  if (variable === "resourceCheck") return LIBRARY_TYPES.ResourceCheck;
  const type = typeOfDeclaration(variable.declaration, "selfType0");
  return variable.optional ? optionalOf(type) : type;
}

function asValue(value: unknown, variable: Variable): Value | undefined {
  if (variable === "authorizer" || variable === "resourceCheck") return value;
  if (variable === "dyn") return value === undefined ? undefined : fromJson(value, undefined);
  const inside = value === undefined ? undefined : fromJson(value, variable.declaration);
  if (!variable.optional) return inside;
  return inside === undefined ? Optional.NONE : Optional.of(inside);
}
