/**
 * Kubernetes' control loops as ordinary programs on the kit: namespaces furnished and emptied, garbage collected, workloads
 * brought to pods, pods bound to nodes, Services to endpoints.
 *
 * Guarantees
 * - Each loop works against any API server of Kubernetes 1.36, as against the devcluster; final states and Events are
 *   those of the real loops.
 * - Nothing is made twice under a stale cache: an object is not looked at again before the cache shows what was written for it.
 * - What named an owner when its deletion began is let go, or awaited, as the deletion's policy says, however far behind the
 *   watches are; the server is asked before the owner goes. Kubernetes' own collector trusts its watches there.
 * - `stop` leaves nothing running.
 *
 * Caveats
 * - One instance for a cluster: there is no leader election here.
 */
export type { ClusterSigner } from "./loop.ts";
export { CONTROL_LOOPS, type ControlLoop, type ControllersOptions, type RunningControllers, startControllers } from "./start.ts";
