import { join } from "node:path";
import type { Client } from "@outrigger/kit/client";
import type { Condition } from "@outrigger/kit/controller";
import { selectorProblem } from "../feature/index.ts";
import { Archiver } from "./archiver.ts";
import { LogFolder } from "./log-folder.ts";
import type { PodLogArchiveObject } from "./resource.ts";
import { type Contents, retain } from "./retention.ts";
import { bytesOf } from "./select.ts";
import { Sinks } from "./sinks.ts";

export interface KeepingOptions {
  /** The manager's own namespace: the Secrets of buckets are there. */
  readonly namespace: string;
  /** Where logs are kept of archives without a bucket. Without one, these archives say so. */
  readonly logFolder?: string | undefined;
  /** Where lines wait for the buckets of archives that have one. Default: `.spool` in `logFolder`. */
  readonly logSpool?: string | undefined;
  /** How much may wait there, bytes. Default 1 GiB. */
  readonly logSpoolBytes?: number | undefined;
}
type Ready = Pick<Condition, "status" | "reason" | "message">;
export interface ArchiveState {
  readonly ready: Ready;
  readonly figures: object;
}

const SPOOL_BYTES = 1 << 30;
/** The reason while nothing is wrong yet. */
export const CONNECTING = "Connecting";
const FOLLOWING: Ready = { status: "True", reason: "Following", message: "logs of the pods that it selects are kept" };

/** The folders and buckets of all archives, and what fills them, in one run of the manager. */
export class Keeping {
  readonly #namespace: string;
  readonly #folder: LogFolder | undefined;
  readonly #spool: LogFolder | undefined;
  /** The pods of the cluster, by uid. */
  readonly pods = new Map<string, { readonly namespace: string; readonly name: string }>();
  readonly #removed = new Map<string, number>();
  #archiver: Archiver | undefined;
  #sinks: Sinks | undefined;
  #sweeping: Promise<unknown> | undefined;

  constructor({ namespace, logFolder, logSpool, logSpoolBytes = SPOOL_BYTES }: KeepingOptions) {
    this.#namespace = namespace;
    this.#folder = logFolder === undefined ? undefined : new LogFolder(logFolder);
    const spool = logSpool ?? (logFolder === undefined ? undefined : join(logFolder, ".spool"));
    this.#spool = spool === undefined ? undefined : new LogFolder(spool, logSpoolBytes);
  }

  get archiver(): Archiver | undefined {
    return this.#archiver;
  }

  /** Begins anew. @returns what ends this run */
  start(client: Client): () => Promise<void> {
    this.pods.clear();
    this.#sweeping = undefined;
    const archiver = new Archiver(client);
    const sinks = this.#spool && new Sinks(client, this.#namespace, this.#spool, (uid) => this.pods.has(uid));
    this.#archiver = archiver;
    this.#sinks = sinks;
    return async () => {
      await archiver.stop();
      await sinks?.stop();
    };
  }

  /** Where the lines of an archive's pods go first. */
  folderOf({ spec }: PodLogArchiveObject): LogFolder | undefined {
    return spec.s3 ? this.#spool : this.#folder;
  }

  /** Whether everything of the pod is where the archive keeps it. */
  isKept(uid: string, archive: PodLogArchiveObject | undefined): boolean {
    if (!this.#archiver?.isKept(uid)) return false;
    if (!archive?.spec.s3) return true;
    return this.#sinks?.shipper(archive.metadata.name)?.hasRuns(uid, this.#archiver.runs(uid)) ?? false;
  }

  /** Looks after the retention, and says how the archive is. */
  async look(archive: PodLogArchiveObject): Promise<ArchiveState> {
    const { metadata, spec } = archive;
    const invalid = selectorProblem(spec);
    if (invalid !== undefined) return { ready: { status: "False", reason: "InvalidSelector", message: invalid }, figures: {} };
    const archiver = this.#archiver;
    const folder = this.folderOf(archive);
    if (!archiver || !folder) return { ready: { status: "False", reason: "NoFolder", message: noFolder(archive) }, figures: {} };
    this.#sweeping ??= this.#sweep(archiver);
    await this.#sweeping;
    const { following, problems } = archiver.figures(metadata.name);
    const retention = { seconds: spec.retention.seconds, maxBytes: bytesOf(spec.retention.maxBytes) };
    let [problem] = problems.map((message) => ({ reason: "CannotKeep", message: more(message, problems.length - 1) }));
    const inBucket = await this.#sinks?.see(archive);
    problem = inBucket ?? problem;
    let contents: Contents | undefined;
    let pending = {};
    if (spec.s3) {
      const shipper = this.#sinks?.shipper(metadata.name);
      try {
        contents = await shipper?.retain(retention, Date.now());
      } catch (error) {
        problem ??= { reason: "CannotRemove", message: (error as Error).message };
      }
      // Ready once the bucket has answered, not before.
      if (!contents) problem ??= { reason: CONNECTING, message: "the bucket has not answered yet" };
      const spooled = await folder.count();
      pending = { pending: shipper?.pending(spooled) ?? 0, failures: shipper?.failures ?? 0 };
    } else contents = await retain(folder, metadata.name, retention, Date.now());
    const removed = (this.#removed.get(metadata.name) ?? 0) + (contents?.removed ?? 0);
    this.#removed.set(metadata.name, removed);
    return {
      ready: problem ? { status: "False", ...problem } : FOLLOWING,
      figures: { following, ...(contents ? { pods: contents.pods, bytes: contents.bytes, gaps: contents.gaps, removed } : {}), ...pending },
    };
  }

  /** The archive is not there any more. */
  async forget(archive: string): Promise<void> {
    await this.#sinks?.forget(archive);
  }

  async #sweep(archiver: Archiver): Promise<void> {
    const present = new Set(this.pods.keys());
    for (const folder of [this.#folder, this.#spool]) if (folder) await archiver.sweep(folder, present).catch(() => undefined);
  }
}

function noFolder({ spec }: PodLogArchiveObject): string {
  return spec.s3
    ? "the manager has no folder where lines can wait for the bucket: start it with --log-spool"
    : "the manager has no folder for logs: start it with --log-folder, or give the archive a bucket in spec.s3";
}

function more(message: string, others: number): string {
  return others > 0 ? `${message} (and ${others} more)` : message;
}
