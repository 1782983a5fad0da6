/**
 * NodeOvercommits (`outrigger.dev/v1alpha1`): nodes offer more CPU, and if asked for more memory, than they have.
 *
 * Guarantees
 * - What a node offers is its true value times one ratio, once: `write.ts` decides about every write of a node's status, `decide.ts` what the
 *   controller does; both are pure, and a property test interleaves them with everything else that happens.
 * - A node's ratio is never lowered below what its pods request, unless the policy says `force`: a kubelet that restarts
 *   admits its pods anew against its Node's allocatable, and ends the surplus (`OutOfcpu`).
 * - A heartbeat never depends on us: the webhook may fail, after two seconds at most, and only nodes that take part are sent to it.
 *   What a kubelet writes meanwhile is repaired when the controller sees it.
 * - A policy goes when no node offers more because of it.
 *
 * Assumptions
 * - A kubelet writes as `system:node:<its node>` in group `system:nodes`, and names a resource in its PATCH when its own value is
 *   another than the stored one.
 *
 * Caveats
 * - The kubelet compares the whole status with the Node, and so writes every 10 s instead of every 5 minutes.
 * - Between a kubelet's write without the webhook and its repair a restart of that kubelet ends the surplus.
 * - The memory of a pod is real: memory that is offered twice and used twice ends in evictions and OOM kills.
 */
export { decideNode } from "./decide.ts";
export { type NodePod, podsAtRisk } from "./demand.ts";
export { nodeOvercommit } from "./feature.ts";
export { type NodeState, nodeState } from "./node-state.ts";
export { RECORD_ANNOTATION } from "./record.ts";
export { NodeOvercommit, type NodeOvercommitObject, type NodeOvercommitSpec, type NodeOvercommitStatus } from "./resource.ts";
export { Policies } from "./target.ts";
export { correctWrite, type OvercommitNode } from "./write.ts";
