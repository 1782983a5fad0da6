import type { KubeObject } from "../api/index.ts";

/** `namespace/name`, or the name alone of a cluster-scoped object. */
export function storeKey(key: { readonly namespace?: string | undefined; readonly name?: string | undefined }): string {
  return key.namespace ? `${key.namespace}/${key.name}` : (key.name ?? "");
}

export type IndexOf = (object: KubeObject) => Iterable<string>;

/** One index: value → keys of the objects that have it. */
class Index {
  readonly #values = new Map<string, Set<string>>();
  readonly of: IndexOf;
  readonly #onError: (error: unknown) => void;
  constructor(of: IndexOf, onError: (error: unknown) => void = () => {}) {
    this.of = of;
    this.#onError = onError;
  }
  insert(key: string, object: KubeObject): void {
    for (const value of this.#valuesOf(object)) {
      const keys = this.#values.get(value);
      if (keys) keys.add(key);
      else this.#values.set(value, new Set([key]));
    }
  }
  remove(key: string, object: KubeObject): void {
    for (const value of this.#valuesOf(object)) {
      const keys = this.#values.get(value);
      keys?.delete(key);
      if (keys?.size === 0) this.#values.delete(value);
    }
  }
  keys(value: string): Iterable<string> {
    return this.#values.get(value) ?? [];
  }
  /** All values or none: a function that throws half-way must not leave an object half indexed. */
  #valuesOf(object: KubeObject): readonly string[] {
    try {
      const values = this.of(object);
      return Array.isArray(values) ? values : [...values];
    } catch (error) {
      this.#onError(error);
      return [];
    }
  }
}

/**
 * Objects of one kind by key, with indexes that change together with them. Calls are synchronous, so each sees one
 * state of the whole. Index functions must give the same values for the same object; of one that throws nothing is indexed.
 */
export class Store {
  readonly #objects = new Map<string, KubeObject>();
  readonly #indexes = new Map<string, Index>();
  readonly #byNamespace = new Index(({ metadata }) => (metadata.namespace ? [metadata.namespace] : []));

  readonly #onIndexError: (index: string, error: unknown) => void;

  /** @param onIndexError told of index functions that throw. */
  constructor(onIndexError: (index: string, error: unknown) => void = () => {}) {
    this.#onIndexError = onIndexError;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  /** Stores the object, and returns the one that it replaces. */
  set(object: KubeObject): KubeObject | undefined {
    const key = storeKey(object.metadata);
    const before = this.#objects.get(key);
    if (before !== undefined && this.#indexes.size > 0) for (const index of this.#indexes.values()) index.remove(key, before);
    this.#objects.set(key, object);
    // An object's namespace is part of its key and never changes.
    if (before === undefined) this.#byNamespace.insert(key, object);
    for (const index of this.#indexes.values()) index.insert(key, object);
    return before;
  }

  /** Removes the object of this key, and returns it. */
  delete(key: string): KubeObject | undefined {
    const before = this.#objects.get(key);
    if (before === undefined) return undefined;
    this.#objects.delete(key);
    this.#byNamespace.remove(key, before);
    for (const index of this.#indexes.values()) index.remove(key, before);
    return before;
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  values(namespace?: string): Iterable<KubeObject> {
    return namespace === undefined ? this.#objects.values() : this.#resolve(this.#byNamespace.keys(namespace));
  }

  /** The same function under the same name again is fine, so that several readers can ask for one index. */
  addIndex(name: string, of: IndexOf): void {
    if (this.#indexes.get(name)?.of === of) return;
    if (this.#indexes.has(name)) throw new Error(`there is an index "${name}" already`);
    const index = new Index(of, (error) => this.#onIndexError(name, error));
    for (const [key, object] of this.#objects) index.insert(key, object);
    this.#indexes.set(name, index);
  }

  byIndex(name: string, value: string): Iterable<KubeObject> {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`there is no index "${name}"; declare it with addIndex`);
    return this.#resolve(index.keys(value));
  }

  *#resolve(keys: Iterable<string>): Iterable<KubeObject> {
    for (const key of keys) yield this.#objects.get(key)!;
  }
}
