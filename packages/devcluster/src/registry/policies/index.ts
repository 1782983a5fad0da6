/** What the expressions of policies and of webhooks' match conditions may use, and what is wrong with those of a policy. */
export { policyCompilers } from "./compiler.ts";
export type {
  BindingSpec,
  MatchCondition,
  MatchResources,
  MutatingPolicySpec,
  Mutation,
  ParamRef,
  PolicySpec,
  Rule,
  Validation,
} from "./policy.ts";
export { authorizers, CONDITION_VARIABLES, type Decide, policyVariables } from "./variables.ts";
