/**
 * ValidatingAdmissionPolicies and MutatingAdmissionPolicies: expressions that judge and change requests within the server.
 *
 * Guarantees
 * - Matching, parameters, variables, messages, reasons and actions are those of Kubernetes 1.36.
 * - Policies are compiled when one of them or of their bindings changed.
 *
 * Caveats: `status.typeChecking` is written by a control loop, not here.
 */
export type { PolicyParts } from "./hooks.ts";
export { MutatingPolicies } from "./mutating-policies.ts";
export { type CheckedKind, type ExpressionWarning, expressionWarnings, type KnownKinds } from "./type-checking.ts";
export { ValidatingPolicies } from "./validating-policies.ts";
