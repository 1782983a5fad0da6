import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type ArchivedRun, type Chunk, runKey } from "./bucket-layout.ts";
import { countLines, type LogLine, latestTime, linesOf, lineText, sinceLineTime } from "./line.ts";
import { type LogGap, Resumption } from "./merge.ts";
import { type RunRecord, readRecord, readTextFrom } from "./run-file.ts";

/** Bytes of lines in one object at most, but for a line that is longer. */
export const CHUNK_BYTES = 1 << 20;

/** How far a run's file in the spool is in the bucket. */
export interface Progress {
  readonly containerID: string;
  readonly epoch: number;
  /** Bytes of the file that need no more looking at. */
  readonly localBytes: number;
  /** Where in the file the last chunk begins, while more lines can join it. */
  readonly tailFrom?: number;
}
/** A run whose lines somebody else has brought into the bucket: lines of the spool join on to them. */
export interface Joint {
  readonly resumption: Resumption;
  /** Time of the latest line in the bucket. */
  readonly latest: string;
  readonly gaps: readonly LogGap[];
}
export interface RunState {
  readonly archived: ArchivedRun | undefined;
  readonly progress: Progress | undefined;
  readonly joint: Joint | undefined;
}
/** What is to be done for a run; the state counts once the manifest is written. */
export interface RunPlan {
  readonly state: RunState;
  readonly uploads: readonly { readonly name: string; readonly body: Buffer }[];
  readonly replaced: readonly string[];
}

/** @param lines those in the bucket at its end, from `sinceTime` of the latest on */
export function jointOf(lines: readonly LogLine[], gaps: readonly LogGap[]): Joint | undefined {
  const latest = latestTime(lines);
  return latest === "" ? undefined : { resumption: new Resumption(lines), latest, gaps };
}

/**
 * Compares the run's file with what is in the bucket.
 *
 * @param path of the run in the spool
 * @returns `undefined` where nothing is to be done
 */
export async function planRun(path: string, before: RunState, maximumBytes: number): Promise<RunPlan | undefined> {
  const { archived, joint } = before;
  const first = await readRecord(path);
  // Over, and brought here by another manager.
  if (!first || (archived?.record.complete && archived.record.containerID === first.containerID)) return undefined;
  const isSame = before.progress?.containerID === first.containerID && before.progress.epoch === (first.epoch ?? 0);
  const joins = joint !== undefined && archived?.record.containerID === first.containerID;
  const progress = isSame ? before.progress! : { containerID: first.containerID, epoch: first.epoch ?? 0, localBytes: 0 };
  const kept = isSame || joins ? (archived?.chunks ?? []) : [];
  const from = progress.tailFrom ?? progress.localBytes;
  const text = await readTextFrom(path, from);
  // Read after the lines, so that each gap before them is in it.
  const record = await readRecord(path);
  if (!record || record.containerID !== first.containerID || (record.epoch ?? 0) !== progress.epoch) return undefined;
  // Compressed while it was read: it is looked at again.
  if (record.complete !== first.complete) return undefined;
  // Of a bucket that was changed: the lines went into the one before.
  if (text === undefined && record.complete && record.lines > 0 && !isSame && !joins) return undefined;
  const isNew = text !== undefined && from + text.length > progress.localBytes;
  let chunks: readonly Chunk[] = kept;
  let uploads: readonly Upload[] = [];
  let replaced: readonly string[] = isSame ? [] : (archived?.chunks ?? []).filter((one) => !kept.includes(one)).map(({ name }) => name);
  let next: Progress = progress;
  let gaps = joins ? joinedGaps(joint, record.gaps) : record.gaps;
  let stillJoins = joins ? joint : undefined;
  if (isNew && joins) {
    const taken = takeNew(joint, linesOf(text.toString("utf8")), maximumBytes - kept.reduce((sum, { bytes }) => sum + bytes, 0));
    stillJoins = taken.joint;
    gaps = joinedGaps(stillJoins, record.gaps);
    uploads = await pack(record, `j${progress.localBytes}`, Buffer.from(taken.lines.map((line) => `${lineText(line)}\n`).join("")));
    chunks = [...kept, ...uploads.map(({ chunk }) => chunk)];
    next = { ...progress, localBytes: from + text.length };
  } else if (isNew) {
    uploads = await pack(record, `${from}`, text);
    const last = progress.tailFrom === undefined ? undefined : kept.at(-1);
    if (last) replaced = [...replaced, last.name];
    chunks = [...(last ? kept.slice(0, -1) : kept), ...uploads.map(({ chunk }) => chunk)];
    const tail = uploads.at(-1)!.chunk.bytes;
    const { tailFrom: _, ...rest } = progress;
    next = { ...rest, localBytes: from + text.length, ...(tail < CHUNK_BYTES ? { tailFrom: from + text.length - tail } : {}) };
  }
  const shown: RunRecord = {
    ...record,
    gaps,
    lines: chunks.reduce((sum, { lines }) => sum + lines, 0),
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  if (!isNew && isSame && JSON.stringify(archived?.record) === JSON.stringify(shown)) return undefined;
  return {
    state: { archived: { record: shown, chunks }, progress: next, joint: stillJoins },
    uploads: uploads.map(({ chunk: { name }, body }) => ({ name, body })),
    replaced: replaced.filter((name) => !chunks.some((chunk) => chunk.name === name)),
  };
}

interface Upload {
  readonly chunk: Chunk;
  readonly body: Buffer;
}

/** Objects are named by what is in them, so that an upload that is made again takes the same name. */
async function pack(record: RunRecord, at: string, text: Buffer): Promise<Upload[]> {
  const uploads: Upload[] = [];
  const run = createHash("sha256")
    .update(`${record.containerID} ${record.epoch ?? 0}`)
    .digest("hex")
    .slice(0, 8);
  for (let begin = 0; begin < text.length; ) {
    const end = endOfPiece(text, begin);
    const piece = text.subarray(begin, end);
    const body = await promisify(gzip)(piece);
    const name = `${runKey(record)}/${run}-${at}-${begin}-${piece.length}.log.gz`;
    uploads.push({ chunk: { name, lines: countLines(piece), bytes: piece.length, packed: body.length }, body });
    begin = end;
  }
  return uploads;
}

function endOfPiece(text: Buffer, begin: number): number {
  if (text.length - begin <= CHUNK_BYTES) return text.length;
  const last = text.lastIndexOf(10, begin + CHUNK_BYTES - 1) + 1;
  return last > begin ? last : text.indexOf(10, begin) + 1;
}

/** The lines of the spool that the bucket does not have. */
function takeNew(joint: Joint, lines: readonly LogLine[], room: number): { lines: LogLine[]; joint: Joint } {
  const since = sinceLineTime(joint.latest);
  const gaps = [...joint.gaps];
  const taken: LogLine[] = [];
  let left = room;
  for (const line of lines) {
    if (line.time < since) continue;
    const { isNew, gap } = joint.resumption.take(line);
    if (gap) gaps.push(gap);
    if (!isNew || left <= 0) continue;
    left -= Buffer.byteLength(lineText(line)) + 1;
    taken.push(line);
    if (left <= 0) gaps.push({ from: line.time, reason: "LimitReached" });
  }
  return { lines: taken, joint: { ...joint, gaps } };
}

/** The bucket's gaps, and of the spool's those that lie behind what was in the bucket. */
function joinedGaps({ gaps, latest }: Joint, own: readonly LogGap[]): LogGap[] {
  const all = [...gaps];
  for (const gap of own) {
    if (gap.to !== undefined && gap.to <= latest) continue;
    const moved = gap.from === undefined || gap.from < latest ? { ...gap, from: latest } : gap;
    if (!all.some(({ from, reason }) => from === moved.from && reason === moved.reason)) all.push(moved);
  }
  return all;
}
