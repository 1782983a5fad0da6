/**
 * Events as control loops and the kubelet report them: the same again counts up, and what cannot be written is lost.
 *
 * Guarantees: `event` never throws and never waits.
 * Caveats: Events may be lost or late; nothing may depend on one.
 */
import type { Client } from "@outrigger/kit/client";
import type { EventOptions, EventRecorder } from "@outrigger/kit/controller";
import { Event } from "../objects/index.ts";
import { Correlator } from "./correlate.ts";

/** Writes under way at a time, and Events that may wait for their turn; the oldest are dropped beyond that. */
const PARALLEL = 4;
const MAX_WAITING = 5000;
/** Events that are remembered to be counted up. */
const REMEMBERED = 4096;

export interface ReportOptions extends EventOptions {
  /** The part of the object: `spec.containers{app}`. */
  readonly fieldPath?: string;
}
export interface Reporter extends EventRecorder {
  event(about: About, reason: string, message: string, options?: ReportOptions): void;
  /** Drops what waits and resolves when nothing is under way. */
  stop(): Promise<void>;
}
interface About {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly resourceVersion?: string };
}
interface Waiting {
  readonly about: About;
  readonly reason: string;
  readonly message: string;
  readonly options: ReportOptions;
  readonly at: Date;
  /** What counts as the same Event. */
  readonly key: string;
}

/**
 * @param component who reports (`source.component`).
 * @param host the node it runs on, for the kubelet.
 */
export function reporter(client: Client, component: string, host?: string): Reporter {
  const waiting: Waiting[] = [];
  const written = new Map<string, { readonly name: string; count: number }>();
  const running = new Set<Promise<void>>();
  let stopped = false;
  let serial = 0;

  const correlator = new Correlator();

  const write = async ({ about, reason, message, options, at, key }: Waiting): Promise<void> => {
    const { apiVersion, kind, metadata } = about;
    const namespace = metadata.namespace ?? "default";
    const { type = "Normal", fieldPath } = options;
    const time = at.toISOString().replace(/\.\d+Z$/, "Z");
    const known = written.get(key);
    if (known) {
      known.count++;
      const patch = { count: known.count, lastTimestamp: time, message };
      try {
        await client.patch(Event, { namespace, name: known.name }, { type: "merge", patch });
        return;
      } catch {
        written.delete(key);
      }
    }
    serial = (serial + 1) % 1_000_000;
    const name = `${metadata.name}.${(BigInt(at.getTime()) * 1_000_000n + BigInt(serial)).toString(16)}`;
    if (written.size >= REMEMBERED) written.delete(written.keys().next().value!);
    written.set(key, { name, count: 1 });
    const { name: objectName, uid, resourceVersion } = metadata;
    await client.create(Event, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace },
      involvedObject: {
        apiVersion,
        kind,
        name: objectName,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        uid,
        resourceVersion,
        ...(fieldPath === undefined ? {} : { fieldPath }),
      },
      type,
      reason,
      message,
      source: { component, ...(host === undefined ? {} : { host }) },
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
      reportingComponent: component,
      reportingInstance: host ?? "",
      ...(options.action === undefined ? {} : { action: options.action }),
    } as never);
  };

  const next = (): void => {
    while (!stopped && running.size < PARALLEL && waiting.length > 0) {
      // A namespace that is going away takes no Events; nothing else is worth a second try either.
      const work: Promise<void> = write(waiting.shift()!)
        .catch(() => {})
        .finally(() => {
          running.delete(work);
          next();
        });
      running.add(work);
    }
  };

  return {
    event(about, reason, message, options = {}): void {
      if (stopped) return;
      const at = new Date();
      const object = JSON.stringify([about.kind, about.metadata.namespace, about.metadata.name, about.metadata.uid]);
      const kind = JSON.stringify([object, options.type, reason, options.fieldPath]);
      const correlated = correlator.take(object, kind, message, at.getTime());
      if (!correlated) return;
      if (waiting.length >= MAX_WAITING) waiting.shift();
      waiting.push({ about, reason, options, at, ...correlated });
      next();
    },
    async stop(): Promise<void> {
      stopped = true;
      waiting.length = 0;
      await Promise.all(running);
    },
  };
}
