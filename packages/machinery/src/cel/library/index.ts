import { AUTHORIZATION } from "./authorizer.ts";
import { type Functions, functionsOf } from "./declare.ts";
import { KUBERNETES } from "./kubernetes.ts";
import { LIST_FUNCTIONS } from "./lists.ts";
import { OPTIONALS } from "./optionals.ts";
import { STANDARD } from "./standard.ts";
import { TEXT_FUNCTIONS } from "./texts.ts";

/** Everything that an expression of Kubernetes 1.36 can call, operators included; those that are evaluated in part are in the evaluator. */
export const FUNCTIONS: Functions = functionsOf([...STANDARD, OPTIONALS, TEXT_FUNCTIONS, LIST_FUNCTIONS, ...KUBERNETES, AUTHORIZATION]);

/** What the expressions of policies that change objects can call beside them. */
export const MUTATION_FUNCTIONS: Functions = functionsOf([
  {
    "string_jsonpatch_escapeKey_string = jsonpatch.escapeKey(string): string": (key) =>
      (key as string).replaceAll("~", "~0").replaceAll("/", "~1"),
  },
]);
