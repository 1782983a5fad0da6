import { isDeepStrictEqual } from "node:util";
import { type SeenPod, sameButVersion } from "../seen-pod/index.ts";
import { ConflictIndex, type SidecarSet } from "../sidecarset/index.ts";
import { Membership } from "./membership.ts";
import { standsInFor } from "./missed.ts";
import { Refusals } from "./refusals.ts";
import { ToldClaims } from "./rejected-claims.ts";

export interface RolloutControllerOptions {
  /** The manager's namespace, where revisions lie. */
  readonly namespace: string;
  /** Namespaces into whose pods nothing is injected: their pods are not missed. */
  readonly excludedNamespaces: readonly string[];
  /** Why nothing may be done with sets, as kruise's manager has them; asked at each reconcile. Default: it always may. */
  readonly obstacle?: () => string | undefined;
  /** The time of day. Default: the system's. */
  readonly now?: () => Date;
}

/** What all reconciles of sets share: who belongs to whom, and what was tried in vain. */
export class Shared {
  readonly options: RolloutControllerOptions;
  readonly membership = new Membership();
  readonly refusals = new Refusals();
  readonly claims = new ToldClaims();
  readonly conflicts = new ConflictIndex();
  /** All sets. */
  readonly names = new Set<string>();
  /** Sets with a namespaceSelector. */
  readonly namespaced = new Set<string>();
  /** The sets that the last event of a pod concerns. */
  concerned: ReadonlySet<string> = new Set();
  readonly #canaries = new Map<string, Set<string>>();
  readonly #evictions = new Map<string, number>();

  constructor(options: RolloutControllerOptions) {
    this.options = options;
  }

  /** To be told of each change of a set, before its reconcile. */
  setChanged(now: SidecarSet | undefined, before: SidecarSet | undefined): true {
    const name = (now ?? before)!.metadata.name!;
    this.membership.setChanged(now as never, before as never);
    if (!sameWanted(now, before)) this.conflicts.set(name, now);
    if (now !== undefined) this.names.add(name);
    else {
      this.names.delete(name);
      this.refusals.forget(name);
      this.claims.forget(name);
      this.#evictions.delete(name);
    }
    if (now?.spec.namespaceSelector === undefined) this.namespaced.delete(name);
    else this.namespaced.add(name);
    const old = before && standsInFor(before);
    if (old !== undefined) this.#canaries.get(old)?.delete(name);
    const base = now && standsInFor(now);
    if (base !== undefined) this.#canaries.set(base, (this.#canaries.get(base) ?? new Set()).add(name));
    return true;
  }

  /** The sets whose status a change of another set can change. @param before absent where the set came or went */
  concernedBy(now: SidecarSet, before: SidecarSet | undefined): string[] {
    const canaryOf = standsInFor(now);
    const base = canaryOf === undefined ? [] : [canaryOf];
    if (sameWanted(now, before)) return base;
    const neighbours = [now, ...(before === undefined ? [] : [before])].flatMap((set) => this.conflicts.neighbours(set));
    return [...new Set([...base, ...neighbours.map(({ metadata }) => metadata.name ?? "")])];
  }

  /** To be told of each change of a pod. @returns whether a set is concerned */
  podChanged(now: SeenPod | undefined, before: SeenPod | undefined): boolean {
    if (now !== undefined && before !== undefined && sameButVersion(now, before)) return false;
    this.concerned = this.membership.podChanged(now, before);
    return this.concerned.size > 0;
  }

  /** The names of the canaries that stand in for a set. */
  canariesOf(name: string): readonly string[] {
    return [...(this.#canaries.get(name) ?? [])];
  }

  now(): Date {
    return this.options.now?.() ?? new Date();
  }

  /** How long a set's next eviction has to wait, in milliseconds; 0 where it may come now, and then it counts as made. */
  evictionIn(name: string, everyMs: number): number {
    const now = this.now().getTime();
    const wait = (this.#evictions.get(name) ?? 0) + everyMs - now;
    if (wait > 0) return wait;
    this.#evictions.set(name, now);
    return 0;
  }
}

/** Whether a set asks for the same as before: its status is written often. */
function sameWanted(now: SidecarSet | undefined, before: SidecarSet | undefined): boolean {
  if (now === undefined || before === undefined) return false;
  const same = now.metadata.generation !== undefined && now.metadata.generation === before.metadata.generation;
  return same && now.metadata.uid === before.metadata.uid && isDeepStrictEqual(now.metadata.annotations, before.metadata.annotations);
}
