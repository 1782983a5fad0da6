import { isDeepStrictEqual } from "node:util";
import { compareResourceVersions, objectKey } from "@outrigger/kit/api";
import { type Client, ConflictError, NotFoundError } from "@outrigger/kit/client";
import { difference, Pod } from "../objects/index.ts";

/** Reports under way at a time. */
const PARALLEL = 32;
/** Milliseconds before a report that failed is tried again without news of the pod. */
const RETRY_MS = 200;

interface Report {
  /** The newest state known: of the cache, or of the last answer. */
  pod: Pod;
  status: (pod: Pod) => object;
  dirty: boolean;
  sending: boolean;
}

/**
 * Brings pods' statuses to the API server: the latest only, one report of a pod at a time, none where nothing changed.
 * Conditions of others are never written over, since a report holds for the version that it was made from.
 */
export class StatusReporter {
  readonly #client: Client;
  readonly #signal: AbortSignal;
  readonly #reports = new Map<string, Report>();
  readonly #queue: string[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #retries = new Set<NodeJS.Timeout>();

  constructor(client: Client, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  report(pod: Pod, status: (pod: Pod) => object): void {
    const { uid } = pod.metadata;
    const known = this.#reports.get(uid);
    if (known) {
      known.status = status;
      known.pod = newer(known.pod, pod);
      known.dirty = true;
    } else this.#reports.set(uid, { pod, status, dirty: true, sending: false });
    this.#enqueue(uid);
  }
  /** The cache shows another state of a pod. */
  seen(pod: Pod): void {
    const known = this.#reports.get(pod.metadata.uid);
    if (!known) return;
    known.pod = newer(known.pod, pod);
    if (known.dirty) this.#enqueue(pod.metadata.uid);
    // The cache caught up: nothing more needs to be kept of the pod here.
    else if (!known.sending && known.pod === pod) this.#reports.delete(pod.metadata.uid);
  }
  forget(uid: string): void {
    this.#reports.delete(uid);
  }
  async stop(): Promise<void> {
    for (const timer of this.#retries) clearTimeout(timer);
    this.#queue.length = 0;
    await Promise.all(this.#running);
  }

  #enqueue(uid: string): void {
    if (this.#signal.aborted) return;
    this.#queue.push(uid);
    this.#next();
  }
  #next(): void {
    while (this.#running.size < PARALLEL && this.#queue.length > 0) {
      const report = this.#reports.get(this.#queue.shift()!);
      if (!report?.dirty || report.sending) continue;
      const work: Promise<void> = this.#send(report).finally(() => {
        this.#running.delete(work);
        this.#next();
      });
      this.#running.add(work);
    }
  }

  async #send(report: Report): Promise<void> {
    report.sending = true;
    report.dirty = false;
    const { uid } = report.pod.metadata;
    try {
      await this.#write(report);
    } catch (error) {
      if (this.#signal.aborted) return;
      const present =
        error instanceof ConflictError
          ? await this.#client.find(Pod, objectKey(report.pod), { signal: this.#signal }).catch(() => report.pod)
          : report.pod;
      if (error instanceof NotFoundError || present?.metadata.uid !== uid) {
        this.#reports.delete(uid);
        return;
      }
      report.pod = present;
      if (error instanceof ConflictError) report.dirty = true;
      else this.#retry(uid, report);
    } finally {
      report.sending = false;
    }
    if (report.dirty) this.#enqueue(uid);
  }
  async #write(report: Report): Promise<void> {
    const before = report.pod;
    const status = report.status(before);
    if (isDeepStrictEqual(status, before.status)) return;
    const body = difference(before, { ...before, status } as Pod);
    const answer = await this.#client.patch(Pod, objectKey(before), body, {
      subresource: "status",
      fieldManager: "kubelet",
      signal: this.#signal,
    });
    report.pod = newer(report.pod, answer);
  }
  #retry(uid: string, report: Report): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      report.dirty = true;
      this.#enqueue(uid);
    }, RETRY_MS);
    this.#retries.add(timer);
  }
}

function newer(a: Pod, b: Pod): Pod {
  return compareResourceVersions(a.metadata.resourceVersion, b.metadata.resourceVersion) > 0 ? a : b;
}
