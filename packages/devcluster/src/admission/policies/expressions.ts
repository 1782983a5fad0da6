import { ANYTHING, CelError, CelMap, type CelProgram, compileCel, type Declaration } from "@outrigger/machinery/cel";
import { type PolicySpec, policyVariables } from "../../registry/index.ts";

/** An expression that compiled, or that fails whenever it is asked. */
type Program = Pick<CelProgram, "evaluate" | "result">;

export type PolicyVariables = readonly { readonly name: string; readonly program: Program }[];

/** The expressions of one policy, compiled; each variable may use those before it. */
export interface PolicyExpressions {
  readonly variables: PolicyVariables;
  readonly validations: readonly {
    readonly program: Program;
    readonly message: Program | undefined;
  }[];
  readonly annotations: readonly { readonly key: string; readonly expression: string; readonly program: Program }[];
}

/** The policy's own variables, and their types. */
export function compileVariables(spec: Pick<PolicySpec, "paramKind" | "variables">): {
  readonly variables: PolicyVariables;
  readonly types: ReadonlyMap<string, Declaration>;
} {
  const types = new Map<string, Declaration>();
  const variables = (spec.variables ?? []).map(({ name, expression }) => {
    const program = compileExpression(expression, spec.paramKind !== undefined, types);
    types.set(name, program.result);
    return { name, program };
  });
  return { variables, types };
}

function compileExpression(expression: string, params: boolean, composed: ReadonlyMap<string, Declaration>): Program {
  try {
    return compileCel(expression, { variables: policyVariables(params, composed) });
  } catch (error) {
    // Validation refuses those; one that was stored before fails when it is asked.
    return {
      result: ANYTHING,
      evaluate() {
        throw error;
      },
    };
  }
}

export function compilePolicy(spec: PolicySpec): PolicyExpressions {
  const { variables, types } = compileVariables(spec);
  const compile = (expression: string): Program => compileExpression(expression, spec.paramKind !== undefined, types);
  return {
    variables,
    validations: (spec.validations ?? []).map(({ expression, messageExpression }) => ({
      program: compile(expression),
      message: messageExpression ? compile(messageExpression) : undefined,
    })),
    annotations: (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      expression: valueExpression,
      program: compile(valueExpression),
    })),
  };
}

/**
 * The policy's own variables: each is computed when it is first used, once for a request. One that fails makes fail
 * whoever uses it.
 */
export class ComposedVariables extends CelMap {
  readonly #variables: PolicyVariables;
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #known = new Map<string, { readonly value?: unknown; readonly error?: unknown }>();

  constructor(variables: PolicyVariables, given: Readonly<Record<string, unknown>>) {
    super();
    this.#variables = variables;
    this.#given = given;
  }

  override get size(): number {
    return this.#variables.length;
  }
  override keys(): Iterable<unknown> {
    return this.#variables.map(({ name }) => name);
  }
  override get(key: unknown): unknown {
    const variable = this.#variables.find(({ name }) => name === key);
    if (!variable) return undefined;
    let known = this.#known.get(variable.name);
    if (!known) {
      known = this.#compute(variable);
      this.#known.set(variable.name, known);
    }
    if ("error" in known) throw known.error;
    return known.value;
  }

  #compute({ name, program }: PolicyVariables[number]): { readonly value?: unknown; readonly error?: unknown } {
    try {
      return { value: program.evaluate({ ...this.#given, variables: this }, { keep: true }) };
    } catch (error) {
      return { error: new CelError(`composited variable "${name}" fails to evaluate: ${(error as Error).message}`) };
    }
  }
}
