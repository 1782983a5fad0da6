import type { Client } from "@outrigger/kit/client";
import { Bucket, type BucketOptions, S3Error } from "../s3/index.ts";
import { bucketOptions, CredentialsError } from "./credentials.ts";
import type { LogFolder } from "./log-folder.ts";
import type { PodLogArchiveObject } from "./resource.ts";
import { bytesOf } from "./select.ts";
import { Shipper } from "./shipper.ts";

/** The Secret is read again so often, milliseconds: credentials change. */
const SECRET_MS = 60_000;
/** What is left is brought into the bucket within so long at the end, milliseconds. */
const STOP_MS = 5_000;

interface Sink {
  readonly key: string;
  readonly options: string;
  readonly shipper: Shipper;
  readAt: number;
}

export interface SinkProblem {
  readonly reason: string;
  readonly message: string;
}

/** The buckets of archives that have one: opened, changed and closed as the archives say. */
export class Sinks {
  readonly #client: Client;
  readonly #namespace: string;
  readonly #spool: LogFolder;
  readonly #isPresent: (uid: string) => boolean;
  readonly #sinks = new Map<string, Sink>();
  #stopped = false;

  /** @param namespace where the Secrets are */
  constructor(client: Client, namespace: string, spool: LogFolder, isPresent: (uid: string) => boolean) {
    this.#client = client;
    this.#namespace = namespace;
    this.#spool = spool;
    this.#isPresent = isPresent;
  }

  /** The archive as it is now. @returns why its bucket cannot be used; `undefined` where nothing is known to be wrong */
  async see(archive: PodLogArchiveObject): Promise<SinkProblem | undefined> {
    const { name } = archive.metadata;
    const { s3, maxBytesPerRun } = archive.spec;
    if (!s3) {
      await this.forget(name);
      return undefined;
    }
    const known = this.#sinks.get(name);
    const key = JSON.stringify([s3, maxBytesPerRun]);
    const isRefused = known?.shipper.problem instanceof S3Error && known.shipper.problem.problem === "Refused";
    if (!known || known.key !== key || isRefused || Date.now() - known.readAt > SECRET_MS) {
      let options: BucketOptions;
      try {
        options = await bucketOptions(this.#client, this.#namespace, s3);
      } catch (error) {
        if (known?.key !== key) await this.forget(name);
        if (known?.key === key && !isRefused) return problemOf(known.shipper.problem);
        return { reason: error instanceof CredentialsError ? "NoCredentials" : "CannotReadSecret", message: (error as Error).message };
      }
      await this.#open(name, key, options, s3.prefix, bytesOf(maxBytesPerRun));
    }
    return problemOf(this.#sinks.get(name)?.shipper.problem);
  }

  shipper(archive: string): Shipper | undefined {
    return this.#sinks.get(archive)?.shipper;
  }

  /** The archive is gone, or has no bucket any more. */
  async forget(archive: string): Promise<void> {
    const known = this.#sinks.get(archive);
    this.#sinks.delete(archive);
    await known?.shipper.stop(0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const all = [...this.#sinks.values()];
    this.#sinks.clear();
    await Promise.all(all.map(({ shipper }) => shipper.stop(STOP_MS)));
  }

  async #open(archive: string, key: string, options: BucketOptions, prefix: string, maximumBytes: number): Promise<void> {
    const known = this.#sinks.get(archive);
    const text = JSON.stringify(options);
    if (known) known.readAt = Date.now();
    if (this.#stopped || (known?.key === key && known.options === text)) return;
    await this.forget(archive);
    const shipper = new Shipper({
      archive,
      bucket: new Bucket(options),
      prefix,
      spool: this.#spool,
      maximumBytes,
      isPresent: this.#isPresent,
    });
    this.#sinks.set(archive, { key, options: text, shipper, readAt: Date.now() });
  }
}

function problemOf(problem: Error | undefined): SinkProblem | undefined {
  if (!problem) return undefined;
  const reason = problem instanceof S3Error ? `Bucket${problem.problem}` : "BucketDamaged";
  return { reason, message: `${problem.message}; lines wait in the manager's spool` };
}
