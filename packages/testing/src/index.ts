/**
 * Clusters for the tests of operators, behind one function: the devcluster in this process, a real control plane from
 * binaries, or a cluster that exists.
 *
 * Guarantees: `close()` leaves no process, port or file behind; a started cluster listens on loopback only.
 */
export { startTestCluster, type TestCluster } from "./cluster.ts";
export { type EventuallyOptions, eventually, TimeoutError } from "./eventually.ts";
export { RealClusterError, type RealClusterOptions, startRealCluster } from "./real-cluster.ts";
