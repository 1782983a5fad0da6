import { type AgentAddress, AgentClient, AgentError } from "./agent-client.ts";
import { Gate } from "./gate.ts";

/** A pod as far as its agent is concerned. */
export interface AgentPod {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly address: string;
}

export interface DriverOptions {
  /** Where the agent of a pod listens. Default: the pod's IP and the port of the fault. */
  readonly dial?: (pod: AgentPod, port: number) => AgentAddress;
  /** How long a fault holds without being renewed, milliseconds. Default 60,000; renewed after a third of it. */
  readonly ttlMs?: number;
  /** How long an agent may take to answer, milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  /** Requests under way at one time in one namespace, over all its faults. Default 32. */
  readonly concurrency?: number;
  /** The first delay before another try at an agent that failed, milliseconds. Default 1,000; doubled up to 30,000. */
  readonly retryMs?: number;
  /** The time of day in milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/** What is asked of the agents of one fault. */
export interface Order {
  /** The fault's uid: what is remembered is remembered by it. */
  readonly fault: string;
  /** Its name on the agents. */
  readonly name: string;
  readonly port: number;
  readonly token?: string;
}

/** What became of one pod. `againAt`: when it needs attention again, milliseconds of the epoch. */
export type Outcome =
  | { readonly state: "Applied"; readonly againAt: number }
  | { readonly state: "Recovered"; readonly reason?: "Expired" }
  | { readonly state: "Failed"; readonly reason: string; readonly message: string; readonly againAt: number };

interface Memory {
  /** The body that the agent accepted last, without its time limit, where it was sent, and when it was to end. */
  body?: string;
  /** What was last asked, accepted or not. */
  asked?: string;
  renewAt: number;
  /** Until when the fault may be in force if nobody speaks to the agent any more; 0: it is not. */
  holdsUntil: number;
  failures: number;
  failure?: { readonly reason: string; readonly message: string };
  retryAt: number;
}

const LONGEST_RETRY_MS = 30_000;
/** Beyond a fault's time limit: clocks, and what was on its way. */
const SLACK_MS = 2_000;
/** The agents take no less. */
const SHORTEST_TTL_MS = 1000;
/** What was asked last, where it was no fault. */
const REMOVAL = "removal";

/**
 * Makes agents hold the faults that they should, and no others.
 *
 * Guarantees
 * - A fault is sent with a time limit and renewed after a third of it: when nobody renews it, it ends.
 * - What an agent holds already is not sent again before that, unless its end moves; what failed is tried again after 1 s · 2ⁿ, at most 30 s, and at once when it changes.
 * - A removal that an agent does not answer counts as done once the time limit of what was last sent is over.
 * - At most so many requests are under way at a time in a namespace; silent agents there hold up no other namespace's.
 *
 * Caveats
 * - What was sent is remembered here alone: after a restart each fault is sent once more, and a removal counts from the first try.
 */
export class Driver {
  readonly #options: Required<Omit<DriverOptions, "dial">>;
  readonly #dial: (pod: AgentPod, port: number) => AgentAddress;
  readonly #client: AgentClient;
  readonly #gates = new Map<string, { readonly gate: Gate; passing: number }>();
  readonly #memory = new Map<string, Map<string, Memory>>();

  constructor({ dial, ...options }: DriverOptions = {}) {
    this.#options = { ttlMs: 60_000, timeoutMs: 5_000, concurrency: 32, retryMs: 1_000, now: Date.now, ...options };
    this.#dial = dial ?? ((pod, port) => ({ host: pod.address, port }));
    this.#client = new AgentClient({ timeoutMs: this.#options.timeoutMs });
  }

  get ttlMs(): number {
    return this.#options.ttlMs;
  }

  /**
   * Has the pod's agent hold `body`.
   *
   * @param endsAt when the fault ends by itself, milliseconds of the epoch; never where it is left out
   */
  async apply(order: Order, pod: AgentPod, body: object, endsAt: number | undefined, signal: AbortSignal): Promise<Outcome> {
    const memory = this.#of(order.fault, pod.uid);
    // With the end: what was sent before it moved ends when it should no more.
    const text = JSON.stringify([body, order.port, pod.address, endsAt]);
    const before = this.#options.now();
    if (memory.body === text && before < memory.renewAt) return { state: "Applied", againAt: memory.renewAt };
    if (memory.failure && memory.asked === text && before < memory.retryAt)
      return { state: "Failed", ...memory.failure, againAt: memory.retryAt };
    const outcome = await this.#gated(pod, async (): Promise<Outcome> => {
      signal.throwIfAborted();
      const now = this.#options.now();
      const left = (endsAt ?? Number.POSITIVE_INFINITY) - now;
      const ttl = Math.max(Math.min(this.#options.ttlMs, left), SHORTEST_TTL_MS);
      // About to end: what is there ends by itself, and what is not is not worth a moment.
      if (left < 1) return { state: "Applied", againAt: now };
      memory.asked = text;
      try {
        await this.#client.put(this.#dial(pod, order.port), order.name, { ...body, ttl: `${Math.ceil(ttl)}ms` }, order.token);
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        if (error.uncertain) memory.holdsUntil = Math.max(memory.holdsUntil, this.#options.now() + ttl);
        return this.#failed(memory, error);
      }
      memory.body = text;
      memory.failures = 0;
      delete memory.failure;
      memory.holdsUntil = this.#options.now() + ttl;
      memory.renewAt = endsAt !== undefined && now + ttl >= endsAt ? endsAt : now + ttl / 3;
      return { state: "Applied", againAt: memory.renewAt };
    });
    return outcome;
  }

  /**
   * Has the pod's agent let go of the fault.
   *
   * @param since when the fault was renewed for the last time at the latest, where that is known: it ended a time limit later
   */
  async remove(order: Order, pod: AgentPod, since: number | undefined, signal: AbortSignal): Promise<Outcome> {
    const known = this.#memory.get(order.fault)?.has(pod.uid) ?? false;
    const memory = this.#of(order.fault, pod.uid);
    // Nothing is known of what an earlier process sent: it counts as sent now.
    if (!known) memory.holdsUntil = (since ?? this.#options.now()) + this.#options.ttlMs;
    const first = memory.asked !== REMOVAL;
    if (!first && this.#options.now() < memory.retryAt && this.#options.now() < memory.holdsUntil + SLACK_MS)
      return { state: "Failed", ...memory.failure!, againAt: Math.min(memory.retryAt, memory.holdsUntil + SLACK_MS) };
    if (first) memory.failures = 0;
    memory.asked = REMOVAL;
    return this.#gated(pod, async (): Promise<Outcome> => {
      signal.throwIfAborted();
      try {
        await this.#client.remove(this.#dial(pod, order.port), order.name, order.token);
        this.forget(order.fault, pod.uid);
        return { state: "Recovered" };
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        const end = memory.holdsUntil === 0 ? 0 : memory.holdsUntil + SLACK_MS;
        if (this.#options.now() >= end) {
          this.forget(order.fault, pod.uid);
          return { state: "Recovered", ...(end === 0 ? {} : { reason: "Expired" as const }) };
        }
        const failed = this.#failed(memory, error);
        return { ...failed, againAt: Math.min(failed.againAt, end) };
      }
    });
  }

  /** Forgets a pod, or a fault with all its pods. */
  forget(fault: string, pod?: string): void {
    if (pod !== undefined) this.#memory.get(fault)?.delete(pod);
    if (pod === undefined || this.#memory.get(fault)?.size === 0) this.#memory.delete(fault);
  }

  close(): void {
    this.#client.close();
  }

  /** A gate lasts as long as somebody passes it or waits: namespaces come and go. */
  async #gated<T>({ namespace }: AgentPod, work: () => Promise<T>): Promise<T> {
    const entry = this.#gates.get(namespace) ?? { gate: new Gate(this.#options.concurrency), passing: 0 };
    this.#gates.set(namespace, entry);
    entry.passing++;
    try {
      return await entry.gate.run(work);
    } finally {
      if (--entry.passing === 0) this.#gates.delete(namespace);
    }
  }

  #of(fault: string, pod: string): Memory {
    const pods = this.#memory.get(fault) ?? new Map<string, Memory>();
    const memory = pods.get(pod) ?? { renewAt: 0, holdsUntil: 0, failures: 0, retryAt: 0 };
    this.#memory.set(fault, pods.set(pod, memory));
    return memory;
  }

  #failed(memory: Memory, { reason, message }: AgentError): Outcome & { readonly state: "Failed" } {
    const delay = Math.min(this.#options.retryMs * 2 ** memory.failures++, LONGEST_RETRY_MS);
    memory.retryAt = this.#options.now() + delay;
    memory.failure = { reason, message };
    delete memory.body;
    return { state: "Failed", reason, message, againAt: memory.retryAt };
  }
}
