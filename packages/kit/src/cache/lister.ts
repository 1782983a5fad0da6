import { deepFreeze, type KubeObject, type ObjectKey, parseLabelSelector } from "../api/index.ts";
import type { Lister, ListFilter } from "./informer.ts";
import { type Store, storeKey } from "./store.ts";

/** Reads a store; freezes what it hands out, the first time. */
export class StoreLister implements Lister<KubeObject> {
  readonly #store: Store;
  constructor(store: Store) {
    this.#store = store;
  }

  get(key: ObjectKey): KubeObject | undefined {
    return deepFreeze(this.#store.get(storeKey(key)));
  }

  list({ namespace, labels }: ListFilter = {}): readonly KubeObject[] {
    const matches = labelMatcher(labels);
    const found: KubeObject[] = [];
    for (const object of this.#store.values(namespace))
      if (!matches || matches(object.metadata.labels ?? {})) found.push(deepFreeze(object));
    return found;
  }

  byIndex(index: string, value: string): readonly KubeObject[] {
    return Array.from(this.#store.byIndex(index, value), deepFreeze<KubeObject>);
  }
}

function labelMatcher(labels: ListFilter["labels"]): ((labels: Readonly<Record<string, string>>) => boolean) | undefined {
  if (labels === undefined || labels === "") return undefined;
  if (typeof labels === "string") {
    const selector = parseLabelSelector(labels);
    return (given) => selector.matches(given);
  }
  const wanted = Object.entries(labels);
  return (given) => wanted.every(([name, value]) => given[name] === value);
}
