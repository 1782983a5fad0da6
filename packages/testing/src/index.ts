/**
 * What the tests of operators need: clusters behind one function (the devcluster in this process, a real control plane
 * from binaries, or a cluster that exists), waiting for a condition, and a clock that a test turns.
 *
 * Guarantees
 * - `close()` leaves no process, port or file behind; a started cluster listens on loopback only.
 * - A real control plane ends with the process that started it, in whatever way that ends (SIGKILL too), and its folder goes.
 * - Clusters do not disturb each other: each has its own ports, certificates and data.
 * - A start that fails says which part failed, and the end of what it said.
 *
 * Assumptions
 * - A real control plane needs a POSIX shell, which ends it when this process cannot.
 *
 * Caveats
 * - An existing cluster keeps what a test leaves there: use a namespace of your own, and delete it.
 * - A real control plane without kube-controller-manager has no ServiceAccount admission, as in envtest.
 */
export { startTestCluster, type TestCluster, type TestClusterOptions, type TestUser } from "./cluster.ts";
export { type EventuallyOptions, eventually, TimeoutError } from "./eventually.ts";
export { existingCluster } from "./existing-cluster.ts";
export { RealClusterError } from "./processes.ts";
export { type RealClusterOptions, startRealCluster } from "./real-cluster.ts";
export type { RestrictedOptions, RestrictedRules } from "./restricted.ts";
export { TestClock } from "./test-clock.ts";
export { tryOut } from "./try-out.ts";
