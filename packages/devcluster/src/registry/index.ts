/**
 * The REST registry: what the API server does with objects between the wire and the store, for any kind.
 * It works on `ServedResource`s alone; what is particular to a kind stands in its row, its strategy and `rules/`.
 *
 * Guarantees
 * - Each write goes the way of `k8s.io/apiserver`: decode, own fields, mutating admission, prepare, validate, validating
 *   admission, store; and starts again when another write came between, unless the writer named a version.
 * - A write that changes nothing writes nothing.
 */
export { admitted, attributesFor } from "./admit.ts";
export type { Caller, FieldValidation, RegistryParts, Target, WriteOptions } from "./context.ts";
export type { Admission, AdmissionAttributes, Annotate, ClusterReader, ServedResource, Strategy, UserInfo } from "./contracts.ts";
export { createObject, type Written } from "./create.ts";
export { DecodeError, decodeObject, type FindKind, MismatchError } from "./decode.ts";
export { checkDeleteOptions, type Deleted, type DeleteOptions, deleteObject } from "./delete.ts";
export * from "./errors.ts";
export { type ListOptions, parseListOptions, queryBoolean, queryInteger } from "./list-options.ts";
export { managerName, trackFields } from "./managed-fields.ts";
export { timestamp } from "./metadata.ts";
export { type PatchType, patchObject, patchRefusal, patchTypes } from "./patch.ts";
export {
  authorizers,
  type BindingSpec,
  CONDITION_VARIABLES,
  type Decide,
  type MatchCondition,
  type MatchResources,
  type MutatingPolicySpec,
  type Mutation,
  type ParamRef,
  type PolicySpec,
  policyVariables,
  type Rule,
  type Validation,
} from "./policies/index.ts";
export { getObject, listObjects, type Page, type Served } from "./read.ts";
export { clusterReader } from "./reader.ts";
export { Resources } from "./resources.ts";
export { kindRules } from "./rules/index.ts";
export { select } from "./selection.ts";
export { replaceObject, updateObject } from "./update.ts";
export { compareVersions } from "./version-order.ts";
export { apiVersionOf, readCopy, tableOf } from "./versions.ts";
export { type Bookmark, type WatchEvent, type Watching, watchObjects } from "./watch.ts";
