/**
 * What an API server does with patches: JSON patch (RFC 6902), merge patch (RFC 7386), strategic merge patch and server-side
 * apply. Patches that clients send are made in `@outrigger/kit/patch`.
 *
 * Guarantees
 * - No function changes what it is given: results are new objects that may share untouched parts with their inputs.
 * - Refusals are `PatchError`s with the HTTP code, the Status reason and the text of Kubernetes 1.36. Conflicts of an
 *   apply are not thrown but returned, so that the caller can word its Status.
 * - Nothing here names a kind: lists and maps are merged as the schema says.
 */
export { type ApplyConfigurationRequest, type ApplyConfigurationResult, applyConfiguration } from "./apply/apply.ts";
export { type Conflict, conflictStatus } from "./apply/conflict.ts";
export { mergeConfiguration } from "./apply/merge-configuration.ts";
export { managedFieldsFromScale, managedFieldsOfScale, type ScaleMapping } from "./apply/scale.ts";
export { keepTimesIfUnchanged } from "./apply/times.ts";
export { type UpdateManagedFieldsRequest, updateManagedFields } from "./apply/update.ts";
export { PatchError } from "./error.ts";
export { jsonTypeName } from "./go-format.ts";
export { applyJsonPatch, MAX_JSON_PATCH_OPERATIONS } from "./json-patch.ts";
export { applyMergePatch, createMergePatch } from "./merge-patch.ts";
export { applyStrategicMergePatch } from "./strategic.ts";
