import type { ObjectKey, Observed, Resource } from "../api/index.ts";

/** The values under which an object is found: one, several, or none. A text is one value. */
export type IndexValues = string | Iterable<string> | undefined;

/** An index by its kind and name; a controller's type carries the union of those that it declared. */
export type DeclaredIndex<R extends Resource = Resource, Name extends string = string> = readonly [R, Name];
/** The names of a kind's indexes among those declared. */
export type IndexName<Indexes extends DeclaredIndex, R extends Resource> = Extract<Indexes, readonly [R, string]>[1];

/** An index as the plan of a controller has it. */
export interface PlannedIndex {
  readonly resource: Resource;
  readonly name: string;
  /** For the informer: made once for each controller, so that a second start finds the same function under the same name. */
  readonly of: (object: unknown) => Iterable<string>;
}

/** What the kind's informer calls the index: informers are shared, names of indexes are the controller's own. */
export function indexKey(controller: string, name: string): string {
  return `${controller}/${name}`;
}

/** Which objects of those that an index finds. */
export interface ByIndexOptions {
  /** Only those of this namespace. Default: of all that are watched. */
  readonly namespace?: string;
}

/** What a `map` function may read beside the objects that it is given: the cache, as the reconcile sees it. Objects are frozen. */
export interface MapCache<Declared extends Resource, Indexes extends DeclaredIndex = never> {
  get<R extends Declared>(resource: R, key: ObjectKey): Observed<R> | undefined;
  list<R extends Declared>(
    resource: R,
    options?: { readonly namespace?: string; readonly labels?: string | Readonly<Record<string, string>> },
  ): readonly Observed<R>[];
  /** Objects for which the index `name` of their kind gave `value`. */
  byIndex<R extends Declared>(resource: R, name: IndexName<Indexes, R>, value: string, options?: ByIndexOptions): readonly Observed<R>[];
}

export function planIndex(resource: Resource, name: string, values: (object: never) => IndexValues): PlannedIndex {
  return {
    resource,
    name,
    of: (object) => {
      const found = values(object as never);
      if (found === undefined) return [];
      return typeof found === "string" ? [found] : found;
    },
  };
}
