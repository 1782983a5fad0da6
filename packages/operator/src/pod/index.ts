/**
 * A pod under injection: its shape, the draft that collects edits, the reasons for them and the annotation that keeps
 * them.
 *
 * - A draft never writes to the pod it was made of, and its patch applied to that pod gives the drafted pod.
 * - A patch holds one operation per edit and none for what is already so.
 */
export { nameClash, otherVolumeName } from "./clash.ts";
export { type ContainerEdits, Draft, type PatchOperation } from "./draft.ts";
export { LastText } from "./last-text.ts";
export { launchPriorityWarning, PRIORITY_VARIABLE } from "./launch-priority.ts";
export {
  type Container,
  type EnvVar,
  INJECTED_ENV,
  isInjected,
  type LocalObjectReference,
  type Pod,
  type PodSpec,
  type Volume,
  type VolumeDevice,
  type VolumeMount,
} from "./pod.ts";
export type { Additions, Reason, ReasonCode, RuleKind } from "./reason.ts";
export { CLAIMED_WRONGLY, INJECTION_ANNOTATION, type InjectionEntry, readInjectionRecord, writeInjectionRecord } from "./record.ts";
export { type ContainerDefaults, differences, refreshed, type ServerAdditions, sameVolume } from "./refresh.ts";
export { structural } from "./structural.ts";
