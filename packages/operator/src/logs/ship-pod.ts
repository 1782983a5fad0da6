import { randomUUID } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Bucket } from "../s3/index.ts";
import { type ArchivedRun, CHUNK_TYPE, type Chunk, MANIFEST, type Manifest, parseManifest, podPrefix, runKey } from "./bucket-layout.ts";
import { type LogLine, latestTime, sinceLineTime, unpackLines } from "./line.ts";
import type { ArchivedPod, LogFolder, PodRecord } from "./log-folder.ts";
import { restGap } from "./merge.ts";
import { type RunRecord, writeAtomically } from "./run-file.ts";
import { jointOf, type Progress, planRun, type RunState } from "./ship-run.ts";

/** In the pod's folder of the spool: what of it is in the bucket, if `stamp` is the manifest's. */
const PROGRESS = "shipped";
interface StoredProgress {
  readonly stamp: string;
  readonly runs: Readonly<Record<string, Progress>>;
}

/** What is known of a pod's objects. */
export interface PodState {
  readonly manifest: Manifest | undefined;
  readonly runs: ReadonlyMap<string, RunState>;
}

export interface PodShipping {
  readonly bucket: Bucket;
  readonly prefix: string;
  readonly folder: LogFolder;
  readonly maximumBytes: number;
}

/** What the bucket has of a pod, and how the spool goes on from there. @throws S3Error */
export async function firstSight({ bucket, prefix }: PodShipping, { path, pod }: ArchivedPod): Promise<PodState> {
  const manifest = await getManifest(bucket, podPrefix(prefix, pod));
  if (!manifest) return { manifest, runs: new Map() };
  const stored = await readFile(join(path, PROGRESS), "utf8").catch(() => undefined);
  const progress = stored === undefined ? undefined : (JSON.parse(stored) as StoredProgress);
  const runs = new Map<string, RunState>();
  for (const archived of manifest.runs) {
    const key = runKey(archived.record);
    // This spool was the last to write.
    if (progress?.stamp === manifest.stamp) runs.set(key, { archived, progress: progress.runs[key], joint: undefined });
    else runs.set(key, { archived, progress: undefined, joint: await joint(bucket, podPrefix(prefix, pod), archived) });
  }
  return { manifest, runs };
}

/**
 * Brings what is new of a pod into the bucket: first the lines, then the manifest that names them, then what is replaced goes.
 *
 * @returns `undefined` where nothing is new
 * @throws S3Error; the state before still counts, but not where runs join on to those of another manager
 */
export async function shipPod(shipping: PodShipping, { path, pod }: ArchivedPod, before: PodState): Promise<PodState | undefined> {
  const { bucket, prefix, folder, maximumBytes } = shipping;
  const base = podPrefix(prefix, pod);
  const runs = new Map(before.runs);
  const replaced: string[] = [];
  let changed = false;
  for (const { path: file, record } of await folder.runs(path)) {
    const key = runKey(record);
    const plan = await planRun(file, before.runs.get(key) ?? { archived: undefined, progress: undefined, joint: undefined }, maximumBytes);
    if (!plan) continue;
    changed = true;
    for (const { name, body } of plan.uploads) await bucket.put(`${base}${name}`, body, CHUNK_TYPE);
    replaced.push(...plan.replaced);
    runs.set(key, plan.state);
  }
  if (runs.size === 0) return undefined;
  if (pod.finishedAt !== undefined)
    for (const [key, state] of runs)
      if (state.archived) runs.set(key, { ...state, archived: endOpen(state.archived, pod.finishedAt, state.joint?.latest) });
  const archived = [...runs.values()].flatMap((run) => run.archived ?? []);
  const record: PodRecord = { ...pod, missed: stillMissed(pod.missed, before.manifest?.pod.missed ?? [], archived) };
  if (!changed && JSON.stringify(before.manifest?.pod) === JSON.stringify(record)) return undefined;
  const manifest: Manifest = { version: 1, stamp: randomUUID(), pod: record, runs: archived };
  await putManifest(bucket, base, manifest);
  await keepProgress(path, manifest.stamp, runs);
  for (const { record: one } of archived) if (one.complete) await rm(join(path, `${runKey(one)}.log.gz`), { force: true });
  for (const name of replaced) await bucket.delete(`${base}${name}`);
  return { manifest, runs };
}

export async function getManifest(bucket: Bucket, base: string): Promise<Manifest | undefined> {
  const text = await bucket.get(`${base}${MANIFEST}`);
  return text && parseManifest(text.toString("utf8"), `${base}${MANIFEST}`);
}

export async function putManifest(bucket: Bucket, base: string, manifest: Manifest): Promise<void> {
  await bucket.put(`${base}${MANIFEST}`, Buffer.from(JSON.stringify(manifest)), "application/json");
}

/** Somebody has deleted an object that a manifest names. */
export class ChunkGoneError extends Error {
  override readonly name = "ChunkGoneError";
  readonly code = "ERR_CHUNK_GONE";
}

/** The lines of some objects, in their order. @throws ChunkGoneError, S3Error */
export async function readChunks(bucket: Bucket, base: string, chunks: readonly Chunk[]): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (const { name } of chunks) {
    const packed = await bucket.get(`${base}${name}`);
    if (!packed) throw new ChunkGoneError(`somebody has deleted ${base}${name} from the bucket`);
    for (const line of await unpackLines(packed)) lines.push(line);
  }
  return lines;
}

/** Ends a run of which nothing more can come. */
export function endOpen({ record, chunks }: ArchivedRun, at: string | undefined, from?: string): ArchivedRun {
  if (record.complete) return { record, chunks };
  const gap = restGap(from, record.terminated?.finishedAt ?? at);
  return { record: { ...record, complete: true, gaps: [...record.gaps, gap] }, chunks };
}

async function joint(bucket: Bucket, base: string, { record, chunks }: ArchivedRun): Promise<RunState["joint"]> {
  if (record.complete) return undefined;
  let lines: LogLine[] = [];
  for (let index = chunks.length - 1; index >= 0; index--) {
    const chunk = await readChunks(bucket, base, [chunks[index]!]).catch((error: unknown) => {
      if (error instanceof ChunkGoneError) return undefined;
      throw error;
    });
    // The spool's own lines take the place of all of them.
    if (!chunk) return undefined;
    lines = [...chunk, ...lines];
    const since = sinceLineTime(latestTime(lines));
    if (lines[0]!.time < since) {
      lines = lines.slice(lines.findIndex(({ time }) => time >= since));
      break;
    }
  }
  return jointOf(lines, record.gaps);
}

async function keepProgress(path: string, stamp: string, runs: ReadonlyMap<string, RunState>): Promise<void> {
  const progress = [...runs].flatMap(([key, state]) => (state.progress ? [[key, state.progress] as const] : []));
  // What joins on to the lines of another manager is compared anew by the next process.
  if ([...runs.values()].some((run) => run.joint)) await rm(join(path, PROGRESS), { force: true });
  else await writeAtomically(join(path, PROGRESS), JSON.stringify({ stamp, runs: Object.fromEntries(progress) } satisfies StoredProgress));
}

/** Runs that nobody read: of those that this spool misses, the ones that the bucket does not have. */
function stillMissed(own: PodRecord["missed"], before: PodRecord["missed"], runs: readonly ArchivedRun[]): PodRecord["missed"] {
  const has = (container: string, restart: number): boolean =>
    runs.some(({ record }: { record: RunRecord }) => record.container === container && record.restart === restart);
  const missed = [...before];
  for (const { container, fromRestart, toRestart, to } of own)
    for (let begin = fromRestart; begin <= toRestart; begin++) {
      if (has(container, begin)) continue;
      let end = begin;
      while (end < toRestart && !has(container, end + 1)) end++;
      if (!missed.some((one) => one.container === container && one.fromRestart === begin))
        missed.push({ container, fromRestart: begin, toRestart: end, ...(to === undefined ? {} : { to }) });
      begin = end;
    }
  return missed;
}
