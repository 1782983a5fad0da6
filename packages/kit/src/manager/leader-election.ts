import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { isDeepStrictEqual } from "node:util";
import { AlreadyExistsError, type Client, ConflictError, dynamicResource, NotFoundError, StatusError } from "../client/index.ts";
import { causes, type Log } from "../controller/index.ts";
import { type Clock, systemClock, timeoutSignal } from "../queue/index.ts";
import { leaseHint } from "./access-hints.ts";

/** Which lease is held, and for how long. */
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

const JITTER = 1.2;
const Lease = dynamicResource("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");

interface LeaseObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
  readonly spec: LeaseSpec;
}
interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** What a leader elector works with. */
export interface LeaderElectorParts {
  readonly client: Client;
  readonly log: Log;
  readonly options: LeaderElectionOptions & { readonly name: string; readonly namespace: string };
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Told after each renewal for how many milliseconds from now nobody else may take the lease. */
  readonly onRenewed?: (leftMs: number) => void;
}

/**
 * One candidate for a Lease (`client-go/tools/leaderelection`).
 *
 * Guarantees
 * - A lease held by another is taken only after its spec stood unchanged, by this process's own clock, for as long as it says.
 * - A leader that could not renew within the renew deadline counts as lost, before anybody else may take the lease. A try
 *   that hangs is cut off by then.
 * - Time is that of a clock that only grows: setting the time of day, forwards or backwards, changes nothing.
 * - Writes carry the version that was read, so of two that try at once one wins.
 *
 * Assumptions: clocks of candidates run at about the same rate; they need not show the same time.
 *
 * Caveats: that clock stands still while the machine sleeps (so does client-go's); one that wakes finds its lease taken
 * at its next renewal.
 */
export class LeaderElector {
  readonly identity: string;
  readonly #parts: LeaderElectorParts;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #leaseMs: number;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  /** The lease as last read, and when it last changed by our clock. */
  #observed: LeaseObject | undefined;
  #observedAt = 0;
  #renewedAt = 0;
  /** A write that takes the lease was sent, and what became of it is not known: it may be ours. */
  #unsure = false;

  constructor(parts: LeaderElectorParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#random = parts.random ?? Math.random;
    const { identity, leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000 } = parts.options;
    if (!(leaseDurationMs > renewDeadlineMs && renewDeadlineMs > retryPeriodMs * JITTER)) {
      throw new RangeError(
        `leader election needs leaseDuration > renewDeadline > retryPeriod · ${JITTER}, not ${leaseDurationMs}, ${renewDeadlineMs}, ${retryPeriodMs} ms`,
      );
    }
    this.identity = identity ?? `${hostname()}_${randomUUID()}`;
    this.#leaseMs = leaseDurationMs;
    this.#deadlineMs = renewDeadlineMs;
    this.#retryMs = retryPeriodMs;
  }

  /** Resolves when this process leads; rejects with the signal's reason when that ends first. */
  async acquire(signal: AbortSignal): Promise<void> {
    let holder: string | undefined;
    while (!(await this.#attempt(signal))) {
      const now = this.#observed?.spec.holderIdentity;
      if (now !== holder) this.#parts.log.info({ lease: this.#parts.options.name, holder: now }, "waiting for the lease");
      holder = now;
      await this.#pause(this.#retryMs * (1 + JITTER * this.#random()), signal);
    }
    this.#parts.log.info({ lease: this.#parts.options.name, identity: this.identity }, "leading");
  }

  /** Renews until the signal ends; rejects with `LeadershipLostError` when that did not succeed in time, or another leads. */
  async hold(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#pause(this.#retryMs, signal);
      } catch {
        return;
      }
      // Also before the attempt: a process that stood still must not take up again what it may have lost.
      this.#checkDeadline();
      await this.#attempt(signal).catch(() => {});
      if (signal.aborted) return;
      const holder = this.#observed?.spec.holderIdentity;
      if (holder !== this.identity) throw new LeadershipLostError(`lease ${this.#parts.options.name} is held by ${holder || "nobody"}`);
      this.#checkDeadline();
    }
  }

  /** Milliseconds until the lease may be another's, counted from before the last renewal was sent. */
  get leftMs(): number {
    return this.#renewedAt + this.#leaseMs - this.#clock.now();
  }

  /** Milliseconds between giving up and the end of the lease. */
  get spareMs(): number {
    return this.#leaseMs - this.#deadlineMs;
  }

  #checkDeadline(): void {
    const sinceRenewal = this.#clock.now() - this.#renewedAt;
    if (sinceRenewal >= this.#deadlineMs)
      throw new LeadershipLostError(`lease ${this.#parts.options.name} was not renewed for ${Math.round(sinceRenewal)} ms`);
  }

  /** Gives the lease back, so that the next one need not wait. Never throws. */
  async release(): Promise<void> {
    let lease = this.#observed;
    if (lease?.spec.holderIdentity !== this.identity && !this.#unsure) return;
    const signal = timeoutSignal(this.#deadlineMs);
    try {
      if (this.#unsure) lease = await this.#read(signal);
      if (lease?.spec.holderIdentity !== this.identity) return;
      try {
        await this.#giveBack(lease, signal);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        // A renewal whose answer was not waited for has raised the version: what counts is who holds the lease now.
        lease = await this.#read(signal);
        if (lease?.spec.holderIdentity === this.identity) await this.#giveBack(lease, signal);
      }
    } catch (error) {
      this.#parts.log.warn({ err: error }, "the lease could not be given back; it runs out by itself");
    }
  }

  async #giveBack(lease: LeaseObject, signal: AbortSignal): Promise<void> {
    const now = microTime();
    const { leaseTransitions = 0 } = lease.spec;
    await this.#update(lease, { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions }, signal);
  }

  /** Takes or renews the lease if it may; true when this process holds it now. */
  async #attempt(stop: AbortSignal): Promise<boolean> {
    // A call that hangs must eat neither the whole deadline nor more than is left of it.
    const holds = this.#observed?.spec.holderIdentity === this.identity;
    const left = holds ? Math.max(1, this.#renewedAt + this.#deadlineMs - this.#clock.now()) : this.#deadlineMs;
    const signal = AbortSignal.any([stop, timeoutSignal(Math.min(left, this.#deadlineMs / 2))]);
    // Taken before the write: the others count from when they see it, which is later.
    const start = this.#clock.now();
    try {
      if (this.#observed?.spec.holderIdentity === this.identity && start - this.#renewedAt < this.#leaseMs) {
        try {
          return await this.#renew(this.#observed, start, signal);
        } catch (error) {
          if (!(error instanceof ConflictError || error instanceof NotFoundError)) throw error;
        }
      }
      const lease = await this.#read(signal);
      if (lease === undefined) return await this.#create(start, signal);
      const { holderIdentity, leaseDurationSeconds = this.#leaseMs / 1000 } = lease.spec;
      if (holderIdentity === this.identity) return await this.#renew(lease, start, signal);
      if (holderIdentity && this.#clock.now() < this.#observedAt + leaseDurationSeconds * 1000) return false;
      const now = microTime();
      await this.#update(
        lease,
        { ...this.#claim(now), acquireTime: now, leaseTransitions: (lease.spec.leaseTransitions ?? 0) + 1 },
        signal,
      );
      this.#renewed(start);
      return true;
    } catch (error) {
      if (stop.aborted) throw stop.reason;
      if (!(error instanceof ConflictError || error instanceof AlreadyExistsError)) this.#refused(error);
      return false;
    }
  }

  #refused(error: unknown): void {
    const { name, namespace } = this.#parts.options;
    const hint = leaseHint(error, name, namespace);
    if (hint) this.#parts.log.warn({ error: causes(error), lease: name }, hint);
    else this.#parts.log.warn({ err: error, lease: name }, "the lease could not be read or written");
  }

  async #read(signal: AbortSignal): Promise<LeaseObject | undefined> {
    const { name, namespace } = this.#parts.options;
    const lease = (await this.#parts.client.find(Lease, { name, namespace }, { signal })) as LeaseObject | undefined;
    // Only what the lease says counts: whoever annotates it does not renew it.
    if (lease && this.#observed && isDeepStrictEqual(lease.spec, this.#observed.spec)) this.#observed = lease;
    else if (lease) this.#observe(lease);
    return lease;
  }

  async #create(start: number, signal: AbortSignal): Promise<boolean> {
    const { name, namespace } = this.#parts.options;
    const now = microTime();
    const lease = {
      apiVersion: Lease.apiVersion,
      kind: Lease.kind,
      metadata: { name, namespace },
      spec: { ...this.#claim(now), acquireTime: now, leaseTransitions: 0 },
    };
    await this.#write(() => this.#parts.client.create(Lease, lease as never, { signal }));
    this.#renewed(start);
    return true;
  }

  async #renew(lease: LeaseObject, start: number, signal: AbortSignal): Promise<boolean> {
    await this.#update(lease, { ...lease.spec, ...this.#claim(microTime()) }, signal);
    this.#renewed(start);
    return true;
  }

  #renewed(start: number): void {
    this.#renewedAt = start;
    this.#parts.onRenewed?.(this.leftMs);
  }

  #claim(now: string): LeaseSpec {
    return { holderIdentity: this.identity, leaseDurationSeconds: Math.ceil(this.#leaseMs / 1000), renewTime: now };
  }

  async #update(lease: LeaseObject, spec: LeaseSpec, signal: AbortSignal): Promise<void> {
    await this.#write(() => this.#parts.client.update(Lease, { ...lease, spec } as never, { signal }));
  }

  async #write(write: () => Promise<unknown>): Promise<void> {
    const before = this.#unsure;
    this.#unsure = true;
    try {
      this.#observe((await write()) as LeaseObject);
      this.#unsure = false;
    } catch (error) {
      // What the server refused it did not do; a conflict may be with our own write of before.
      if (error instanceof StatusError && error.statusCode < 500) this.#unsure = before;
      throw error;
    }
  }

  #observe(lease: LeaseObject): void {
    this.#observed = lease;
    this.#observedAt = this.#clock.now();
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const end = (): void => {
        cancel();
        reject(signal.reason);
      };
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener("abort", end);
        resolve();
      });
      signal.addEventListener("abort", end, { once: true });
    });
  }
}

/** `metav1.MicroTime` */
function microTime(): string {
  return `${new Date().toISOString().slice(0, -1)}000Z`;
}
