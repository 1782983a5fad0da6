export interface LeaderElectionOptions {
  /** Name of the Lease. Default: the manager's name. */
  readonly name?: string;
  /** Default: the namespace of the pod, or of the kubeconfig's context. */
  readonly namespace?: string;
  /** Default: `<host name>_<uuid>`. */
  readonly identity?: string;
  /** Milliseconds after which a lease that was not renewed may be taken. Default 15,000. */
  readonly leaseDurationMs?: number;
  /** Milliseconds within which a leader must have renewed, or it gives up. Default 10,000. */
  readonly renewDeadlineMs?: number;
  /** Milliseconds between tries. Default 2,000. */
  readonly retryPeriodMs?: number;
}

/** This process does not lead any more; what it was doing must end. */
export class LeadershipLostError extends Error {
  override readonly name = "LeadershipLostError";
  readonly code = "ERR_LEADERSHIP_LOST";
}
