/**
 * Schemas: building them with static types, and the resources that are defined by them.
 *
 * Guarantees
 * - One shape (`SchemaNode`) for custom resources and built-in kinds.
 * - What an API server does by a schema (defaults, validation, CEL rules) is in `@outrigger/machinery`; of it only pruning is here,
 *   because controllers check the statuses that they write.
 */
export { type EmbeddedResource, type SchemaBuilder, type Static, type TObject, type TSchema, t } from "./builder.ts";
export {
  type Column,
  type CustomResource,
  type CustomResourceDefinitionObject,
  defineResource,
  type ResourceDefinition,
  type ScaleSubresource,
} from "./define.ts";
export { escapedName, isReserved } from "./escape.ts";
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
export { prune } from "./prune.ts";
export {
  type ConversionClient,
  type Converted,
  type FormerVersion,
  type FormerVersionOptions,
  formerVersion,
  type VersionedResource,
  withVersions,
} from "./versions.ts";
