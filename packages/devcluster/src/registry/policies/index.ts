/** What the expressions of policies and of webhooks' match conditions may use, and what is wrong with those of a policy. */
export type { BindingSpec, MatchCondition, MatchResources, ParamRef, PolicySpec, Rule, Validation } from "./policy.ts";
export { expressionProblem, policyProblems } from "./problems.ts";
export { authorizers, CONDITION_VARIABLES, type Decide, policyVariables } from "./variables.ts";
