import type { Client } from "@outrigger/kit/client";
import type { Bucket } from "../s3/index.ts";
import { inParallel } from "./bucket-index.ts";
import type { Manifest } from "./bucket-layout.ts";
import { openBucket } from "./credentials.ts";
import type { LogLine } from "./line.ts";
import { ageOfRun, LogFolder, type PodRecord } from "./log-folder.ts";
import { PodLogArchive, type PodLogArchiveObject } from "./resource.ts";
import { type RunRecord, readLines } from "./run-file.ts";
import { getManifest, readChunks } from "./ship-pod.ts";

/** A run that can be read back. */
export interface StoredRun {
  readonly record: RunRecord;
  lines(): Promise<readonly LogLine[]>;
}
export interface StoredPod {
  readonly pod: PodRecord;
  /** In the order in which they began. */
  runs(): Promise<readonly StoredRun[]>;
}
/** Where logs are kept, to be read. */
export interface LogSource {
  /** For people. */
  readonly name: string;
  /** The pods of a namespace; with `pod`, at least those of that name. */
  pods(namespace: string, pod: string | undefined): Promise<readonly StoredPod[]>;
}

export function folderSource(root: string): LogSource {
  const folder = new LogFolder(root);
  return {
    name: root,
    pods: async (namespace) =>
      (await folder.pods(namespace)).map(({ path, pod }) => ({
        pod,
        runs: async () => (await folder.runs(path)).map(({ path: base, record }) => ({ record, lines: () => readLines(base) })),
      })),
  };
}

/** @param prefix of the archive */
export function bucketSource(bucket: Bucket, prefix: string, name: string): LogSource {
  return {
    name,
    async pods(namespace, pod) {
      const bases: string[] = [];
      const from = `${prefix}${namespace}/${pod === undefined ? "" : `${pod}_`}`;
      for await (const { prefixes } of bucket.list(from, "/")) bases.push(...prefixes);
      const manifests: [string, Manifest][] = [];
      await inParallel(bases, async (base) => {
        const manifest = await getManifest(bucket, base);
        if (manifest) manifests.push([base, manifest]);
      });
      return manifests.map(([base, manifest]) => ({
        pod: manifest.pod,
        runs: async () =>
          manifest.runs
            .map(({ record, chunks }) => ({ record, lines: () => readChunks(bucket, base, chunks) }))
            .sort((a, b) => (ageOfRun(a.record) < ageOfRun(b.record) ? -1 : 1)),
      }));
    },
  };
}

/**
 * The buckets of all archives of a cluster.
 *
 * @param namespace of the manager, where the Secrets are
 * @throws CredentialsError; StatusError where the archives or a Secret may not be read
 */
export async function bucketSources(client: Client, namespace: string): Promise<LogSource[]> {
  const { items } = await client.list(PodLogArchive);
  const sources: LogSource[] = [];
  for (const { spec } of items as readonly PodLogArchiveObject[]) {
    const { s3 } = spec;
    if (s3)
      sources.push(
        bucketSource(await openBucket(client, namespace, s3), s3.prefix, `bucket ${s3.bucket}${s3.prefix && ` (${s3.prefix})`}`),
      );
  }
  return sources;
}
