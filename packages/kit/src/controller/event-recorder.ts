import { type Client, ConnectionError, dynamicResource, NotFoundError } from "../client/index.ts";
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
const TRIES = 3;

export interface EventRecorderOptions {
  /** Who reports: `source.component` of the Event. */
  readonly component: string;
  /** The node that the reporter runs on: `source.host`. Default: none. */
  readonly host?: string;
  readonly log?: Log;
  /** Time of day in milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

export interface WritingEventRecorder extends EventRecorder {
  /** Resolves when what was recorded so far is written, or given up. */
  flushed(): Promise<void>;
  /** Drops what waits and takes no more; resolves when nothing is under way. */
  stop(): Promise<void>;
}

/**
 * Writes Events about objects, correlated as client-go does: the same event again counts up, more than ten that differ
 * in their message alone within ten minutes become one, and an object that reports too much is cut off (25 at once, then
 * one in five minutes).
 *
 * Guarantees: `event` never throws and never waits. Caveats: an Event may be lost; nothing may depend on one.
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
  #stopped = false;
  #names = 0;

  constructor(client: Client, { component, host, log = silentLog, now = Date.now }: EventRecorderOptions) {
    this.#client = client;
    this.#component = component;
    this.#host = host;
    this.#log = log;
    this.#now = now;
    this.#correlator = new EventCorrelator(now);
  }

  event(object: EventSubject, reason: string, message: string, { type = "Normal", action, fieldPath }: EventOptions = {}): void {
    const { apiVersion, kind, metadata } = object;
    const about = `${apiVersion}/${kind}/${metadata.namespace ?? ""}/${metadata.name}/${metadata.uid ?? ""}/${fieldPath ?? ""}`;
    const entry = this.#correlator.take({ about, type, reason, message, ...(action === undefined ? {} : { action }) });
    if (!entry || this.#stopped || this.#waiting >= MAX_WAITING) return;
    const at = new Date(this.#now());
    this.#waiting++;
    const before = this.#writing.get(entry.key) ?? Promise.resolve();
    const writing = before
      .then(() => this.#inTurn(() => this.#attempt(entry, object, fieldPath, at)))
      .finally(() => {
        this.#waiting--;
        if (this.#writing.get(entry.key) === writing) this.#writing.delete(entry.key);
      });
    this.#writing.set(entry.key, writing);
  }

  async flushed(): Promise<void> {
    await Promise.all(this.#writing.values());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.flushed();
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
    }
  }

  async #attempt(entry: CorrelatedEvent, object: EventSubject, fieldPath: string | undefined, at: Date): Promise<void> {
    for (let tries = 1; !this.#stopped; tries++) {
      try {
        return await this.#write(entry, object, fieldPath, at);
      } catch (error) {
        if (error instanceof ConnectionError && tries < TRIES) continue;
        this.#log.warn({ err: error }, "an Event could not be written");
        return;
      }
    }
  }

  async #write(
    { key, type, reason, message, action }: CorrelatedEvent,
    { apiVersion, kind, metadata }: EventSubject,
    fieldPath: string | undefined,
    at: Date,
  ): Promise<void> {
    const namespace = metadata.namespace ?? "default";
    const time = at.toISOString().replace(/\.\d+Z$/, "Z");
    const known = this.#written.get(key);
    if (known) {
      try {
        await this.#client.patch(
          Event,
          { namespace, name: known.name },
          { type: "merge", patch: { count: known.count + 1, lastTimestamp: time, message } },
        );
        known.count++;
        return;
      } catch (error) {
        // Events live an hour; the next one starts anew.
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
    const { name: of, uid, resourceVersion } = metadata;
    // As client-go names them: the object, and nanoseconds in hexadecimal.
    const name = `${of}.${(BigInt(at.getTime()) * 1_000_000n + BigInt(this.#names++ % 1_000_000)).toString(16)}`;
    await this.#client.create(Event, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: { apiVersion, kind, name: of, namespace: metadata.namespace, uid, resourceVersion, fieldPath },
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
    } as never);
    if (this.#written.size >= REMEMBERED) this.#written.delete(this.#written.keys().next().value!);
    this.#written.set(key, { name, count: 1 });
  }
}
