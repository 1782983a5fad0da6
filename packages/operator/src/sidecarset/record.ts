import { LastText } from "../pod/index.ts";
import type { CompiledSidecarSet } from "./compile.ts";
import { goJson } from "./go-json.ts";

/** One set's entry in a pod's hash annotation. */
export interface HashEntry {
  readonly updateTimestamp?: string | null;
  readonly hash?: string;
  readonly sidecarSetName?: string;
  readonly sidecarList?: readonly string[] | null;
  readonly controllerRevision?: string;
}

/** Thrown for a hash annotation that is no JSON object; the pod is refused, as kruise refuses it. */
export class BrokenHashAnnotation extends Error {
  readonly code = "BROKEN_HASH_ANNOTATION";
  readonly annotation: string;
  constructor(annotation: string, why: string) {
    super(`annotation ${annotation} is not readable: ${why}; remove it`);
    this.annotation = annotation;
  }
}

/** Entries by set. The value of kruise before 0.8, `{"<set>":"<hash>"}`, is read as well. */
export function readHashes(annotation: string, text: string | undefined): Record<string, HashEntry> {
  if (text === undefined || text === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new BrokenHashAnnotation(annotation, (cause as Error).message);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BrokenHashAnnotation(annotation, "not a JSON object");
  const entries = Object.create(null) as Record<string, HashEntry>;
  for (const [set, entry] of Object.entries(value)) {
    if (typeof entry === "string") entries[set] = { hash: entry, sidecarSetName: set };
    else if (typeof entry === "object" && entry !== null) {
      const { sidecarList, ...others } = entry as HashEntry;
      entries[set] = { ...others, sidecarList: Array.isArray(sidecarList) ? sidecarList : null };
    } else throw new BrokenHashAnnotation(annotation, `the entry of ${set} is neither an object nor a hash`);
  }
  return entries;
}

/**
 * The annotation's new value: the entries that are there, with those of `sets` renewed; keys sorted. The time of an
 * entry is kept while its hash is the same, so that injecting twice changes nothing.
 *
 * @param sets in the order of their names
 * @param now RFC 3339, UTC, whole seconds
 */
export function writeHashes(
  before: Record<string, HashEntry>,
  sets: readonly CompiledSidecarSet[],
  which: "hash" | "hashWithoutImage",
  now: string,
): string {
  // Nearly every pod is new, and its sets come in the order of their names.
  if (isEmpty(before)) return firstHashes(sets, which, now);
  const parts = new Map<string, string>();
  for (const [name, entry] of Object.entries(before)) parts.set(name, `${goJson(name)}:${goJson(ordered(entry))}`);
  for (const set of sets) {
    const old = Object.hasOwn(before, set.name) ? before[set.name] : undefined;
    const time = old?.hash === set[which] && old.updateTimestamp ? old.updateTimestamp : now;
    const tail = which === "hash" ? set.record.tail : set.record.tailWithoutImage;
    // Until the controller has named the revision, an older call may know it already.
    const revision =
      which === "hash" && set.revision === undefined && old?.hash === set[which] && old.controllerRevision
        ? `${tail.slice(0, -1)},"controllerRevision":${JSON.stringify(old.controllerRevision)}}`
        : tail;
    parts.set(set.name, `${set.record.head}${time}${revision}`);
  }
  return `{${[...parts.keys()]
    .sort()
    .map((name) => parts.get(name))
    .join(",")}}`;
}

const firsts = { hash: new LastText<CompiledSidecarSet>(), hashWithoutImage: new LastText<CompiledSidecarSet>() };

/** Once for the pods of one second that get the same sets. */
function firstHashes(sets: readonly CompiledSidecarSet[], which: "hash" | "hashWithoutImage", now: string): string {
  const tail = which === "hash" ? "tail" : "tailWithoutImage";
  return firsts[which].of(sets, now, () => `{${sets.map(({ record }) => record.head + now + record[tail]).join(",")}}`);
}

function isEmpty(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

/** An entry as Go writes it: every field in its order, absent ones as their zero value. */
function ordered(entry: HashEntry): HashEntry {
  const { updateTimestamp, hash, sidecarSetName, sidecarList, controllerRevision, ...others } = entry;
  return {
    updateTimestamp: updateTimestamp ?? null,
    hash: hash ?? "",
    sidecarSetName: sidecarSetName ?? "",
    sidecarList: sidecarList ?? null,
    ...(controllerRevision ? { controllerRevision } : {}),
    ...others,
  };
}

/** The list annotation with `names` added: sorted, comma-separated. */
export function writeInjectedList(before: string | undefined, names: readonly string[]): string {
  if (!before) return names.join(",");
  return [...new Set([...before.split(",").filter((name) => name !== ""), ...names])].sort().join(",");
}
