import type { LogFolder, PodRecord } from "./log-folder.ts";
import type { RunRecord } from "./run-file.ts";

export interface Retention {
  readonly seconds: number;
  readonly maxBytes: number;
}

/** What is in the folder or the bucket for one archive. */
export interface Contents {
  readonly pods: number;
  readonly bytes: number;
  readonly gaps: number;
  /** Pods that were removed now. */
  readonly removed: number;
}

/** A pod in a folder or a bucket, as far as the retention and the figures need it. */
export interface StoredSize {
  readonly pod: PodRecord;
  readonly bytes: number;
  readonly gaps: number;
}

/** Finished pods that an archive keeps no longer: those past their time, and while there are too many bytes those that finished first. */
export function expired<T extends StoredSize>(pods: readonly T[], { seconds, maxBytes }: Retention, now: number): T[] {
  let bytes = pods.reduce((sum, one) => sum + one.bytes, 0);
  const finished = pods.filter(({ pod }) => pod.finishedAt !== undefined).sort((a, b) => (a.pod.finishedAt! < b.pod.finishedAt! ? -1 : 1));
  const gone: T[] = [];
  for (const one of finished) {
    const isOld = now - Date.parse(one.pod.finishedAt!) > seconds * 1000;
    if (!isOld && bytes <= maxBytes) continue;
    gone.push(one);
    bytes -= one.bytes;
  }
  return gone;
}

export function contentsOf(left: readonly StoredSize[], removed: number): Contents {
  return {
    pods: left.length,
    bytes: left.reduce((sum, one) => sum + one.bytes, 0),
    gaps: left.reduce((sum, one) => sum + one.gaps, 0),
    removed,
  };
}

export function gapsOf(pod: PodRecord, runs: readonly { readonly record: RunRecord }[]): number {
  return runs.reduce((sum, { record }) => sum + record.gaps.length, pod.missed.length);
}

/** Removes from the folder what an archive keeps no longer, and counts what is left. Pods that run stay. */
export async function retain(folder: LogFolder, archive: string, retention: Retention, now: number): Promise<Contents> {
  const all: (StoredSize & { readonly path: string })[] = [];
  for (const { path, pod } of await folder.pods()) {
    if (pod.archive !== archive) continue;
    all.push({ path, pod, bytes: await folder.size(path), gaps: gapsOf(pod, await folder.runs(path)) });
  }
  const gone = expired(all, retention, now);
  for (const { path } of gone) await folder.remove(path);
  return contentsOf(
    all.filter((one) => !gone.includes(one)),
    gone.length,
  );
}
