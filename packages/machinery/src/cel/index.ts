/**
 * The Common Expression Language as Kubernetes 1.36 has it: parser, type checker, cost estimate, evaluator, and the
 * libraries that Kubernetes adds.
 *
 * Guarantees
 * - What kube-apiserver compiles, compiles here, with the same type and the same cost; what it refuses is refused, mostly
 *   in its words (the grammar's own messages differ).
 * - Integers are 64 bits wide, positions in texts count code points, regular expressions run in linear time.
 * - An evaluation ends: loops and calls are counted, and too many are an error.
 *
 * Sources: https://github.com/google/cel-spec/blob/master/doc/langdef.md, `k8s.io/apiserver/pkg/cel`, and what a real
 * API server answered (`truth/`).
 */
export { type CelOptions, type CelProgram, compileCel, type Variable } from "./compile.ts";
export { ANYTHING, type Declaration, declare, MAX_REQUEST_BYTES, smallestJson } from "./declaration.ts";
export { CelError } from "./error.ts";
export { type AuthorizationDecision, type AuthorizationQuestion, Authorizer } from "./library/authorizer.ts";
export { checkFieldPaths } from "./objects.ts";
export { rulePath } from "./rule-path.ts";
export { type CompiledRule, compileRule, RuleError, type RuleOptions, validateRules } from "./rules.ts";
export { MapValue as CelMap, toJson as celJson } from "./value.ts";
