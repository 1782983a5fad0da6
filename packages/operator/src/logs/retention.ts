import type { ArchivedPod, LogFolder } from "./log-folder.ts";

export interface Retention {
  readonly seconds: number;
  readonly maxBytes: number;
}

/** What is in the folder for one archive. */
export interface Contents {
  readonly pods: number;
  readonly bytes: number;
  readonly gaps: number;
  /** Pods that were removed now. */
  readonly removed: number;
}

/** Removes what an archive keeps no longer, the pods that finished first before others, and counts what is left. Pods that run stay. */
export async function retain(folder: LogFolder, archive: string, { seconds, maxBytes }: Retention, now: number): Promise<Contents> {
  const sized: { readonly one: ArchivedPod; readonly bytes: number; readonly gaps: number }[] = [];
  for (const one of await folder.pods()) {
    if (one.pod.archive !== archive) continue;
    const runs = await folder.runs(one.path);
    const gaps = runs.reduce((sum, { record }) => sum + record.gaps.length, one.pod.missed.length);
    sized.push({ one, bytes: await folder.size(one.path), gaps });
  }
  let bytes = sized.reduce((sum, one) => sum + one.bytes, 0);
  const finished = sized
    .filter(({ one }) => one.pod.finishedAt !== undefined)
    .sort((a, b) => (a.one.pod.finishedAt! < b.one.pod.finishedAt! ? -1 : 1));
  const gone = new Set<ArchivedPod>();
  for (const { one, bytes: own } of finished) {
    const isOld = now - Date.parse(one.pod.finishedAt!) > seconds * 1000;
    if (!isOld && bytes <= maxBytes) continue;
    await folder.remove(one.path);
    gone.add(one);
    bytes -= own;
  }
  const left = sized.filter(({ one }) => !gone.has(one));
  return { pods: left.length, bytes, gaps: left.reduce((sum, one) => sum + one.gaps, 0), removed: gone.size };
}
