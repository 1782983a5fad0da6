import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type RunRecord, readRecord, writeAtomically } from "./run-file.ts";

/** A pod that has something in the archive: `pod.json` in its folder. */
export interface PodRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly createdAt?: string;
  readonly node?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Kind and name of the controlling owner: of a Job, for its pods. */
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  /** The PodLogArchive that keeps it. */
  readonly archive: string;
  /** Runs that were gone before anybody could read them. */
  readonly missed: readonly {
    readonly container: string;
    readonly fromRestart: number;
    readonly toRestart: number;
    readonly to?: string;
  }[];
  /** When nothing more was to come; absent while the pod runs. */
  readonly finishedAt?: string;
}

/** A pod's folder in the archive. */
export interface ArchivedPod {
  readonly path: string;
  readonly pod: PodRecord;
}

export interface SizedPod extends ArchivedPod {
  /** On disk. */
  readonly bytes: number;
}

/** The folder has as much as it may have. */
export class FolderFullError extends Error {
  override readonly name = "FolderFullError";
  readonly code = "ERR_FOLDER_FULL";
}

/**
 * The folder of the archive: `<namespace>/<pod>_<uid>/`, in it `pod.json` and the files of runs. Names of namespaces, pods and
 * containers are DNS labels or subdomains, and uids are written as they are only where they are such: none leads out of the folder.
 */
export class LogFolder {
  readonly root: string;
  readonly #maximumBytes: number;
  #bytes = 0;

  /** @param maximumBytes what may be in the folder, where that is not left to the file system */
  constructor(root: string, maximumBytes = Number.POSITIVE_INFINITY) {
    this.root = root;
    this.#maximumBytes = maximumBytes;
  }

  /** Bytes in the folder, as they were counted last. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that are about to be written. @throws FolderFullError */
  admit(bytes: number): void {
    if (this.#bytes + bytes > this.#maximumBytes)
      throw new FolderFullError(`${this.root} has ${this.#bytes} bytes that wait for the bucket, and may have ${this.#maximumBytes}`);
    this.#bytes += bytes;
  }

  /** Counts what is in the folder. */
  async count(): Promise<readonly SizedPod[]> {
    const sized: SizedPod[] = [];
    for (const { path, pod } of await this.pods()) sized.push({ path, pod, bytes: await this.size(path) });
    this.#bytes = sized.reduce((sum, { bytes }) => sum + bytes, 0);
    return sized;
  }

  pathOf({ namespace, name, uid }: Pick<PodRecord, "namespace" | "name" | "uid">): string {
    for (const part of [namespace, name, uid])
      if (!/^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(part)) throw new RangeError(`${JSON.stringify(part)} is no name of a folder`);
    return join(this.root, namespace, `${name}_${uid}`);
  }

  async write(pod: PodRecord): Promise<void> {
    const path = this.pathOf(pod);
    await mkdir(path, { recursive: true });
    await writeAtomically(join(path, "pod.json"), JSON.stringify(pod));
  }

  async read(pod: Pick<PodRecord, "namespace" | "name" | "uid">): Promise<PodRecord | undefined> {
    const text = await readFile(join(this.pathOf(pod), "pod.json"), "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as PodRecord);
  }

  /** Pods in the archive, the oldest first. A folder that cannot be read is left out. */
  async pods(namespace?: string): Promise<ArchivedPod[]> {
    const found: ArchivedPod[] = [];
    for (const space of namespace === undefined ? await names(this.root) : [namespace])
      for (const folder of await names(join(this.root, space))) {
        const path = join(this.root, space, folder);
        const text = await readFile(join(path, "pod.json"), "utf8").catch(() => undefined);
        if (text !== undefined) found.push({ path, pod: JSON.parse(text) as PodRecord });
      }
    return found.sort((a, b) => (ageOf(a.pod) < ageOf(b.pod) ? -1 : 1));
  }

  /** The runs in a pod's folder: by container as they began, then by number. */
  async runs(path: string): Promise<{ readonly path: string; readonly record: RunRecord }[]> {
    const runs: { path: string; record: RunRecord }[] = [];
    for (const name of await names(path)) {
      if (!name.endsWith(".json") || name === "pod.json") continue;
      const base = join(path, name.slice(0, -".json".length));
      const record = await readRecord(base);
      if (record) runs.push({ path: base, record });
    }
    return runs.sort((a, b) => (ageOfRun(a.record) < ageOfRun(b.record) ? -1 : 1));
  }

  /** Bytes on disk. */
  async size(path: string): Promise<number> {
    let bytes = 0;
    for (const name of await names(path))
      bytes += await stat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      );
    return bytes;
  }

  async remove(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
  }
}

/** Sorts the oldest first. */
export function ageOf({ createdAt = "", name }: PodRecord): string {
  return `${createdAt} ${name}`;
}
export function ageOfRun({ startedAt = "", container, restart }: RunRecord): string {
  return `${startedAt} ${container} ${String(restart).padStart(9, "0")}`;
}

async function names(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).sort();
}
