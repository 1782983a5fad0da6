import type { Client, ClusterAccess, KubeconfigOptions } from "../client/index.ts";
import type { Log } from "../controller/index.ts";
import { type LeaderElectionOptions, LeaderElector, LeadershipLostError } from "./leader-election.ts";
import { leaseThread } from "./lease-thread.ts";

/** A lease that somebody looks after: a thread of its own, or (where there is only a client) this one. */
export interface HeldLease {
  /** Resolves when this process leads. */
  readonly acquired: Promise<void>;
  /** Resolves, once, when leadership is lost. */
  readonly lost: Promise<Loss>;
  /** Whether nobody else can have the lease at this moment, by the clock alone: true until then without asking anybody. */
  valid(): boolean;
  /** What the lease guarded has ended: the process need not be ended for it. */
  acknowledge(): void;
  /** Stops renewing; gives the lease back when `giveBack`. Never rejects. */
  stop(giveBack: boolean): Promise<void>;
}

export interface Loss {
  readonly error: LeadershipLostError;
  /** Milliseconds within which what the lease guards must have ended. */
  readonly endWithinMs: number;
}

export interface LeaseParts {
  /** The cluster as a thread can reach it; without it the lease is looked after in this thread, with the client. */
  readonly cluster: ClusterAccess | KubeconfigOptions | undefined;
  readonly client: Client;
  readonly name: string;
  readonly userAgent: string;
  readonly log: Log;
  readonly onRequest: ((method: string, code: string, host: string) => void) | undefined;
}

/** Share of the time between renew deadline and lease that is kept free, for the process to be gone by then. */
const SPARE = 0.2;

/** Begins to compete for the lease. @throws RangeError when the times do not fit together. */
export function leaseOf(given: LeaderElectionOptions, parts: LeaseParts): HeldLease {
  const { cluster, client, log, userAgent, onRequest } = parts;
  const options = { ...given, name: parts.name, namespace: given.namespace ?? client.namespace };
  // Made in any case: it checks the times, and gives the thread's candidate its name.
  const elector = new LeaderElector({ client, log, options });
  const spareMs = SPARE * elector.spareMs;
  if (cluster === undefined) return leaseHere(elector, spareMs);
  return leaseThread({ cluster, userAgent, options: { ...options, identity: elector.identity }, spareMs, log, onRequest });
}

/** Looks after the lease in this thread, for a client that cannot be made again in another. */
function leaseHere(elector: LeaderElector, spareMs: number): HeldLease {
  const end = new AbortController();
  const acquired = elector.acquire(end.signal);
  acquired.catch(() => {});
  const lost = Promise.withResolvers<Loss>();
  const holding = acquired
    .then(() => elector.hold(end.signal))
    .catch((cause: unknown) => {
      if (end.signal.aborted) return;
      const error = cause instanceof LeadershipLostError ? cause : new LeadershipLostError(String(cause), { cause });
      lost.resolve({ error, endWithinMs: Math.max(0, elector.leftMs - spareMs) });
    });
  return {
    acquired,
    lost: lost.promise,
    valid: () => elector.leftMs > 0,
    acknowledge() {},
    async stop(giveBack) {
      end.abort(new DOMException("stopped", "AbortError"));
      await holding;
      if (giveBack) await elector.release();
    },
  };
}
