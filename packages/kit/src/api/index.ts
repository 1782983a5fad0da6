/**
 * What every Kubernetes object has in common: metadata, names, selectors, quantities, owners, versions.
 *
 * Guarantees
 * - Pure: nothing here reads a file, a socket or a clock.
 * - Texts of problems are Kubernetes' own, so that a refusal reads the same wherever it is made.
 */
export type { Condition } from "./condition.ts";
export { type Duration, DurationError, parseDuration, parseGoDuration } from "./duration.ts";
export { deepFreeze } from "./freeze.ts";
export { goQuote } from "./go-text.ts";
export { type IntOrPercent, IntOrPercentError, parseIntOrPercent, scaledIntOrPercent } from "./int-or-percent.ts";
export type { DesiredMeta, ObservedMeta, OwnerReference } from "./metadata.ts";
export {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelValueProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
} from "./names.ts";
export type {
  Cause,
  GroupVersionKind,
  GroupVersionResource,
  KubeObject,
  ManagedFieldsEntry,
  ObjectKey,
  ObjectMeta,
  Status,
} from "./object.ts";
export { controllerOf, keyText, type OwnerReferenceFields, objectKey, ownerReference } from "./owner.ts";
export { Quantity, QuantityError, type QuantityFormat } from "./quantity.ts";
export {
  type BuiltIn,
  builtIn,
  type DeepReadonly,
  type Desired,
  type Draft,
  type Observed,
  type Resource,
  type Scope,
  type StatusOf,
} from "./resource.ts";
export { type DueTimes, Schedule } from "./schedule.ts";
export { parseSchedule, ScheduleError } from "./schedule-text.ts";
export {
  type FieldSelector,
  type FieldTerm,
  type LabelSelector,
  type LabelSelectorRequirement,
  labelSelector,
  labelSelectorProblems,
  parseFieldSelector,
  parseLabelSelector,
  type Requirement,
  type Selector,
  SelectorError,
  type SelectorOperator,
} from "./selector.ts";
export { isTimeZone, type LocalTime, TimeZone, TimeZoneError } from "./time-zone.ts";
export { compareResourceVersions, isOrderedVersion } from "./version.ts";
