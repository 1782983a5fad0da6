/**
 * What the manager keeps of the pods of a cluster. Everything in the manager that watches pods reads this one copy.
 *
 * Guarantees
 * - Of a pod of some 4 KiB less than 1 KiB is kept: identity, labels, owners, addresses, phase, and what was injected. Containers and
 *   their states are kept only where a SidecarSet was injected, or where the pod has the readiness gate `SIDECARS_READY`.
 * - An entry of the record of injections that the pod itself contradicts is kept as a rejected claim.
 * - Texts that many pods share are in memory once.
 *
 * Caveats
 * - A part that is not in `SeenPod` is not in the cache: who needs it reads the pod from the API server.
 * - `status.podIPs` is left out where it says no more than `status.podIP`.
 * - The optional feature `node-overcommit` needs requests and limits, and keeps whole pods in an informer of its own.
 */
export { rejectedClaims } from "./kept-record.ts";
export { runningContainers, runningStatuses } from "./running.ts";
export {
  INPLACE_STATE_ANNOTATION,
  injectedBy,
  isActive,
  podKey,
  type SeenCondition,
  type SeenContainer,
  type SeenContainerStatus,
  type SeenPod,
  SIDECARS_READY,
  sameButVersion,
  seenPod,
  UPGRADABLE_CONDITION,
} from "./seen-pod.ts";
