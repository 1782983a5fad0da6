import { ANYTHING, compileCel, type Declaration } from "@outrigger/machinery/cel";
import type { PolicyCompilers, PolicyExpression } from "@outrigger/machinery/kinds";
import { policyVariables } from "./variables.ts";

/** The types that expressions of policies must have, by what they are for. */
const TYPES: Readonly<Record<PolicyExpression, readonly string[]>> = {
  condition: ["bool"],
  validation: ["bool"],
  message: ["string"],
  annotation: ["string", "null_type"],
  applyConfiguration: ["Object"],
  jsonPatch: ["list(JSONPatch)"],
};

/** Judges the expressions of admission policies in Kubernetes' words. */
export const policyCompilers: PolicyCompilers = ({ params }) => {
  const composed = new Map<string, Declaration>();
  return {
    problem(expression, use) {
      const all = policyVariables(params, composed);
      const { authorizer: _authorizer, "authorizer.requestResource": _resource, ...withoutRights } = all;
      const { variables: _variables, ...withoutComposed } = all;
      // Messages may not ask about rights; conditions are evaluated before the policy's own variables.
      const variables = use === "message" ? withoutRights : use === "condition" ? withoutComposed : all;
      const mutation = use === "applyConfiguration" || use === "jsonPatch";
      try {
        const { type } = compileCel(expression, { variables, mutation });
        const shown = type === "null" ? "null_type" : type;
        const wanted = TYPES[use];
        if (wanted.includes(shown)) return "";
        return `must evaluate to ${wanted.length === 1 ? wanted[0] : `one of [${wanted.join(" ")}]`} but got ${shown}`;
      } catch (error) {
        return `compilation failed: ${(error as Error).message}`;
      }
    },
    declare(name, expression) {
      try {
        const { result } = compileCel(expression, { variables: policyVariables(params, composed) });
        composed.set(name, result);
        return "";
      } catch (error) {
        composed.set(name, ANYTHING);
        return `compilation failed: ${(error as Error).message}`;
      }
    },
  };
};
