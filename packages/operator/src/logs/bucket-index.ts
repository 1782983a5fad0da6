import type { Bucket } from "../s3/index.ts";
import { MANIFEST, type Manifest, packedBytes, podPrefix } from "./bucket-layout.ts";
import { type Contents, contentsOf, expired, gapsOf, type Retention, type StoredSize } from "./retention.ts";
import { ChunkGoneError, endOpen, getManifest, putManifest, readChunks } from "./ship-pod.ts";

interface Entry extends StoredSize {
  readonly base: string;
}

/** Requests side by side. */
const PARALLEL = 8;
/** Objects without a manifest are left of a manager that ended before it wrote one; younger ones may be being written, milliseconds. */
const ORPHAN_MS = 3_600_000;

/** What is in the bucket for one archive, read once and kept up to date by what this process writes. */
export class BucketIndex {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #archive: string;
  readonly #entries = new Map<string, Entry>();

  private constructor(bucket: Bucket, prefix: string, archive: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#archive = archive;
  }

  /** @throws S3Error */
  static async read(bucket: Bucket, prefix: string, archive: string): Promise<BucketIndex> {
    const index = new BucketIndex(bucket, prefix, archive);
    const folders = new Map<string, { hasManifest: boolean; latest: string; keys: string[] }>();
    for await (const { objects } of bucket.list(prefix))
      for (const { key, modified } of objects) {
        const base = /^[^/]+\/[^/]+\//.exec(key.slice(prefix.length))?.[0];
        if (base === undefined) continue;
        const known = folders.get(prefix + base) ?? { hasManifest: false, latest: "", keys: [] };
        known.hasManifest ||= key === `${prefix}${base}${MANIFEST}`;
        if (modified > known.latest) known.latest = modified;
        known.keys.push(key);
        folders.set(prefix + base, known);
      }
    await inParallel([...folders], async ([base, { hasManifest, latest, keys }]) => {
      if (!hasManifest) {
        if (Date.now() - Date.parse(latest) > ORPHAN_MS) for (const key of keys) await bucket.delete(key);
        return;
      }
      const manifest = await getManifest(bucket, base);
      if (manifest) index.put(manifest);
    });
    return index;
  }

  put(manifest: Manifest): void {
    const { pod } = manifest;
    if (pod.archive !== this.#archive) return;
    const bytes = packedBytes(manifest) + Buffer.byteLength(JSON.stringify(manifest));
    this.#entries.set(pod.uid, { base: podPrefix(this.#prefix, pod), pod, bytes, gaps: gapsOf(pod, manifest.runs) });
  }

  /** Ends pods that are open in the bucket, but neither in the cluster nor in the spool. @throws S3Error */
  async endAbsent(isPresent: (uid: string) => boolean): Promise<void> {
    const open = [...this.#entries.values()].filter(({ pod }) => pod.finishedAt === undefined && !isPresent(pod.uid));
    await inParallel(open, async ({ base }) => {
      const manifest = await getManifest(this.#bucket, base);
      if (!manifest) return;
      const runs = [];
      for (const run of manifest.runs) {
        const tail = run.record.complete ? [] : await readChunks(this.#bucket, base, run.chunks.slice(-1)).catch(noChunk);
        runs.push(endOpen(run, undefined, tail.at(-1)?.time));
      }
      const ended: Manifest = { ...manifest, runs, pod: { ...manifest.pod, finishedAt: new Date().toISOString() } };
      await putManifest(this.#bucket, base, ended);
      this.put(ended);
    });
  }

  /** Removes what the archive keeps no longer, and counts what is left. @throws S3Error */
  async retain(retention: Retention, now: number): Promise<Contents> {
    const gone = expired([...this.#entries.values()], retention, now);
    for (const { base, pod } of gone) {
      await this.#remove(base);
      this.#entries.delete(pod.uid);
    }
    return contentsOf([...this.#entries.values()], gone.length);
  }

  /** The manifest goes first, so that nobody reads half a pod. */
  async #remove(base: string): Promise<void> {
    await this.#bucket.delete(`${base}${MANIFEST}`);
    for await (const { objects } of this.#bucket.list(base)) await inParallel(objects, ({ key }) => this.#bucket.delete(key));
  }
}

function noChunk(error: unknown): [] {
  if (error instanceof ChunkGoneError) return [];
  throw error;
}

/** Some at a time; after the first failure no further one begins. */
export async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      try {
        await act(item);
      } catch (error) {
        left.length = 0;
        throw error;
      }
    }
  };
  const done = await Promise.allSettled(Array.from({ length: Math.min(PARALLEL, items.length) }, worker));
  for (const one of done) if (one.status === "rejected") throw one.reason;
}
