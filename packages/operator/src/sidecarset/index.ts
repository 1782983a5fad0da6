/**
 * SidecarSet (`apps.kruise.io`): its shape and versions, defaults, hashes and validation, and what it does to a pod.
 *
 * - Everything but the review handlers is a pure function; nothing given is written to.
 * - A manifest that works with kruise gives the same pod here; what is different on purpose stands in
 *   `docs/decisions` and in the exceptions of `play-injection`.
 */
export { type CompiledContainer, type CompiledSidecarSet, compileSidecarSet } from "./compile.ts";
export { ConflictIndex } from "./conflict-index.ts";
export { type Clash, clashes } from "./conflicts.ts";
export { convertSidecarSet } from "./convert.ts";
export { defaultSidecarSet } from "./defaults.ts";
export { goJson } from "./go-json.ts";
export { hashSidecarSet, hashWithoutImage, safeEncode } from "./hash.ts";
export { otherVersion as otherVersionAnnotation, version as versionAnnotation } from "./hot-upgrade.ts";
export { SidecarInjection } from "./inject.ts";
export * from "./names.ts";
export { patchPodMetadata } from "./patch-metadata.ts";
export { pinnedFor } from "./pin.ts";
export { type ConversionClient, SidecarSets, SidecarSetsV1alpha1, schemaProblems, sidecarSetCrd } from "./resource.ts";
export {
  pinnedRevision,
  REVISION_HASH_LABEL,
  REVISION_SET_LABEL,
  revisionData,
  revisionHash,
  revisionName,
  revisionsOf,
  type SetRevision,
  setAtRevision,
} from "./revision.ts";
export type {
  LabelSelector,
  PatchPodMetadata,
  SidecarContainer,
  SidecarSet,
  SidecarSetSpec,
  SidecarSetStatus,
  TransferEnv,
  UpdateStrategy,
} from "./set.ts";
export { type SidecarSetSurroundings, validateSidecarSet } from "./validate.ts";
export { sidecarNames } from "./volumes.ts";
export { warnOf, withoutEffect } from "./warnings.ts";
