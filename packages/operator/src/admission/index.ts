/** What our webhooks answer, as functions on AdmissionRequests: no I/O, nothing remembered between calls. */
export { mutatePod } from "./pods.ts";
export { mutateSidecarSet, validateSidecarSet } from "./sidecarsets.ts";
