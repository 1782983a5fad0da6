/**
 * What is particular to single kinds and stands in no row: a table by `group/plural`, read by the engine, which
 * itself names no kind. Each entry follows the strategy of that kind in `k8s.io/kubernetes/pkg/registry`.
 */
export type { KindRules, RuleContext } from "./kind-rules.ts";
export { kindRules } from "./table.ts";
