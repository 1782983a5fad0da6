import type { PodRecord } from "./log-folder.ts";
import type { RunRecord } from "./run-file.ts";

/** An object with lines of a run, compressed. It is never changed; a longer one takes the place of the last one. */
export interface Chunk {
  /** Below the pod's prefix. */
  readonly name: string;
  readonly lines: number;
  /** Before and after compression. */
  readonly bytes: number;
  readonly packed: number;
}
export interface ArchivedRun {
  readonly record: RunRecord;
  readonly chunks: readonly Chunk[];
}
/** `pod.json`: what the bucket has of a pod. Chunks that it does not name do not count. */
export interface Manifest {
  readonly version: 1;
  /** Another one after each write, so that a spool knows whether it was the last to write. */
  readonly stamp: string;
  readonly pod: PodRecord;
  readonly runs: readonly ArchivedRun[];
}

export const MANIFEST = "pod.json";
export const CHUNK_TYPE = "application/gzip";

/** Where the objects of a pod are. Pod names, namespaces and uids need no escaping. */
export function podPrefix(prefix: string, { namespace, name, uid }: Pick<PodRecord, "namespace" | "name" | "uid">): string {
  return `${prefix}${namespace}/${name}_${uid}/`;
}

/** @throws Error where the text is no manifest that this version reads. */
export function parseManifest(text: string, key: string): Manifest {
  const manifest = JSON.parse(text) as Manifest;
  if (manifest.version !== 1) throw new Error(`${key} is of version ${manifest.version}: a newer manager wrote it`);
  return manifest;
}

export function runKey({ container, restart }: Pick<RunRecord, "container" | "restart">): string {
  return `${container}.${restart}`;
}

export function packedBytes({ runs }: Manifest): number {
  return runs.reduce((sum, { chunks }) => sum + chunks.reduce((bytes, { packed }) => bytes + packed, 0), 0);
}
