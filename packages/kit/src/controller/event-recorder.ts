import { randomUUID } from "node:crypto";
import { dnsSubdomainProblems } from "../api/index.ts";
import {
  AlreadyExistsError,
  type Client,
  ConnectionError,
  dynamicResource,
  NotFoundError,
  StatusError,
  TooManyRequestsError,
} from "../client/index.ts";
import { type Clock, systemClock } from "../queue/index.ts";
import type { EventOptions, EventRecorder, EventSubject } from "./event.ts";
import { type CorrelatedEvent, EventCorrelator } from "./event-correlator.ts";
import { type Log, silentLog } from "./log.ts";

const Event = dynamicResource("v1", "Event", "events", "Namespaced");
/** Events that wait to be written; more are dropped rather than kept for a server that is away. */
const MAX_WAITING = 5000;
/** Writes under way at a time: Events must not crowd out the work that they tell of. */
const PARALLEL = 4;
/** Written events that are remembered to be counted up. */
const REMEMBERED = 4096;
/** How often a write is tried, and the time between, as client-go does: an API server may take two minutes to be replaced. */
const TRIES = 12;
const PAUSE_MS = 10_000;

/** Whom an event recorder names as the reporter, and how it writes. */
export interface EventRecorderOptions {
  /** Who reports: `source.component` of the Event. */
  readonly component: string;
  /** The node that the reporter runs on: `source.host`. Default: none. */
  readonly host?: string;
  readonly log?: Log;
  /** Time of day in milliseconds. Default `Date.now`. */
  readonly now?: () => number;
  /** For the time between two tries. */
  readonly clock?: Clock;
}

/** What is to be written: no more of the object than its name, so that Events that wait keep no objects. */
interface Report extends CorrelatedEvent {
  readonly involvedObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string | undefined;
    readonly namespace: string | undefined;
    readonly uid: string | undefined;
    readonly resourceVersion: string | undefined;
    readonly fieldPath: string | undefined;
  };
  /** Of the Event. */
  readonly name: string;
  readonly time: string;
}

export interface WritingEventRecorder extends EventRecorder {
  /** Resolves when what was recorded is written or given up, but for what failed and is to be tried again later, and what waits behind that. */
  flushed(): Promise<void>;
  /** Drops what waits or is under way, and takes no more; resolves when nothing is under way. */
  stop(): Promise<void>;
}

/**
 * Writes Events about objects, correlated as client-go does: the same event again counts up, more than ten that differ
 * in their message alone within ten minutes become one, and who reports too much of one type about an object is cut off (25 at once, then
 * one in five minutes). What cannot be written since the server is away, or overloaded, or has an error of its own, is tried
 * for two minutes; what the server refuses is not.
 *
 * Guarantees: `event` never throws and never waits; what waits to be written is bounded. Caveats: an Event may be lost;
 * nothing may depend on one.
 */
export function eventRecorder(client: Client, options: EventRecorderOptions): WritingEventRecorder {
  return new ApiEventRecorder(client, options);
}

class ApiEventRecorder implements WritingEventRecorder {
  readonly #client: Client;
  readonly #component: string;
  readonly #host: string | undefined;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #correlator: EventCorrelator;
  readonly #written = new Map<string, { readonly name: string; count: number }>();
  /** What is being written, by event: the counts of one go up one after the other, different ones side by side. */
  readonly #writing = new Map<string, Promise<void>>();
  #waiting = 0;
  #running = 0;
  readonly #turns: (() => void)[] = [];
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  /** The pauses between two tries are its own, or else it would not hear of the wish to stop, and be at it twelve times as long. */
  readonly #options = { signal: this.#stop.signal, maxRetries: 0 };
  #pauses = 0;
  /** Those that wait until everything is written, or will take longer. */
  readonly #flushing = new Set<() => void>();
  #names = 0;

  constructor(client: Client, { component, host, log = silentLog, now = Date.now, clock = systemClock }: EventRecorderOptions) {
    this.#client = client;
    this.#component = component;
    this.#host = host;
    this.#log = log;
    this.#now = now;
    this.#clock = clock;
    this.#correlator = new EventCorrelator(now);
  }

  event(object: EventSubject, reason: string, message: string, { type = "Normal", action, fieldPath }: EventOptions = {}): void {
    const { apiVersion, kind, metadata } = object;
    const { name, namespace, uid, resourceVersion } = metadata;
    const about = `${apiVersion}/${kind}/${namespace ?? ""}/${name}/${uid ?? ""}`;
    const entry = this.#correlator.take({ about, fieldPath, type, reason, message, ...(action === undefined ? {} : { action }) });
    if (!entry || this.#stop.signal.aborted || this.#waiting >= MAX_WAITING) return;
    const at = this.#now();
    const report: Report = {
      ...entry,
      involvedObject: { apiVersion, kind, name, namespace, uid, resourceVersion, fieldPath },
      name: this.#nameFor(name ?? "", at),
      time: new Date(at).toISOString().replace(/\.\d+Z$/, "Z"),
    };
    this.#waiting++;
    const before = this.#writing.get(entry.key) ?? Promise.resolve();
    const writing = before
      .then(() => this.#inTurn(() => this.#attempt(report)))
      .finally(() => {
        this.#waiting--;
        if (this.#writing.get(entry.key) === writing) this.#writing.delete(entry.key);
      });
    this.#writing.set(entry.key, writing);
  }

  async flushed(): Promise<void> {
    if (this.#waiting === 0) return;
    await new Promise<void>((resolve) => {
      this.#flushing.add(resolve);
      this.#tellIfStill();
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#writing.values());
  }

  /** Tells those who flush when all that is left waits for another try, or for the turn of one that does. */
  #tellIfStill(): void {
    if (this.#flushing.size === 0) return;
    // What is next in a turn, or has the same key, takes it before this.
    setImmediate(() => {
      if (this.#running > this.#pauses) return;
      for (const told of this.#flushing) told();
      this.#flushing.clear();
    });
  }

  async #inTurn(write: () => Promise<void>): Promise<void> {
    if (this.#running < PARALLEL) this.#running++;
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
    try {
      await write();
    } finally {
      const next = this.#turns.shift();
      if (next) next();
      else this.#running--;
      this.#tellIfStill();
    }
  }

  async #attempt(report: Report): Promise<void> {
    for (let tries = 1; !this.#stop.signal.aborted; tries++) {
      try {
        return await this.#write(report, tries > 1);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (tries === TRIES || !mayPass(error)) {
          this.#log.warn({ err: error }, "an Event could not be written");
          return;
        }
        this.#log.debug({ err: error }, "an Event could not be written yet");
        // Those who lost the same server do not come back at the same moment.
        await this.#pause(tries === 1 ? Math.round(PAUSE_MS * Math.random()) : PAUSE_MS);
      }
    }
  }

  /** Keeps its turn: where one write fails, others would, too. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    this.#pauses++;
    this.#tellIfStill();
    await new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      const cancel = this.#clock.after(ms, () => {
        signal.removeEventListener("abort", end);
        resolve();
      });
      const end = (): void => {
        cancel();
        resolve();
      };
      signal.addEventListener("abort", end, { once: true });
    });
    this.#pauses--;
  }

  async #write(report: Report, again: boolean): Promise<void> {
    const { key, message, involvedObject, name, time } = report;
    const namespace = involvedObject.namespace ?? "default";
    const known = this.#written.get(key);
    if (known) {
      try {
        await this.#client.patch(
          Event,
          { namespace, name: known.name },
          { type: "merge", patch: { count: known.count + 1, lastTimestamp: time, message } },
          this.#options,
        );
        known.count++;
        return;
      } catch (error) {
        // Events live an hour; the next one starts anew.
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
    try {
      await this.#client.create(Event, this.#eventOf(report, namespace), this.#options);
    } catch (error) {
      // Made by the try before, whose answer was lost.
      if (!(again && error instanceof AlreadyExistsError)) throw error;
    }
    if (this.#written.size >= REMEMBERED) this.#written.delete(this.#written.keys().next().value!);
    this.#written.set(key, { name, count: 1 });
  }

  #eventOf({ type, reason, message, action, involvedObject, name, time }: Report, namespace: string): never {
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject,
      type,
      reason,
      message,
      action,
      source: { component: this.#component, host: this.#host },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      reportingComponent: this.#component,
      reportingInstance: this.#host ?? "",
    } as never;
  }

  /** As client-go names Events: the object, and nanoseconds in hexadecimal; or anything, where an Event cannot have the object's name in its own. */
  #nameFor(object: string, at: number): string {
    const name = `${object}.${(BigInt(at) * 1_000_000n + BigInt(this.#names++ % 1_000_000)).toString(16)}`;
    return dnsSubdomainProblems(name).length === 0 ? name : randomUUID();
  }
}

/** Whether the same write may go through later: it is not the event's fault. */
function mayPass(error: unknown): boolean {
  if (error instanceof StatusError) return error instanceof TooManyRequestsError || error.statusCode >= 500;
  return error instanceof ConnectionError && error.reason !== "CLOSED";
}
