/**
 * ValidatingAdmissionPolicies and MutatingAdmissionPolicies: expressions that judge and change requests within the server.
 *
 * Guarantees
 * - Matching, parameters, variables, messages, reasons and actions are those of Kubernetes 1.36.
 * - Policies are compiled when one of them or of their bindings changed.
 *
 * Caveats: `status.typeChecking` is not computed.
 */
export type { PolicyParts } from "./hooks.ts";
export { MutatingPolicies } from "./mutating-policies.ts";
export { ValidatingPolicies } from "./validating-policies.ts";
