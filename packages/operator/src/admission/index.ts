/** What our webhooks answer, as functions on AdmissionRequests: no I/O, nothing remembered between calls. */
export { isPod, mutatePod } from "./pods.ts";
export { templateProblems, validatePodDefaults, validateTemplate } from "./rules.ts";
export { mutateSidecarSet, validateSidecarSet } from "./sidecarsets.ts";
