import { goJson } from "../sidecarset/index.ts";

/** One set's entry in a pod's hash annotation. */
export interface HashEntry {
  readonly hash?: string;
  readonly sidecarList?: readonly string[];
  readonly controllerRevision?: string;
}

/** One set's entry in the annotation of updates in place. */
export interface InPlaceState {
  readonly revision?: string;
  readonly updateTimestamp?: string;
  /** Container → the id of the image that it ran before its last update, and how often it had restarted (ours). */
  readonly lastContainerStatuses?: Readonly<Record<string, { readonly imageID?: string; readonly restartCount?: number }>>;
}

type Entries = Readonly<Record<string, unknown>>;

/** The entries of an annotation that holds a JSON object; none where it cannot be read. */
export function readEntries(text: string | undefined): Entries {
  if (text === undefined || text === "") return NO_ENTRIES;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Entries) : NO_ENTRIES;
  } catch {
    return NO_ENTRIES;
  }
}

const NO_ENTRIES: Entries = Object.freeze({});

/** A set's entry in a hash annotation; kruise before 0.8 wrote the hash alone. */
export function hashEntry(text: string | undefined, set: string): HashEntry {
  const entry = own(readEntries(text), set);
  if (typeof entry === "string") return { hash: entry };
  return typeof entry === "object" && entry !== null ? (entry as HashEntry) : {};
}

export function inPlaceState(text: string | undefined, set: string): InPlaceState | undefined {
  const entry = own(readEntries(text), set);
  return typeof entry === "object" && entry !== null ? (entry as InPlaceState) : undefined;
}

function own(entries: Entries, name: string): unknown {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}

/** The annotation with one entry renewed, entries in the order of their names; those of others stay as they are. */
export function withEntry(text: string | undefined, set: string, entry: unknown): string {
  const entries = { ...readEntries(text), [set]: entry };
  const names = Object.keys(entries).sort();
  return goJson(Object.fromEntries(names.map((name) => [name, (entries as Entries)[name]])));
}
