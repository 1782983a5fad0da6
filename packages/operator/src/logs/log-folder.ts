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

/**
 * The folder of the archive: `<namespace>/<pod>_<uid>/`, in it `pod.json` and the files of runs. Names of namespaces, pods and
 * containers are DNS labels or subdomains, and uids are written as they are only where they are such: none leads out of the folder.
 */
export class LogFolder {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
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
    const age = ({ pod }: ArchivedPod): string => `${pod.createdAt ?? ""} ${pod.name}`;
    return found.sort((a, b) => (age(a) < age(b) ? -1 : 1));
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
    const age = ({ record }: { record: RunRecord }): string =>
      `${record.startedAt ?? ""} ${record.container} ${String(record.restart).padStart(9, "0")}`;
    return runs.sort((a, b) => (age(a) < age(b) ? -1 : 1));
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

async function names(path: string): Promise<string[]> {
  return (await readdir(path).catch(() => [])).sort();
}
