import { sharedNames } from "./conflicts.ts";
import type { SidecarSet } from "./set.ts";

/** Sets that demand the same label keys by `matchLabels`: two of them that demand different values of one key never meet. */
interface Group {
  readonly keys: readonly string[];
  readonly all: Set<SidecarSet>;
  /** By `<key>=<value>`. */
  readonly byLabel: Map<string, Set<SidecarSet>>;
}

/**
 * Finds the sets that could clash with a set without a look at all of them.
 *
 * Guarantees
 * - `neighbours` has every set with which `clashes` finds something, and a few more.
 * - Sets that share names and differ in a label that all of them demand, as 10,000 sets of 10,000 apps do, cost one look-up each.
 *
 * Caveat: sets that demand no label by `matchLabels` are neighbours of all that share a name with them.
 */
export class ConflictIndex {
  readonly #sets = new Map<string, SidecarSet>();
  /** By shared name, then by the label keys that are demanded. */
  readonly #names = new Map<string, Map<string, Group>>();

  /** Puts a set in its state of now in place of the one before; `undefined` removes it. */
  set(name: string, now: SidecarSet | undefined): void {
    const before = this.#sets.get(name);
    if (before !== undefined) this.#remove(before);
    if (now === undefined) this.#sets.delete(name);
    else {
      this.#sets.set(name, now);
      this.#add(now);
    }
  }

  /** Sets of other names that share a name with the set and whose `matchLabels` do not contradict its own. */
  neighbours(set: SidecarSet): SidecarSet[] {
    const labels = set.spec.selector?.matchLabels ?? {};
    const found = new Set<SidecarSet>();
    for (const name of sharedNames(set))
      for (const { keys, all, byLabel } of this.#names.get(name)?.values() ?? []) {
        const common = keys.find((key) => Object.hasOwn(labels, key));
        for (const other of common === undefined ? all : (byLabel.get(`${common}=${labels[common]}`) ?? [])) found.add(other);
      }
    return [...found].filter(({ metadata }) => metadata.name !== set.metadata.name);
  }

  #add(set: SidecarSet): void {
    const labels = Object.entries(set.spec.selector?.matchLabels ?? {});
    const keys = labels.map(([key]) => key).sort();
    for (const name of sharedNames(set)) {
      const groups = this.#names.get(name) ?? new Map<string, Group>();
      const group = groups.get(keys.join()) ?? { keys, all: new Set(), byLabel: new Map() };
      this.#names.set(name, groups.set(keys.join(), group));
      group.all.add(set);
      for (const [key, value] of labels) {
        const label = `${key}=${value}`;
        group.byLabel.set(label, (group.byLabel.get(label) ?? new Set<SidecarSet>()).add(set));
      }
    }
  }

  #remove(set: SidecarSet): void {
    const labels = Object.entries(set.spec.selector?.matchLabels ?? {});
    const keys = labels
      .map(([key]) => key)
      .sort()
      .join();
    for (const name of sharedNames(set)) {
      const groups = this.#names.get(name);
      const group = groups?.get(keys);
      if (groups === undefined || group === undefined) continue;
      group.all.delete(set);
      for (const [key, value] of labels) {
        const of = group.byLabel.get(`${key}=${value}`);
        of?.delete(set);
        if (of?.size === 0) group.byLabel.delete(`${key}=${value}`);
      }
      if (group.all.size === 0) groups.delete(keys);
      if (groups.size === 0) this.#names.delete(name);
    }
  }
}
