import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "@outrigger/kit/client";
import { GrowingDelay } from "@outrigger/kit/queue";
import { type LogLine, latestTime, parseLine, sinceTime } from "./line.ts";
import { compareLogs, type LogGap, Resumption, restGap } from "./merge.ts";
import { type RunFile, type Termination, WHOLE_BYTES } from "./run-file.ts";

/** How the run is at the moment, by the pod's latest status. */
export interface RunState {
  /** `running` and `ended`: it is the container's present run. `previous`: another runs since. `gone`: the pod is gone, or keeps no log of it. */
  readonly at: "running" | "ended" | "previous" | "gone";
  readonly terminated?: Termination;
  /** No other run can follow, so that the log stays the present one. */
  readonly isLast: boolean;
}

export interface FollowerOptions {
  readonly client: Client;
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly file: RunFile;
  readonly maximumBytes: number;
  /** Called before lines are written. @throws where there is no room for them */
  readonly admit: (bytes: number) => void;
  readonly state: () => RunState;
  /** Resolves when the state has changed, or after so many milliseconds. */
  readonly changed: (timeoutMs: number) => Promise<void>;
  readonly problem: (message: string | undefined) => void;
  readonly signal: AbortSignal;
}

/** How long the status of an ended container may take to arrive after its log has ended, milliseconds. */
const STATUS_MS = 3000;
/** Attempts to read a log that the kubelet should have; then it is given up. */
const ATTEMPTS = 5;
/** Lines that are written together at most. */
const BATCH = 1000;

/**
 * Brings the log of one run into its file, to its end: follows it while the container runs, goes on after interruptions, and compares
 * the file with the log once more when the run has ended. Resolves when the file is complete, or the signal aborts.
 */
export async function followRun(options: FollowerOptions): Promise<void> {
  const { file, state, changed, problem, signal, maximumBytes } = options;
  let delay = new GrowingDelay({ baseMs: 500, maxMs: 30_000 });
  let attempts = 0;
  let endedClean = false;
  while (!signal.aborted) {
    const { at, terminated, isLast } = state();
    try {
      if (terminated && !file.record.terminated) await file.note({ terminated });
      if (file.record.bytes >= maximumBytes) {
        if (at === "running") {
          await changed(60_000);
          continue;
        }
        return await file.complete({ verified: true, ...(terminated ? closeLimit(file, terminated) : {}) });
      }
      if (at === "running") {
        // Told again at once where it fails again.
        problem(undefined);
        endedClean = await follow(options);
        delay = new GrowingDelay({ baseMs: 500, maxMs: 30_000 });
        if (endedClean && !signal.aborted && state().at === "running") await changed(STATUS_MS);
        continue;
      }
      if (at === "gone") {
        if (!endedClean) await file.addGap(restGap((await file.tail()).at(-1)?.time, terminated?.finishedAt));
        return await file.complete({ verified: endedClean });
      }
      await drain(options, at === "previous");
      const after = state();
      // Another run may have begun meanwhile: then the log that was read may be that one's, and is read again as the previous one's.
      if (after.at !== at) continue;
      problem(undefined);
      if (isLast || at === "previous") return await file.complete({ verified: true });
      endedClean = true;
      await changed(60_000);
    } catch (error) {
      if (signal.aborted) break;
      const status = (error as { status?: { code?: number } }).status;
      // The pod, or its container, is not there any more (404), or the kubelet has no such log (400).
      const isRefused = status?.code === 404 || status?.code === 400 || error instanceof KubeletMessage;
      if (isRefused && at !== "running" && ++attempts >= ATTEMPTS) {
        if (!endedClean) await file.addGap(restGap((await file.tail()).at(-1)?.time, terminated?.finishedAt)).catch(() => {});
        await file.complete({ verified: endedClean });
        return;
      }
      if (!isRefused) problem((error as Error).message);
      endedClean = false;
      await wait(delay.next(), undefined, { signal }).catch(() => {});
    }
  }
  await file.close();
}

/** The kubelet's own words in place of a log, with status 200: `unable to retrieve container logs for containerd://…`. */
class KubeletMessage extends Error {
  override readonly name = "KubeletMessage";
  readonly code = "ERR_KUBELET_MESSAGE";
}

/** @returns whether the log ended by itself */
async function follow({ client, pod, file, maximumBytes, admit, signal }: FollowerOptions): Promise<boolean> {
  const tail = await file.tail();
  const latest = latestTime(tail);
  const resumption = new Resumption(tail);
  const ending = new AbortController();
  const lines = client.logs(pod, {
    container: file.record.container,
    follow: true,
    timestamps: true,
    ...(latest === "" ? {} : { sinceTime: sinceTime(latest) }),
    signal: AbortSignal.any([signal, ending.signal]),
  });
  let batch: LogLine[] = [];
  let writing: Promise<void> = Promise.resolve();
  let failure: unknown;
  let said: string | undefined;
  let scheduled = false;
  let limited = false;
  // Lines that come together are written together.
  const write = (): void => {
    scheduled = false;
    const taken = batch;
    batch = [];
    writing = writing
      .then(() => (failure === undefined ? store(file, taken, maximumBytes, admit) : undefined))
      .catch((error: unknown) => {
        failure ??= error;
        ending.abort();
      });
  };
  try {
    for await (const raw of lines) {
      const line = parseLine(raw);
      if (!line) {
        said = raw;
        continue;
      }
      const { isNew, gap } = resumption.take(line);
      if (gap) {
        write();
        writing = writing.then(() => file.addGap(gap));
      }
      if (!isNew) continue;
      batch.push(line);
      if (batch.length >= BATCH) {
        write();
        await writing;
        limited = file.record.bytes >= maximumBytes;
        if (limited) break;
      } else if (!scheduled) {
        scheduled = true;
        setImmediate(write);
      }
      if (file.record.bytes >= maximumBytes) {
        limited = true;
        break;
      }
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    write();
    await writing;
  }
  if (failure !== undefined) throw failure;
  if (said !== undefined) throw new KubeletMessage(said);
  return !limited && !signal.aborted;
}

/** Reads a log that has ended, and adds what is missing of it. */
async function drain({ client, pod, file, maximumBytes, admit, signal, state }: FollowerOptions, previous: boolean): Promise<void> {
  const whole = file.record.bytes <= WHOLE_BYTES;
  const tail = whole ? await file.all() : await file.tail();
  const latest = latestTime(tail);
  const asked = { container: file.record.container, previous, timestamps: true, signal };
  const before = state().at;
  if (!whole) {
    const resumption = new Resumption(tail);
    for await (const raw of client.logs(pod, { ...asked, sinceTime: sinceTime(latest) })) {
      const line = parseLine(raw);
      if (!line) throw new KubeletMessage(raw);
      const { isNew, gap } = resumption.take(line);
      if (gap) await file.addGap(gap);
      if (isNew) await store(file, [line], maximumBytes, admit);
    }
    return;
  }
  const fetched: LogLine[] = [];
  for await (const raw of client.logs(pod, { ...asked, limitBytes: maximumBytes + WHOLE_BYTES })) {
    const line = parseLine(raw);
    if (!line) throw new KubeletMessage(raw);
    fetched.push(line);
  }
  if (state().at !== before) return;
  const comparison = compareLogs(tail, fetched);
  if (comparison.kind === "replace") await file.clear();
  else if (comparison.gap) await file.addGap(comparison.gap);
  await store(file, comparison.kind === "replace" ? fetched : comparison.lines, maximumBytes, admit);
}

/** Appends lines up to the limit, and says where the limit was reached. */
async function store(file: RunFile, lines: readonly LogLine[], maximumBytes: number, admit: FollowerOptions["admit"]): Promise<void> {
  let bytes = file.record.bytes;
  if (bytes >= maximumBytes) return;
  const fitting = lines.filter(({ text }) => {
    if (bytes >= maximumBytes) return false;
    bytes += 32 + Buffer.byteLength(text);
    return true;
  });
  admit(bytes - file.record.bytes);
  await file.append(fitting);
  if (bytes >= maximumBytes) await file.addGap({ from: (fitting.at(-1) ?? lines[0]!).time, reason: "LimitReached" });
}

function closeLimit(file: RunFile, { finishedAt }: Termination): { gaps: readonly LogGap[] } {
  return {
    gaps: file.record.gaps.map((gap) => (gap.reason === "LimitReached" && finishedAt !== undefined ? { ...gap, to: finishedAt } : gap)),
  };
}
