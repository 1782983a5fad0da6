import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Client } from "@outrigger/kit/client";
import { followRun, type RunState } from "./follower.ts";
import type { LogFolder, PodRecord } from "./log-folder.ts";
import { restGap } from "./merge.ts";
import { type LoggedPod, runsOf, type SeenRun } from "./pod-runs.ts";
import { RunFile, type RunRecord } from "./run-file.ts";

/** What an archive says of the pods that it keeps. */
export interface ArchiveRules {
  readonly name: string;
  readonly maximumBytes: number;
  /** Where lines go first. */
  readonly folder: LogFolder;
}

type RunIdentity = Pick<RunRecord, "container" | "restart" | "containerID" | "startedAt">;
interface Run {
  readonly wake: Set<() => void>;
  seen: SeenRun | undefined;
  file: RunFile | undefined;
  problem: string | undefined;
  done: boolean;
}
interface Followed {
  readonly folder: LogFolder;
  pod: LoggedPod;
  archive: ArchiveRules;
  gone: boolean;
  record: PodRecord | undefined;
  /** Why `pod.json` could not be written. */
  problem: string | undefined;
  readonly runs: Map<string, Run>;
  /** Writes about the pod, one after the other. */
  writing: Promise<void>;
}

/** What is happening in an archive. */
export interface ArchiveFigures {
  readonly following: number;
  readonly problems: readonly string[];
}

/** When `pod.json` is written again that could not be written, milliseconds. */
const AGAIN_MS = 2000;

/** Follows the logs of the pods that it is shown, into folders. What it knows can be lost: the folders and the cluster tell it again. */
export class Archiver {
  readonly #client: Client;
  readonly #pods = new Map<string, Followed>();
  readonly #running = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(client: Client) {
    this.#client = client;
  }

  /** The pod as it is now; the first sight begins to follow it. A pod that no archive selects any more is followed to its end. */
  see(pod: LoggedPod, archive: ArchiveRules | undefined): void {
    const { uid } = pod.metadata;
    const known = this.#pods.get(uid);
    if (!known && !archive) return;
    const followed: Followed = known ?? {
      folder: archive!.folder,
      pod,
      archive: archive!,
      gone: false,
      record: undefined,
      problem: undefined,
      runs: new Map(),
      writing: Promise.resolve(),
    };
    if (!known) this.#pods.set(uid, followed);
    followed.pod = pod;
    // What is followed stays where it is.
    if (archive?.folder === followed.folder) followed.archive = archive;
    this.#update(followed);
    if (!known) followed.writing = followed.writing.then(() => this.#endOld(followed)).catch(() => {});
  }

  /** The pod is not in the cluster any more. */
  gone(uid: string): void {
    const followed = this.#pods.get(uid);
    if (!followed) return;
    followed.gone = true;
    this.#update(followed);
  }

  /** Whether everything of the pod is in the folder that can get there. */
  isKept(uid: string): boolean {
    const followed = this.#pods.get(uid);
    return followed === undefined || [...followed.runs.values()].every(({ done }) => done);
  }

  /** The runs of a pod that are followed, or were. */
  runs(uid: string): readonly RunIdentity[] {
    return [...(this.#pods.get(uid)?.runs.values() ?? [])].flatMap(({ file }) => (file ? [file.record] : []));
  }

  /** Ends what an earlier process has left open in a folder of pods that are not there any more. @returns how many pods */
  async sweep(folder: LogFolder, present: ReadonlySet<string>): Promise<number> {
    let ended = 0;
    for (const { path, pod } of await folder.pods()) {
      if (pod.finishedAt !== undefined || present.has(pod.uid) || this.#pods.has(pod.uid)) continue;
      for (const { path: base, record } of await folder.runs(path)) {
        if (record.complete) continue;
        const file = await RunFile.open(base, record);
        await file.addGap(restGap((await file.tail()).at(-1)?.time, record.terminated?.finishedAt));
        await file.complete();
      }
      await folder.write({ ...pod, finishedAt: new Date().toISOString() });
      ended++;
    }
    return ended;
  }

  figures(archive: string): ArchiveFigures {
    let following = 0;
    const problems = new Set<string>();
    for (const { archive: own, runs, pod, problem } of this.#pods.values()) {
      if (own.name !== archive) continue;
      if (problem !== undefined) problems.add(`${pod.metadata.namespace}/${pod.metadata.name}: ${problem}`);
      for (const { done, problem } of runs.values()) {
        if (!done) following++;
        if (problem !== undefined) problems.add(`${pod.metadata.namespace}/${pod.metadata.name}: ${problem}`);
      }
    }
    return { following, problems: [...problems] };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const { runs } of this.#pods.values()) for (const { wake } of runs.values()) for (const one of wake) one();
    await Promise.allSettled([...this.#running]);
    await Promise.allSettled([...this.#pods.values()].map(({ writing }) => writing));
  }

  #update(followed: Followed): void {
    const seen = runsOf(followed.pod);
    for (const one of seen) {
      const key = `${one.container}/${one.containerID}`;
      const known = followed.runs.get(key);
      if (known) {
        // A container that waits to be started again has the count of its last run, as it had before.
        known.seen = known.seen ? { ...one, restart: known.seen.restart } : one;
        continue;
      }
      const run: Run = { wake: new Set(), seen: one, file: undefined, problem: undefined, done: false };
      followed.runs.set(key, run);
      this.#start(followed, run, one);
    }
    for (const [key, run] of followed.runs) if (!seen.some((one) => key === `${one.container}/${one.containerID}`)) run.seen = undefined;
    for (const { wake } of followed.runs.values()) for (const one of wake) one();
    this.#record(followed);
  }

  #start(followed: Followed, run: Run, identity: RunIdentity): void {
    const running = this.#follow(followed, run, identity).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Ends the runs that an earlier process has left open, and that the pod's status does not tell of any more. */
  async #endOld(followed: Followed): Promise<void> {
    for (const { record } of await followed.folder.runs(followed.folder.pathOf({ ...followed.pod.metadata }))) {
      const key = `${record.container}/${record.containerID}`;
      if (record.complete || followed.runs.has(key) || this.#stopping.signal.aborted) continue;
      const run: Run = { wake: new Set(), seen: undefined, file: undefined, problem: undefined, done: false };
      followed.runs.set(key, run);
      this.#start(followed, run, record);
    }
  }

  async #follow(followed: Followed, run: Run, { container, restart, containerID, startedAt }: RunIdentity): Promise<void> {
    const signal = this.#stopping.signal;
    const { namespace, name } = followed.pod.metadata;
    const changed = (timeoutMs: number): Promise<void> =>
      new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          run.wake.delete(done);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs).unref();
        run.wake.add(done);
        if (signal.aborted) done();
      });
    // The folder may be full, or not there: the log waits at the kubelet meanwhile.
    for (let wait = 500; run.file === undefined && !signal.aborted; wait = Math.min(wait * 2, 30_000)) {
      try {
        await followed.writing;
        await followed.folder.write(podRecord(followed));
        const path = join(followed.folder.pathOf({ ...followed.pod.metadata }), `${container}.${restart}`);
        run.file = await RunFile.open(path, { container, restart, containerID });
        if (startedAt !== undefined && run.file.record.startedAt === undefined) await run.file.note({ startedAt });
      } catch (error) {
        run.problem = (error as Error).message;
        run.file = undefined;
        await changed(wait);
      }
    }
    const { file } = run;
    if (!file) return;
    run.problem = undefined;
    if (!file.record.complete)
      await followRun({
        client: this.#client,
        pod: { namespace, name },
        file,
        admit: (bytes) => followed.folder.admit(bytes),
        maximumBytes: followed.archive.maximumBytes,
        state: () => stateOf(followed, run),
        changed,
        problem: (message) => {
          run.problem = message;
        },
        signal,
      });
    run.done = file.record.complete;
    this.#record(followed);
  }

  /** Writes `pod.json` where it changed, and forgets a pod of which nothing more will come. */
  #record(followed: Followed): void {
    if (this.#stopping.signal.aborted) return;
    followed.writing = followed.writing
      .then(async () => {
        const known = [...followed.runs.values()];
        const isOver = known.length > 0 && known.every(({ done }) => done) && (followed.gone || isFinished(followed.pod));
        if (known.length > 0) {
          const before = followed.record ?? (await followed.folder.read(followed.pod.metadata));
          const next: PodRecord = {
            ...podRecord(followed),
            missed: await this.#missed(followed, before?.missed ?? []),
            ...(isOver ? { finishedAt: before?.finishedAt ?? new Date().toISOString() } : {}),
          };
          if (!isDeepStrictEqual(next, before)) await followed.folder.write(next);
          followed.record = next;
        }
        if (followed.gone && (isOver || known.length === 0)) this.#pods.delete(followed.pod.metadata.uid);
      })
      .then(
        () => {
          followed.problem = undefined;
        },
        (error: unknown) => {
          followed.problem = (error as Error).message;
          setTimeout(() => this.#record(followed), AGAIN_MS).unref();
        },
      );
  }

  /** Runs between those that are in the folder and those that the kubelet still has. */
  async #missed(followed: Followed, before: PodRecord["missed"]): Promise<PodRecord["missed"]> {
    const stored = await followed.folder.runs(followed.folder.pathOf({ ...followed.pod.metadata }));
    const missed = [...before];
    const all = [...stored.map(({ record }) => record), ...[...followed.runs.values()].flatMap(({ seen }) => seen ?? [])];
    for (const container of new Set(all.map((one) => one.container))) {
      const numbers = [...new Set(all.filter((one) => one.container === container).map(({ restart }) => restart))].sort((a, b) => a - b);
      for (const [index, number] of numbers.entries()) {
        const fromRestart = (numbers[index - 1] ?? -1) + 1;
        if (fromRestart >= number || missed.some((one) => one.container === container && one.fromRestart === fromRestart)) continue;
        const to = all.find((one) => one.container === container && one.restart === number)?.startedAt;
        missed.push({ container, fromRestart, toRestart: number - 1, ...(to === undefined ? {} : { to }) });
      }
    }
    return missed;
  }
}

function stateOf({ gone }: Followed, { seen, file }: Run): RunState {
  const terminated = seen?.terminated ?? file?.record.terminated;
  // Neither the present run nor the one before: the kubelet keeps no log of it.
  if (gone || !seen) return { at: "gone", isLast: true, ...(terminated ? { terminated } : {}) };
  return seen;
}

function isFinished({ status }: LoggedPod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed";
}

function podRecord({ pod, archive, record }: Followed): PodRecord {
  const { metadata, spec, status } = pod;
  const owner = metadata.ownerReferences?.find((one) => one.controller);
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    ...(metadata.creationTimestamp ? { createdAt: metadata.creationTimestamp } : {}),
    ...(spec?.nodeName ? { node: spec.nodeName } : {}),
    labels: metadata.labels ?? {},
    ...(owner ? { owner: { kind: owner.kind, name: owner.name } } : {}),
    ...(status?.phase ? { phase: status.phase } : {}),
    ...(status?.reason ? { reason: status.reason } : {}),
    ...(status?.message ? { message: status.message } : {}),
    archive: archive.name,
    missed: record?.missed ?? [],
  };
}
