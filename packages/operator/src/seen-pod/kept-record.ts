import { CLAIMED_WRONGLY, INJECTION_ANNOTATION, type InjectionEntry, readInjectionRecord } from "../pod/index.ts";

/*
 * Of the record of what was injected the manager keeps which rules acted, and which containers they brought. Whoever may patch a
 * pod can write the record, so each entry is held against the whole pod while that is there: an entry whose containers the pod
 * lacks did not come from the webhook, since nobody can take a container out of a pod.
 */

/** What an entry says is held against. */
export interface Evidence {
  readonly hasContainer: (name: string) => boolean;
  /** Whether kruise's annotation, which each injection writes as well, names the set. */
  readonly listsSet: (name: string) => boolean;
}

type KeptEntry = Pick<InjectionEntry, "rule" | "action" | "reason" | "containers">;

/** The record as it is kept: an entry that does not hold, wholly or in part, has the reason `ClaimRejected`. */
export function keptRecord(text: string, evidence: Evidence): string {
  const { entries, kept } = parsed(text);
  if (entries.every((entry) => holds(entry, evidence))) return kept;
  return JSON.stringify(
    entries.map((entry) =>
      holds(entry, evidence) ? entry : ({ rule: entry.rule, action: "skipped", reason: "ClaimRejected" } satisfies KeptEntry),
    ),
  );
}

function holds({ rule, containers = [] }: KeptEntry, { hasContainer, listsSet }: Evidence): boolean {
  if (containers.length === 0) return true;
  return containers.every(hasContainer) && (!rule.startsWith(SIDECAR_SET) || listsSet(rule.slice(SIDECAR_SET.length)));
}

/** The names of the SidecarSets about which a pod's kept record has a claim that was rejected. */
export function rejectedClaims(pod: { readonly metadata: { readonly annotations?: Readonly<Record<string, string>> } }): readonly string[] {
  const text = pod.metadata.annotations?.[INJECTION_ANNOTATION];
  return text === undefined ? NONE : parsed(text).rejected;
}

interface Parsed {
  readonly entries: readonly KeptEntry[];
  readonly kept: string;
  readonly rejected: readonly string[];
}

const SIDECAR_SET = "SidecarSet/";
const NONE: readonly string[] = Object.freeze([]);
/** Records recur: the pods of a Deployment have the same, and each event of a pod brings its own again. */
const MOST_RECORDS = 400;
/** Characters; longer ones are a stranger's, who may write 256 KiB into each pod. */
const LONGEST_RECORD = 8_192;
const records = new Map<string, Parsed>();

function parsed(text: string): Parsed {
  const known = records.get(text);
  if (known !== undefined) return known;
  const entries = readInjectionRecord({ metadata: { annotations: { [INJECTION_ANNOTATION]: text } } }).map(keptEntry);
  const sets = entries.flatMap(({ rule, reason }) =>
    reason === "ClaimRejected" && rule.startsWith(SIDECAR_SET) ? [rule.slice(SIDECAR_SET.length)] : [],
  );
  const made = { entries, kept: JSON.stringify(entries), rejected: sets.length === 0 ? NONE : [...new Set(sets)] };
  if (text.length > LONGEST_RECORD) return made;
  if (records.size >= MOST_RECORDS) records.clear();
  records.set(text, made);
  return made;
}

function keptEntry({ rule, action, reason, containers, problems = [] }: InjectionEntry): KeptEntry {
  const fell = problems.some((problem) => problem.startsWith(CLAIMED_WRONGLY));
  return { rule, action, reason: fell ? "ClaimRejected" : reason, ...(containers === undefined ? {} : { containers }) };
}
