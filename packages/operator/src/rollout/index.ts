/**
 * The rollout of a changed SidecarSet over the pods that run: images change in place, and what cannot change is said.
 *
 * Guarantees
 * - A pod is changed by one write, of images, hashes and records together, which the API server refuses when the pod is not as
 *   it was seen. So a manager that is killed at any moment leaves no pod half done, and another goes on from what is stored.
 * - Of the pods that were ready before our write, at most `maxUnavailable` are down at a time, also across changes of the set
 *   and restarts of the manager: what is down is read from the pods, nothing is remembered.
 * - Each reconcile decides on a cache that shows the writes of the one before.
 * - An event of a pod costs a look at the sets whose selector demands one of its labels, never at all pods or all sets.
 * - Of a hot-upgrade pair the container that works is left alone until the other is ready.
 * - Revisions that pods carry, that a set pins, and the latest are never deleted.
 *
 * Assumptions
 * - Status updates of pods come from their kubelet; the id of an image changes with the image, or the runtime reports its name.
 *
 * Caveats
 * - Native sidecars among a set's init containers are not updated in place; those of `outrigger.dev/run-as` are.
 * - A write that was sent before the manager was killed may arrive while the next one starts.
 */
export { type Choice, choose, type WaitReason } from "./choose.ts";
export { type RolloutControllerOptions, revisionSelection, rolloutController } from "./controller.ts";
export { type ExplainedPod, explainRollout, type RolloutExplanation, type RolloutSurroundings } from "./explain.ts";
export { type PodState, podState } from "./pod-state.ts";
export { type RolloutSet, rolloutSet } from "./rollout-set.ts";
