/**
 * Runs controllers, webhooks and services as one process.
 *
 * Guarantees
 * - Start: probes and metrics, then webhooks (they answer 503 until caches have synced), then caches, then (once leading)
 *   controllers. Stop in reverse; what is under way gets the grace period; the lease is given back last.
 * - A part that cannot start ends `run` with its error, and what was started is stopped.
 * - Losing the lease ends every signal and rejects `run` with `LeadershipLostError`.
 * - No signal handler is installed, and the process never ended, unless `run({ stopOn })` asks for the former.
 */
export { type EventRecorderOptions, eventRecorder, type WritingEventRecorder } from "./events.ts";
export { type LeaderElectionOptions, LeaderElector, type LeaderElectorParts, LeadershipLostError } from "./leader-election.ts";
export {
  type Manager,
  type ManagerOptions,
  manager,
  type RunningService,
  type RunOptions,
  type Service,
  type ServiceContext,
} from "./manager.ts";
