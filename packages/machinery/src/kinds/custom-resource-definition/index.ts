/**
 * CustomResourceDefinitions: what of them an API server reads, and how it validates them (k8s.io/apiextensions-apiserver): structural
 * schemas, limits, defaults, and the cost of CEL rules.
 */
export { approvalOf } from "./approval.ts";
export {
  type CustomResourceDefinition,
  type DefinitionCondition,
  type DefinitionNames,
  type DefinitionVersion,
  definitionCondition,
  withDefinitionCondition,
} from "./definition.ts";
export { definitionProblems } from "./validate-definition.ts";
