/**
 * One tree for every form of an installation's objects: templates of a Helm chart, in which Helm fills in values, and plain
 * objects, in which they have been filled in here. The manager's own manifests and those of projects are made of it.
 *
 * Guarantees
 * - A node says both forms, so that `helm template` and `evaluate` of the same values give the same objects.
 * - No text of a node is taken for an action by Helm.
 */
export { helmTemplate } from "./helm.ts";
export { preDeleteHook } from "./hooks.ts";
export { ruleNodes } from "./rules.ts";
export {
  Block,
  block,
  both,
  type Condition,
  contains,
  Each,
  Expression,
  either,
  equals,
  evaluate,
  merged,
  type Node,
  not,
  text,
  truthy,
  type Values,
  value,
  When,
  when,
} from "./template.ts";
export { defaults, isValue, type Value, type ValueTree, valueLines, valuesSchema } from "./values.ts";
