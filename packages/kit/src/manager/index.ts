/**
 * Runs controllers, webhooks and services as one process.
 *
 * Guarantees
 * - Start: probes and metrics, then webhooks (conversions are answered at once, admission with 503 until caches have
 *   synced), then caches, then (once leading) services and controllers. Stop in reverse, but for the
 *   caches, which go on until the webhooks have drained; what is under way gets the grace period as a whole.
 * - `/readyz` succeeds from when webhooks serve and caches have synced, leading or not: else a rolling update of one replica
 *   would wait for a pod that waits for the lease of the pod that it replaces.
 * - The lease is renewed in a thread of its own, whatever the main thread does, and given back once what it guards has
 *   stopped; never while a controller may still act.
 * - Losing the lease ends every signal and rejects `run` with `LeadershipLostError`, before another can lead. From that
 *   moment writes of controllers and elected services are refused, also in a process that stood still and wakes.
 * - A part that cannot start, or fails, ends `run` with its error, and what was started is stopped; so does the wish to stop,
 *   whatever other parts are still waiting for.
 * - `/readyz` is 200 while webhooks serve and caches are synced, on a standby too; 500 before, and once it is to stop.
 * - Two controllers of one name are refused.
 * - Series of metrics stand at 0 from the start, under controller-runtime's names.
 * - No signal handler is installed unless `run({ stopOn })` asks for it.
 * - The process is never ended, with one exception: when the lease is lost and the main thread is blocked, so that nothing
 *   else can stop it from acting when it goes on, the lease's thread says so on standard error and sends SIGKILL.
 *
 * Assumptions
 * - The program ends when `run` rejects with `LeadershipLostError`.
 *
 * Caveats
 * - A write that was sent before the lease ended may arrive after.
 * - A manager that was given a client without a `kubeconfig` renews the lease in its own thread.
 * - An exec plugin that must ask on a terminal cannot do so from the lease's thread.
 */
export { type EventRecorderOptions, eventRecorder, type WritingEventRecorder } from "../controller/index.ts";
export type { MetricFamilies, MetricSource } from "../metrics/index.ts";
export { type DrainOptions, drain, ForeignFinalizersError } from "./drain.ts";
export { drainRules, mustDrain } from "./drain-rules.ts";
export { type LeaderElectionOptions, LeaderElector, type LeaderElectorParts, LeadershipLostError } from "./leader-election.ts";
export { defaultLog, jsonLog, type LogLevel, terminalLog } from "./log.ts";
export {
  type Manager,
  type ManagerOptions,
  manager,
  type RunningService,
  type RunOptions,
  type Service,
  type ServiceContext,
} from "./manager.ts";
export { type ManagerRules, managerRules } from "./manager-rules.ts";
export type { SecureMetricsOptions } from "./secure-metrics.ts";
export { type ThreadManagerOptions, type ThreadModule, type WorkerManagerOptions, workerManager } from "./worker-manager.ts";
