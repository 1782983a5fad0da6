import type { KubeObject } from "../api/index.ts";
import { type Client, ConnectionError, dynamicResource, NotFoundError } from "../client/index.ts";
import { type EventOptions, type EventRecorder, type Log, silentLog } from "../controller/index.ts";
import { EventCorrelator } from "./event-correlator.ts";

const Event = dynamicResource("v1", "Event", "events", "Namespaced");
/** Events that wait to be written; more are dropped rather than kept for a server that is away. */
const MAX_WAITING = 1000;
const TRIES = 3;

export interface EventRecorderOptions {
  /** Who reports: `source.component` of the Event. */
  readonly component: string;
  readonly log?: Log;
  /** Time of day in milliseconds. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Writes Events about objects, correlated as client-go does: the same event again counts up, more than ten that differ
 * in their message alone within ten minutes become one, and an object that reports too much is cut off (25 at once, then
 * one in five minutes).
 *
 * Guarantees: `event` never throws and never waits. Caveats: an Event may be lost; nothing may depend on one.
 */
export function eventRecorder(
  client: Client,
  { component, log = silentLog, now = Date.now }: EventRecorderOptions,
): EventRecorder & { flushed(): Promise<void> } {
  const correlator = new EventCorrelator(now);
  const written = new Map<string, { name: string; count: number }>();
  let waiting = 0;
  let last = Promise.resolve();

  const write = async (namespace: string, entry: ReturnType<EventCorrelator["take"]> & object, about: object, at: Date): Promise<void> => {
    const { key, type, reason, message, action } = entry;
    const lastTimestamp = at.toISOString().replace(/\.\d+Z$/, "Z");
    const known = written.get(key);
    if (known) {
      try {
        await client.patch(
          Event,
          { namespace, name: known.name },
          { type: "merge", patch: { count: known.count + 1, lastTimestamp, message } },
        );
        known.count++;
        return;
      } catch (error) {
        // Events live an hour; the next one starts anew.
        if (!(error instanceof NotFoundError)) throw error;
      }
    }
    const name = `${(about as { name?: string }).name}.${(BigInt(at.getTime()) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n)).toString(16)}`;
    await client.create(Event, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: about,
      type,
      reason,
      message,
      action,
      source: { component },
      firstTimestamp: lastTimestamp,
      lastTimestamp,
      count: 1,
      reportingComponent: component,
      reportingInstance: "",
    } as never);
    if (written.size > 4096) written.delete(written.keys().next().value!);
    written.set(key, { name, count: 1 });
  };

  const attempt = async (run: () => Promise<void>): Promise<void> => {
    for (let tries = 1; ; tries++) {
      try {
        return await run();
      } catch (error) {
        if (error instanceof ConnectionError && tries < TRIES) continue;
        log.warn({ err: error }, "an Event could not be written");
        return;
      }
    }
  };

  return {
    event(object: Pick<KubeObject, "apiVersion" | "kind" | "metadata">, reason: string, message: string, options: EventOptions = {}): void {
      const { apiVersion, kind, metadata } = object;
      const about = {
        apiVersion,
        kind,
        name: metadata.name,
        namespace: metadata.namespace,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
      };
      const { type = "Normal", action = reason } = options;
      const entry = correlator.take({
        about: `${apiVersion}/${kind}/${metadata.namespace ?? ""}/${metadata.name}/${metadata.uid ?? ""}`,
        type,
        reason,
        message,
        action,
      });
      if (!entry || waiting >= MAX_WAITING) return;
      const at = new Date(now());
      waiting++;
      last = last.then(() => attempt(() => write(metadata.namespace ?? "default", entry, about, at))).finally(() => waiting--);
    },
    flushed: () => last,
  };
}
