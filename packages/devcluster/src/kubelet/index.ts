/**
 * A node without containers: it registers itself, keeps its heartbeat, and takes the pods bound to it through the stages of
 * their lives, which are data.
 *
 * Guarantees
 * - A pod's status goes the way that a real kubelet's goes: waiting, init containers in order, sidecars that stay, running,
 *   ready when its readiness gates are; an image that changes restarts that container alone; a deleted pod goes after its end.
 * - Works against any API server of Kubernetes 1.36; `stop` leaves nothing running.
 * - A pod that idles costs no timer and no write.
 *
 * Caveats
 * - Nothing is executed: probes hold unless the image's stage makes them fail (`unready/…`, `unlive/…`, `unstarted/…`), lifecycle hooks are not run, volumes are not mounted, log lines are made up.
 */
export { type KubeletOptions, type RunningKubelet, startKubelet } from "./kubelet.ts";
export type { LogRequest, LogSource } from "./log-source.ts";
export { DEFAULT_STAGES, type ImageStage, type Stages } from "./stages.ts";
