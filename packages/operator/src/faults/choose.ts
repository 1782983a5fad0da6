import { createHash } from "node:crypto";
import type { NetworkFaultSpec, PodEntry } from "./resource.ts";

/** A pod that can have a fault: it runs, has an address and a network of its own. */
export interface Candidate {
  readonly name: string;
  readonly uid: string;
  readonly address: string;
}

export interface Choice {
  /** By name. */
  readonly chosen: readonly Candidate[];
  /** What a percentage is of: the most pods that there were to choose from during the run. */
  readonly of: number;
}

export interface ChoiceInput {
  readonly mode: NetworkFaultSpec["mode"];
  readonly value: number | undefined;
  /** The pods that match and can have a fault now. */
  readonly candidates: readonly Candidate[];
  /** What became of the pods of this run so far. */
  readonly before: readonly PodEntry[];
  readonly of: number;
  /** Another seed gives another choice: the fault's uid and the start of the run. */
  readonly seed: string;
}

/** Why an entry's fault is over: the pod is no more, which a run counts as used up. */
export const POD_GONE = "PodGone";

/**
 * Chooses the pods of a run.
 *
 * Guarantees
 * - The same input gives the same choice, in whatever order the pods come, and after a restart.
 * - A pod that was chosen stays so while it can have the fault and the size of the choice does not fall.
 * - A pod that went is followed by one of its name (a StatefulSet's), and by no other: a fault that its pods do not
 *   survive must not wander through all of them. Mode `all` has whoever is there.
 */
export function choosePods({ mode, value, candidates, before, of, seed }: ChoiceInput): Choice {
  const most = Math.max(of, candidates.length);
  const byName = [...candidates].sort((a, b) => compare(a.name, b.name));
  if (mode === "all") return { chosen: byName, of: most };

  const size =
    mode === "one" ? 1 : mode === "fixed" ? (value ?? 1) : most === 0 ? 0 : Math.max(1, Math.floor((most * (value ?? 100)) / 100));
  const uids = new Map(before.map((entry) => [entry.uid, entry]));
  const gone = before.filter((entry) => entry.state === "Recovered" && entry.reason === POD_GONE);
  const names = new Set(gone.map((entry) => entry.name));
  const kept = candidates.filter(({ uid, name }) => uids.has(uid) || names.has(name));
  const present = new Set(kept.map(({ name }) => name));
  const lost = gone.filter(({ name }) => !present.has(name)).length;

  const chosen = ranked(kept, seed).slice(0, size);
  const room = size - chosen.length - lost;
  if (room > 0)
    chosen.push(
      ...ranked(
        candidates.filter((one) => !kept.includes(one)),
        seed,
      ).slice(0, room),
    );
  return { chosen: chosen.sort((a, b) => compare(a.name, b.name)), of: most };
}

/** In an order that depends on the seed and each pod's uid alone, so that pods that come and go move no other. */
function ranked(candidates: readonly Candidate[], seed: string): Candidate[] {
  return candidates
    .map((candidate) => ({ candidate, rank: createHash("sha256").update(`${seed}/${candidate.uid}`).digest("hex") }))
    .sort((a, b) => compare(a.rank, b.rank))
    .map(({ candidate }) => candidate);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
