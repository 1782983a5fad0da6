/**
 * Kubernetes' validation of its own kinds (`pkg/apis/<group>/validation` of Kubernetes 1.36).
 *
 * Assumptions
 * - Objects have their defaults filled in, are pruned and decoded by their schema: types are right, values are judged.
 *
 * Guarantees
 * - Findings are Status causes with Kubernetes' reasons, messages and paths, in its order; where Go ranges over a map,
 *   keys are sorted. `invalidStatus` makes the 422 of them.
 * - Nothing here changes an object, or does I/O.
 *
 * Caveats
 * - What needs other objects or allocators (addresses and ports of Services, quotas, priorities) is the server's.
 * - Kinds without an entry in `validators.ts` are judged by their metadata.
 */

export type { PolicyCompiler, PolicyCompilers, PolicyExpression } from "./admission-policies.ts";
export { APP_ARMOR_ANNOTATION, appArmorProfileOf, appArmorWarning } from "./app-armor.ts";
export type { Fields } from "./fields.ts";
export { type Judged, validateKind, validateKindUpdate, warningsFor } from "./kinds.ts";
export { type ObjectMetaRules, validateAnyMeta, validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
export { qualityOfService } from "./pod.ts";
export { validateContainers, validatePodSpec } from "./pod-spec.ts";
export { appArmorProblems } from "./security.ts";
export { invalidStatus } from "./status.ts";
export type { ValidationOptions } from "./validators.ts";
export type { ExpressionProblem } from "./webhook-configurations.ts";
