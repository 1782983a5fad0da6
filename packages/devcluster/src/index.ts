/**
 * A Kubernetes control plane in one process: API server, control loops and a node, for tests and first steps.
 *
 * Guarantees
 * - Answers as Kubernetes 1.36 does, judged by recordings of a real one (`npm run test:truth`).
 * - One revision counter orders every write; an acknowledged write is seen by each later read and by each watch.
 * - `close()` leaves nothing behind: no socket, no timer, no file but those that were asked for.
 *
 * Caveats
 * - State lives in memory and ends with the process, unless `dataDir` names a folder to keep it in.
 */
export { DataDirError } from "./data-dir/index.ts";
export { type Devcluster, type DevclusterOptions, KubeconfigInUseError } from "./devcluster.ts";
export { servingNames } from "./identity.ts";
export type { LogRequest, LogSource } from "./kubelet/index.ts";
export type { UserInfo } from "./registry/index.ts";
export { ClusterFileError, PortInUseError, type ServiceAccountKeys, type StaticToken } from "./server/index.ts";
export { startDevcluster } from "./start.ts";
