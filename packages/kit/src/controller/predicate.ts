import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../api/index.ts";

type Seen = Pick<KubeObject, "metadata">;

/**
 * Whether an event leads to a reconcile. `before` is absent for an add, `now` for a deletion.
 * `Predicate<Observed<R>>` is what `owns` and `watches` take.
 */
export type Predicate<T = unknown> = (now: T | undefined, before: T | undefined) => boolean;

const changed =
  (pick: (object: Seen) => unknown): Predicate =>
  (now, before) =>
    now === undefined || before === undefined || !isDeepStrictEqual(pick(now as Seen), pick(before as Seen));

/**
 * The spec changed, or deletion began: that bumps the generation too, and must reach the finalizer.
 *
 * Kinds whose objects have no generation (ConfigMap, Secret, Node, Service, …) are compared field by field instead, without
 * metadata and status. Where only metadata is watched of such a kind, every new version counts.
 */
export const generationChanged: Predicate = changed((object) => {
  const { generation, deletionTimestamp, resourceVersion } = object.metadata;
  if (generation !== undefined) return [generation, deletionTimestamp];
  const { apiVersion: _, kind: __, metadata: ___, status: ____, ...content } = object as KubeObject;
  return [Object.keys(content).length > 0 ? content : resourceVersion, deletionTimestamp];
});
/** Passes an update that changed labels, and every addition and deletion. */
export const labelsChanged: Predicate = changed(({ metadata }) => metadata.labels);
/** Passes an update that changed annotations, and every addition and deletion. */
export const annotationsChanged: Predicate = changed(({ metadata }) => metadata.annotations);
/** Leaves out what a relist brings again unchanged. */
export const resourceVersionChanged: Predicate = changed(({ metadata }) => metadata.resourceVersion);

/** Passes an event that every one of the predicates passes. */
export const and =
  <T>(...predicates: readonly Predicate<T>[]): Predicate<T> =>
  (now, before) =>
    predicates.every((predicate) => predicate(now, before));
/** Passes an event that at least one of the predicates passes. */
export const or =
  <T>(...predicates: readonly Predicate<T>[]): Predicate<T> =>
  (now, before) =>
    predicates.some((predicate) => predicate(now, before));
/** Passes an event that the predicate does not pass. */
export const not =
  <T>(predicate: Predicate<T>): Predicate<T> =>
  (now, before) =>
    !predicate(now, before);
