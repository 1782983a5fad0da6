import type { PodState } from "./pod-state.ts";

interface Refusal {
  readonly uid: string;
  readonly hash: string;
  readonly why: string;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * Updates that the API server refused (a policy, another webhook). They are tried again after a while, and meanwhile others
 * take their turn, so that one pod that cannot be written stops nobody else.
 */
export class Refusals {
  readonly #bySet = new Map<string, Map<string, Refusal>>();

  note(set: string, state: PodState, hash: string, why: string, now: number): void {
    const ofSet = this.#bySet.get(set) ?? new Map<string, Refusal>();
    ofSet.set(state.key, { uid: state.pod.metadata.uid, hash, why, at: now });
    this.#bySet.set(set, ofSet);
  }

  /** Why pods of the set are not to be tried now: those refused since `now - againMs` for this hash. Others are forgotten. */
  current(set: string, pods: readonly PodState[], hash: string, now: number, againMs: number): ReadonlyMap<string, string> {
    const ofSet = this.#bySet.get(set);
    if (ofSet === undefined) return new Map();
    const found = new Map<string, string>();
    for (const { key, pod, updated } of pods) {
      const refusal = ofSet.get(key);
      if (refusal?.uid === pod.metadata.uid && refusal.hash === hash && !updated && now - refusal.at < againMs) found.set(key, refusal.why);
    }
    for (const key of ofSet.keys()) if (!found.has(key)) ofSet.delete(key);
    if (ofSet.size === 0) this.#bySet.delete(set);
    return found;
  }

  forget(set: string): void {
    this.#bySet.delete(set);
  }
}
