/**
 * Kubernetes' validation of its own kinds (`pkg/apis/*​/validation` of Kubernetes 1.36), on objects with their defaults
 * filled in and decoded by their schema: types are right, values are to be judged.
 *
 * Every function returns its findings as Status causes in the order in which Kubernetes lists them; `invalidStatus`
 * makes the 422 of them. Nothing here changes an object.
 */

export { type Judged, validateKind, validateKindUpdate, warningsFor } from "./kinds.ts";
export { type ObjectMetaRules, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
export { validateContainers, validatePodSpec } from "./pod-spec.ts";
export { invalidStatus } from "./status.ts";
