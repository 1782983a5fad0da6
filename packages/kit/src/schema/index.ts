/**
 * Schemas: building them with static types, and pruning, defaulting and judging values by them.
 *
 * Guarantees
 * - One shape (`SchemaNode`) for custom resources and built-in kinds, so that each of these is written once.
 * - Texts of causes are the API server's own.
 * - Patterns run in linear time, whatever their author wrote.
 */
export { type EmbeddedResource, type SchemaBuilder, type Static, type TObject, type TSchema, t } from "./builder.ts";
export {
  type AuthorizationDecision,
  type AuthorizationQuestion,
  Authorizer,
  CelError,
  CelMap,
  type CelOptions,
  type CelProgram,
  type CompiledRule,
  celJson,
  checkFieldPaths,
  compileCel,
  compileRule,
  type Declaration,
  declare,
  MAX_REQUEST_BYTES,
  RuleError,
  type RuleOptions,
  rulePath,
  smallestJson,
  type Variable,
  validateRules,
} from "./cel/index.ts";
export { applyDefaults, dropNulls } from "./default.ts";
export {
  type Column,
  type CustomResource,
  type CustomResourceDefinitionObject,
  defineResource,
  type ResourceDefinition,
  type ScaleSubresource,
} from "./define.ts";
export { hasFormat } from "./format.ts";
export { type Defaulted, type Input, withDefault } from "./input.ts";
export type { SchemaNode, ValidationRule } from "./node.ts";
export type {
  ArrayOptions,
  EnumOptions,
  IntOrStringOptions,
  NumberOptions,
  ObjectOptions,
  SchemaOptions,
  StringOptions,
} from "./options.ts";
export { compilePattern, PatternError } from "./pattern.ts";
export { prune } from "./prune.ts";
export { invalidValue, type ValidateOptions, validate, validateListTypes } from "./validate.ts";
export {
  type ConversionClient,
  type Converted,
  type FormerVersion,
  type FormerVersionOptions,
  formerVersion,
  type VersionedResource,
  withVersions,
} from "./versions.ts";
