import { compileCel, type Variable } from "@outrigger/machinery/cel";
import { CONDITION_VARIABLES, type MatchCondition, policyVariables } from "../registry/index.ts";

/** What an expression may look at. `oldObject` and `object` are null where there is none. */
export interface ConditionVariables {
  readonly object: unknown;
  readonly oldObject: unknown;
  readonly request: unknown;
  /** Those about rights (`authorizers`). */
  readonly [name: string]: unknown;
}

/** `false` when a condition is false, `true` when all are true; otherwise the errors of those that could not be evaluated. */
export type ConditionsResult = boolean | readonly string[];

export interface MatchConditions {
  evaluate(variables: ConditionVariables): ConditionsResult;
}

/**
 * Compiles the conditions of a webhook or, with `params` and `namespaceObject`, of a policy. One that is false decides, whatever the others are; then one that fails does.
 * After `k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions`.
 */
export function compileConditions(conditions: readonly MatchCondition[], params?: boolean): MatchConditions {
  const variables = params === undefined ? CONDITION_VARIABLES : policyVariables(params, new Map());
  const compiled = conditions.map(({ expression }) => ({ expression, evaluate: compile(expression, variables) }));
  return {
    evaluate(variables) {
      const errors: string[] = [];
      for (const { expression, evaluate } of compiled) {
        try {
          const value = evaluate(variables);
          if (value === false) return false;
          if (value !== true) errors.push(`expression '${expression}' does not give a boolean`);
        } catch (error) {
          errors.push(`expression '${expression}' resulted in error: ${(error as Error).message}`);
        }
      }
      return errors.length === 0 ? true : errors;
    },
  };
}

type Evaluate = (variables: ConditionVariables) => unknown;

/** An expression that does not compile (validation refuses those) fails when it is asked. */
function compile(expression: string, variables: Readonly<Record<string, Variable>>): Evaluate {
  try {
    const program = compileCel(expression, { variables });
    return (given) => program.evaluate({ ...given });
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
