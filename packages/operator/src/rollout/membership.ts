import { isDeepStrictEqual } from "node:util";
import type { LabelSelector } from "@outrigger/kit/api";
import { compileSelector, LabelIndex, type Matches } from "../pipeline/index.ts";
import { injectedBy, podKey, rejectedClaims, type SeenPod } from "../seen-pod/index.ts";

interface Member {
  readonly selector: LabelSelector | undefined;
  readonly matches: Matches;
  /** Keys of the pods whose labels the selector matches. */
  readonly pods: Set<string>;
  /** Keys of the pods that claim about the set what is not so, whatever their labels. */
  readonly claimants: Set<string>;
}

type SetLike = { readonly metadata: { readonly name: string }; readonly spec: { readonly selector?: LabelSelector } };

/**
 * Which pods each set's selector matches, kept up to date with each event, so that none of them looks at all pods.
 *
 * - An event of a pod looks only at sets whose selector demands one of its labels.
 * - New sets and new selectors are looked up in one pass over all pods when a set's pods are next asked for, however many there are.
 *
 * Namespaces are not looked at: their labels change without an event of the pod.
 */
export class Membership {
  readonly #members = new Map<string, Member>();
  readonly #fresh = new Set<string>();
  #names: string[] = [];
  #index: LabelIndex | undefined;

  /** To be told of each change of a set. */
  setChanged(now: SetLike | undefined, before: SetLike | undefined): void {
    const name = (now ?? before)!.metadata.name;
    const known = this.#members.get(name);
    if (now === undefined) {
      this.#members.delete(name);
      this.#fresh.delete(name);
      this.#index = undefined;
      return;
    }
    const { selector } = now.spec;
    if (known !== undefined && isDeepStrictEqual(known.selector, selector)) return;
    this.#members.set(name, { selector, matches: matcher(selector), pods: new Set(), claimants: new Set() });
    this.#fresh.add(name);
    this.#index = undefined;
  }

  /** To be told of each change of a pod. @returns the names of the sets that it concerns */
  podChanged(now: SeenPod | undefined, before: SeenPod | undefined): Set<string> {
    const concerned = new Set<string>();
    for (const pod of [before, now]) {
      if (pod === undefined) continue;
      for (const name of injectedBy(pod)) concerned.add(name);
      for (const name of rejectedClaims(pod)) concerned.add(name);
      for (const name of this.#candidates(pod)) concerned.add(name);
    }
    const key = podKey((now ?? before)!);
    const claims = now === undefined ? [] : rejectedClaims(now);
    for (const name of concerned) {
      const member = this.#members.get(name);
      if (member === undefined) {
        concerned.delete(name);
        continue;
      }
      const claimed = claims.includes(name);
      const claim = claimed || member.claimants.has(key);
      if (claimed) member.claimants.add(key);
      else member.claimants.delete(key);
      if (now !== undefined && member.matches(now.metadata.labels ?? {})) member.pods.add(key);
      else if (!member.pods.delete(key) && !claim) concerned.delete(name);
    }
    return concerned;
  }

  /** The keys of the pods whose labels a set's selector matches. @param all every pod, asked for where a set is new */
  podsOf(name: string, all: () => Iterable<SeenPod>): ReadonlySet<string> {
    if (this.#fresh.size > 0) this.#lookUp(all());
    return this.#members.get(name)?.pods ?? new Set();
  }

  /** The keys of the pods that claim about a set what is not so. */
  claimantsOf(name: string, all: () => Iterable<SeenPod>): ReadonlySet<string> {
    if (this.#fresh.size > 0) this.#lookUp(all());
    return this.#members.get(name)?.claimants ?? new Set();
  }

  #lookUp(all: Iterable<SeenPod>): void {
    const fresh = [...this.#fresh].flatMap((name) => this.#members.get(name) ?? []);
    const index = new LabelIndex(fresh.map(({ selector }) => selector));
    for (const pod of all) {
      for (const name of rejectedClaims(pod)) if (this.#fresh.has(name)) this.#members.get(name)?.claimants.add(podKey(pod));
      const labels = pod.metadata.labels ?? {};
      for (const position of index.candidates(labels)) {
        const member = fresh[position]!;
        if (member.matches(labels)) member.pods.add(podKey(pod));
      }
    }
    this.#fresh.clear();
  }

  #candidates({ metadata }: SeenPod): string[] {
    if (this.#index === undefined) {
      this.#names = [...this.#members.keys()];
      this.#index = new LabelIndex([...this.#members.values()].map(({ selector }) => selector));
    }
    return this.#index.candidates(metadata.labels ?? {}).map((position) => this.#names[position]!);
  }
}

/** What cannot be read matches nothing: the set's reconcile says why. */
function matcher(selector: LabelSelector | undefined): Matches {
  try {
    return compileSelector(selector);
  } catch {
    return () => false;
  }
}
