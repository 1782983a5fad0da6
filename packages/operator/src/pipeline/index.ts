/**
 * One ordered decision about one pod. PodDefaults, SidecarSets and templates are its three front ends; see `decide` for
 * what it guarantees.
 */
export { type DecideContext, type Decision, decide, type Refusal } from "./decide.ts";
export { type Explanation, explainPod } from "./explain.ts";
export { explainTemplate, type PodBehindTemplate, type TemplateExplanation } from "./explain-template.ts";
export { LabelIndex } from "./label-index.ts";
export { compileRules, EXCLUDED_NAMESPACES, type RuleOptions, type RuleSources, type Rules, withoutSidecarSets } from "./rules.ts";
export { compileSelector, type Matches } from "./selector.ts";
