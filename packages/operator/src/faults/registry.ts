import { keyText, labelSelector, type ObjectKey, objectKey, type Selector } from "@outrigger/kit/api";
import { type PodLike, podSelector } from "./candidates.ts";
import type { NetworkFaultObject, NetworkFaultSpec } from "./resource.ts";

interface Known {
  readonly key: ObjectKey;
  readonly uids: ReadonlySet<string>;
  readonly selects: (pod: PodLike) => boolean;
  readonly targets: readonly { readonly selector: Selector; readonly anywhere: boolean }[];
}

/**
 * The faults that there are, by what pods they look at: a pod's event asks here whom it concerns. Without faults that
 * costs one comparison.
 */
export class FaultRegistry {
  readonly #faults = new Map<string, Known>();

  /** Follows the faults' own events. */
  update(now: NetworkFaultObject | undefined, before: NetworkFaultObject | undefined): void {
    if (!now) {
      if (before) this.#faults.delete(keyText(objectKey(before)));
      return;
    }
    const key = objectKey(now);
    this.#faults.set(keyText(key), { key, uids: new Set(now.status?.pods?.map(({ uid }) => uid)), ...looksAt(now.spec) });
  }

  /** The faults that a pod with these labels, now or before, is chosen by, could be chosen by, or is a target of. */
  *concerning(pod: PodLike, before: PodLike | undefined): Iterable<ObjectKey> {
    if (this.#faults.size === 0) return;
    const states = before ? [pod, before] : [pod];
    for (const { key, uids, selects, targets } of this.#faults.values()) {
      const near = key.namespace === pod.metadata.namespace;
      const matched =
        (near && uids.has(pod.metadata.uid ?? "")) ||
        states.some(
          (state) =>
            (near && selects(state)) ||
            targets.some((target) => (near || target.anywhere) && target.selector.matches(state.metadata.labels)),
        );
      if (matched) yield key;
    }
  }
}

/** A selector that cannot be read looks at nothing: its fault is Invalid until it changes. */
function looksAt({ selector, targets }: NetworkFaultSpec): Pick<Known, "selects" | "targets"> {
  try {
    return {
      selects: podSelector(selector),
      targets: (targets?.pods ?? []).map((target) => ({
        selector: labelSelector(target.selector as never),
        anywhere: target.namespaceSelector !== undefined,
      })),
    };
  } catch {
    return { selects: () => false, targets: [] };
  }
}
