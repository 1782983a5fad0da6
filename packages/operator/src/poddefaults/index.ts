/**
 * PodDefaults (`outrigger.dev/v1alpha1`): labels, annotations and variables that pods get where they lack them.
 *
 * - A value that has no source is not set, and is told; never an empty label.
 * - PodDefaults that could make a pod one that Kubernetes refuses are left out, and told in their status.
 * - Acting twice changes nothing the second time.
 */
export { type CompiledPodDefaults, comparePodDefaults, compilePodDefaults, PodDefaultsApplication } from "./apply.ts";
export type { DefaultEntry, PodDefaults, PodDefaultsSpec, ValueSource } from "./pod-defaults.ts";
export { PodDefaultsKind, type PodDefaultsStatus, podDefaultsCrd } from "./resource.ts";
export { environmentSeenIn } from "./seen-environment.ts";
export { SIDECARS_READY, sidecarsReadyController } from "./sidecars-ready.ts";
export { podDefaultsController, podDefaultsStatus } from "./status.ts";
export { podDefaultsProblems } from "./validate.ts";
export { fieldValue, offered, type ValueSources } from "./values.ts";
