import { setTimeout as wait } from "node:timers/promises";
import { GrowingDelay } from "@outrigger/kit/queue";
import { type Bucket, S3Error } from "../s3/index.ts";
import { BucketIndex, inParallel } from "./bucket-index.ts";
import type { ArchivedPod, LogFolder, SizedPod } from "./log-folder.ts";
import type { Contents, Retention } from "./retention.ts";
import type { RunRecord } from "./run-file.ts";
import { firstSight, type PodShipping, type PodState, shipPod } from "./ship-pod.ts";

export interface ShipperOptions {
  readonly archive: string;
  readonly bucket: Bucket;
  readonly prefix: string;
  /** Where lines wait for the bucket. */
  readonly spool: LogFolder;
  readonly maximumBytes: number;
  /** Whether the pod is in the cluster. */
  readonly isPresent: (uid: string) => boolean;
  /** How long lines of a running container wait, milliseconds. */
  readonly everyMs?: number;
}

/** How often the spool is looked at, milliseconds. */
const LOOK_MS = 500;
/** Lines of a running container are brought together for so long, milliseconds, or until there are so many bytes. */
const EVERY_MS = 10_000;
const AT_ONCE_BYTES = 512 << 10;

interface Known {
  /** What is wrong with this pod's objects alone. */
  problem: Error | undefined;
  state: PodState | undefined;
  bytes: number;
  shippedAt: number;
}

/** Brings what is in the spool for one archive into its bucket, and says what is there. Nothing waits for it but a pod's finalizer. */
export class Shipper {
  readonly #options: ShipperOptions;
  readonly #shipping: PodShipping;
  readonly #pods = new Map<string, Known>();
  readonly #stopping = new AbortController();
  readonly #done: Promise<void>;
  #index: BucketIndex | undefined;
  #hasEnded = false;
  #problem: Error | undefined;
  #failures = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#shipping = { ...options, folder: options.spool };
    this.#done = this.#loop();
  }

  /** Why lines do not get into the bucket: an `S3Error` where that is so for all pods. */
  get problem(): Error | undefined {
    return this.#problem ?? [...this.#pods.values()].find(({ problem }) => problem)?.problem;
  }
  /** Requests that failed. */
  get failures(): number {
    return this.#failures;
  }
  get bucket(): Bucket {
    return this.#options.bucket;
  }

  /** Whether the bucket has all of these runs, to their ends. */
  hasRuns(uid: string, runs: readonly Pick<RunRecord, "container" | "restart" | "containerID">[]): boolean {
    const stored = this.#pods.get(uid)?.state?.manifest?.runs ?? [];
    return runs.every(({ containerID }) => stored.some(({ record }) => record.complete && record.containerID === containerID));
  }

  /** @throws S3Error; @returns `undefined` while the bucket has not been read yet */
  async retain(retention: Retention, now: number): Promise<Contents | undefined> {
    return this.#index?.retain(retention, now);
  }

  /** Bytes in the spool that are not in the bucket. @param spooled what is in the spool, of all archives */
  pending(spooled: readonly SizedPod[]): number {
    const own = spooled.filter(({ pod }) => pod.archive === this.#options.archive);
    return own.reduce((sum, { pod, bytes }) => sum + Math.max(0, bytes - (this.#pods.get(pod.uid)?.bytes ?? 0)), 0);
  }

  /** Brings what is there into the bucket once more, where that takes no longer than so many milliseconds; 0 is not at all. */
  async stop(withinMs: number): Promise<void> {
    this.#stopping.abort();
    const { bucket } = this.#options;
    const late = wait(withinMs, undefined, { ref: false });
    await Promise.race([this.#done.then(() => (withinMs > 0 ? this.#round(true).catch(() => {}) : undefined)), late]);
    bucket.close();
    await this.#done;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#stopping;
    let delay = new GrowingDelay({ baseMs: 1000, maxMs: 30_000 });
    while (!signal.aborted) {
      let next = LOOK_MS;
      try {
        if (await this.#round(false)) delay = new GrowingDelay({ baseMs: 1000, maxMs: 30_000 });
      } catch (error) {
        this.#problem = error as Error;
        this.#failures++;
        next = delay.next();
      }
      await wait(next, undefined, { signal, ref: false }).catch(() => {});
    }
  }

  /** @returns whether the bucket has answered */
  async #round(isLast: boolean): Promise<boolean> {
    const { bucket, prefix, archive, spool, isPresent } = this.#options;
    let answered = false;
    if (!this.#index) {
      this.#index = await BucketIndex.read(bucket, prefix, archive);
      answered = true;
    }
    const pods = (await spool.pods()).filter(({ pod }) => pod.archive === archive);
    if (!this.#hasEnded) {
      const spooled = new Set(pods.map(({ pod }) => pod.uid));
      await this.#index.endAbsent((uid) => spooled.has(uid) || isPresent(uid));
      this.#hasEnded = true;
    }
    // After a failure one pod tries for all.
    if (this.#problem) {
      const first = pods.shift();
      if (first) await this.#ship(first, true);
      else for await (const _ of bucket.list(prefix, "/")) break;
    }
    await inParallel(pods, async (pod) => {
      answered = (await this.#ship(pod, isLast)) || answered;
    });
    this.#problem = undefined;
    return answered;
  }

  /** @returns whether the bucket was asked */
  async #ship(pod: ArchivedPod, isUrgent: boolean): Promise<boolean> {
    const { spool, isPresent } = this.#options;
    const { uid } = pod.pod;
    const known = this.#pods.get(uid) ?? { problem: undefined, state: undefined, bytes: 0, shippedAt: 0 };
    this.#pods.set(uid, known);
    if (!(isUrgent || (await this.#isDue(pod, known)))) return false;
    const bytes = await spool.size(pod.path);
    let state: PodState | undefined;
    try {
      known.state ??= await firstSight(this.#shipping, pod);
      state = await shipPod(this.#shipping, pod, known.state);
    } catch (error) {
      // What joins on to another manager's lines has been compared halfway.
      if ([...(known.state?.runs.values() ?? [])].some(({ joint }) => joint)) known.state = undefined;
      if (error instanceof S3Error) throw error;
      known.problem = error as Error;
      known.shippedAt = Date.now();
      return true;
    }
    known.problem = undefined;
    if (state) {
      known.state = state;
      this.#index?.put(state.manifest!);
    }
    known.bytes = bytes;
    known.shippedAt = Date.now();
    if (pod.pod.finishedAt !== undefined && !isPresent(uid) && known.state.manifest?.pod.finishedAt !== undefined) {
      await spool.remove(pod.path);
      this.#pods.delete(uid);
    }
    return true;
  }

  /** Lines of running containers wait for others; the end of a run, and of a pod, does not wait. */
  async #isDue({ path, pod }: ArchivedPod, { state, bytes, shippedAt, problem }: Known): Promise<boolean> {
    const { spool, everyMs = EVERY_MS, isPresent } = this.#options;
    const manifest = state?.manifest;
    if (!manifest) return problem === undefined || Date.now() - shippedAt >= everyMs;
    if (pod.finishedAt !== undefined && (manifest.pod.finishedAt === undefined || !isPresent(pod.uid))) return true;
    const runs = await spool.runs(path);
    const stored = new Map(manifest.runs.map(({ record }) => [record.containerID, record]));
    if (runs.some(({ record }) => record.complete && stored.get(record.containerID)?.complete !== true)) return true;
    const now = await spool.size(path);
    return now !== bytes && (now - bytes >= AT_ONCE_BYTES || Date.now() - shippedAt >= everyMs);
  }
}
