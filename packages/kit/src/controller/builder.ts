import { controllerOf, type Duration, type ObjectKey, type Observed, objectKey, parseDuration, type Resource } from "../api/index.ts";
import type { InformerOptions } from "../cache/index.ts";
import type { BucketOptions } from "../queue/index.ts";
import type { Context, Reconcile } from "./context.ts";
import { type DeclaredIndex, type IndexValues, type MapCache, type PlannedIndex, planIndex } from "./field-index.ts";
import type { Predicate } from "./predicate.ts";
import type { PolicyRule, Verb } from "./rbac.ts";

/** What of a kind is watched. */
type Selection = Pick<InformerOptions, "namespace" | "namespaces" | "labelSelector" | "fieldSelector">;
/** What is there to see of a kind of which only metadata is watched. */
export type ObservedMetadata<R extends Resource> = Pick<Observed<R>, "apiVersion" | "kind" | "metadata">;

export interface ControllerOptions<For extends Resource = Resource, Shown extends object = Observed<For>> {
  /** Names the controller in metrics, logs, its field manager and its finalizer. Default: the kind in lower case. */
  readonly name?: string;
  /**
   * The namespaces in which the controller watches its namespaced kinds, where `select` names none. Default: the manager's,
   * or all. It then needs its rights in these namespaces only: bind its ClusterRole by a RoleBinding in each.
   */
  readonly namespaces?: readonly string[];
  /** How long a key waits after a failed reconcile: `base`, doubled with each further failure up to `max`. Default 5 ms and 1000 s. */
  readonly backoff?: { readonly base?: Duration; readonly max?: Duration };
  /** Retries of all keys together: not more than this many. Default: no limit. */
  readonly retryLimit?: BucketOptions;
  /** Reconciles at one time. Default 1. */
  readonly workers?: number;
  /** Which events of the main kind lead to a reconcile. Default: all. */
  readonly predicate?: Predicate<Shown>;
  /** What part of the main kind to watch. */
  readonly select?: Selection & Pick<InformerOptions, "transform"> & { readonly metadataOnly?: false };
  /** A reconcile that takes longer has its signal aborted. Default: none. */
  readonly deadline?: Duration;
  /** How long to wait for the caches at the start. Default 2 minutes. */
  readonly syncTimeout?: Duration;
  /** Default: `<group of the kind>/<name>`, for Kubernetes' core group `outrigger.dev/<name>`. */
  readonly finalizer?: string;
  /** Default: the controller's name. */
  readonly fieldManager?: string;
  /** What the reconcile does to the main kind beside reading it and writing its status and finalizer; for `rbacRules`. */
  readonly verbs?: readonly Verb[];
}

/** Of a controller whose predicate, reconcile and cleanup are shown the main kind's metadata alone. */
export interface MetadataControllerOptions<For extends Resource> extends Omit<ControllerOptions<For, ObservedMetadata<For>>, "select"> {
  readonly select: Selection & { readonly metadataOnly: true };
}

export interface SourceOptions<R extends Resource> {
  readonly predicate?: Predicate<Observed<R>>;
  readonly select?: Selection & Pick<InformerOptions, "metadataOnly" | "transform">;
  /**
   * What the reconcile does to the kind beside reading it; for `rbacRules`. Default: create, patch and delete what is
   * owned (as `apply` and `delete` need it), nothing else.
   */
  readonly verbs?: readonly Verb[];
}
export interface OwnsOptions<R extends Resource> extends SourceOptions<R> {
  /** Any owner reference counts, not only the controller's. Default false. */
  readonly anyOwner?: boolean;
}

/** One kind that a controller reads, and how its events find what to reconcile. */
export interface Source {
  readonly resource: Resource;
  readonly relation: "for" | "owns" | "watches" | "uses";
  readonly select: InformerOptions;
  readonly predicate: Predicate<never> | undefined;
  /** Keys to reconcile for an event: `before` is absent for an add, `now` for a deletion. */
  readonly map: (
    now: Observed<Resource> | undefined,
    before: Observed<Resource> | undefined,
    cache: MapCache<Resource, DeclaredIndex>,
  ) => Iterable<ObjectKey>;
  /** The map looks at metadata only and changes nothing: it may be shown objects before they are frozen. */
  readonly looksOnly: boolean;
  /** What the controller does to the kind beside reading it. */
  readonly verbs: readonly Verb[];
}

/** A finished controller, ready for a manager. */
export interface Controller<For extends Resource = Resource> {
  readonly name: string;
  readonly resource: For;
  /** The other kinds that it may touch. */
  readonly declared: readonly Resource[];
  /** How it is run; for `startController`. */
  readonly plan: ControllerPlan;
}
export interface ControllerPlan {
  readonly sources: readonly Source[];
  readonly indexes: readonly PlannedIndex[];
  /** Where namespaced kinds are watched whose `select` says nothing of it; undefined leaves it to the runtime. */
  readonly namespaces: readonly string[] | undefined;
  readonly backoff: { readonly baseMs?: number; readonly maxMs?: number };
  readonly retryLimit: BucketOptions | undefined;
  readonly workers: number;
  readonly deadlineMs: number | undefined;
  readonly syncTimeoutMs: number;
  readonly finalizer: string;
  readonly fieldManager: string;
  /** Rights beyond those that follow from the sources. */
  readonly permissions: readonly PolicyRule[];
  readonly cleanup: ((object: never, ctx: never) => Promise<void>) | undefined;
  readonly reconcile: (object: never, ctx: never) => Promise<unknown>;
}

/** What is said of a controller before its reconcile, which comes last: a controller is whole or it does not compile. */
export interface ControllerBuilder<
  For extends Resource,
  Declared extends Resource = never,
  Owned extends Declared = never,
  Shown extends object = Observed<For>,
  Indexes extends DeclaredIndex = never,
> {
  /** Lets `ctx.byIndex` and the `map` functions that follow find objects of the main kind by a value of theirs. */
  index<const Name extends string>(
    name: Name,
    values: (object: Shown) => IndexValues,
  ): ControllerBuilder<For, Declared, Owned, Shown, Indexes | DeclaredIndex<For, Name>>;
  /** The same of a kind that was declared before. */
  index<R extends Declared, const Name extends string>(
    resource: R,
    name: Name,
    values: (object: Observed<R>) => IndexValues,
  ): ControllerBuilder<For, Declared, Owned, Shown, Indexes | DeclaredIndex<R, Name>>;
  /** Reconciles the owner when an object of this kind changes that it controls. */
  owns<R extends Resource>(resource: R, options?: OwnsOptions<R>): ControllerBuilder<For, Declared | R, Owned | R, Shown, Indexes>;
  /**
   * Reconciles what `map` names when an object of this kind changes: asked about the new state, for an update with the
   * old one beside it, and for a deletion about the last state. `cache` is read as it is then: what is not in it yet brings an
   * event of its own.
   */
  watches<R extends Resource>(
    resource: R,
    map: (now: Observed<R>, before: Observed<R> | undefined, cache: MapCache<For | Declared | R, Indexes>) => Iterable<ObjectKey>,
    options?: SourceOptions<R>,
  ): ControllerBuilder<For, Declared | R, Owned, Shown, Indexes>;
  /** Lets the reconcile read and write a kind whose changes wake nothing. */
  uses<R extends Resource>(
    resource: R,
    options?: Omit<SourceOptions<R>, "predicate">,
  ): ControllerBuilder<For, Declared | R, Owned, Shown, Indexes>;
  /** Rights that the reconcile needs beyond those that follow from the kinds declared: for `ctx.client`, or for subresources. */
  permissions(...rules: readonly PolicyRule[]): ControllerBuilder<For, Declared, Owned, Shown, Indexes>;
  /**
   * Runs before an object goes; adds the finalizer before the first reconcile, and removes it after `run` succeeded.
   * Objects that are being deleted then reach `run` alone; without a cleanup they reach the reconcile like any other.
   */
  cleanup(
    run: (object: Shown, ctx: Context<For, Declared, Owned, Indexes>) => Promise<void>,
  ): ControllerBuilder<For, Declared, Owned, Shown, Indexes>;
  reconcile(run: Reconcile<For, Declared, Owned, Shown, Indexes>): Controller<For>;
}

const OWNER_VERBS: readonly Verb[] = ["create", "patch", "delete"];

/** Begins the declaration of a controller for a kind; `.reconcile(…)` ends it. */
export function controller<For extends Resource>(
  resource: For,
  options: MetadataControllerOptions<For>,
): ControllerBuilder<For, never, never, ObservedMetadata<For>>;
export function controller<For extends Resource>(resource: For, options?: ControllerOptions<For>): ControllerBuilder<For>;
export function controller<For extends Resource>(resource: For, options: Options<For> = {}): ControllerBuilder<For> {
  const main: Source = {
    resource,
    relation: "for",
    select: options.select ?? {},
    predicate: options.predicate as Predicate<never> | undefined,
    map: (now, before) => [objectKey((now ?? before)!)],
    looksOnly: options.predicate === undefined,
    verbs: options.verbs ?? [],
  };
  return build(resource, options, { sources: [main], permissions: [], indexes: [], cleanup: undefined });
}

type Options<For extends Resource> = ControllerOptions<For> | MetadataControllerOptions<For>;
/** What was said of a controller so far. */
type Said = Pick<ControllerPlan, "sources" | "permissions" | "indexes" | "cleanup">;

function build<For extends Resource>(resource: For, options: Options<For>, said: Said): ControllerBuilder<For, never> {
  // The type parameters that grow with each declaration have no run-time counterpart.
  const and = (source: Source): never => build(resource, options, { ...said, sources: [...said.sources, source] }) as never;
  return {
    index: (...given: readonly unknown[]) => {
      const [other, name, values] = (given.length === 2 ? [resource, ...given] : given) as [
        Resource,
        string,
        (object: never) => IndexValues,
      ];
      if (said.indexes.some((one) => one.name === name && one.resource.kind === other.kind && one.resource.apiVersion === other.apiVersion))
        throw new RangeError(`${other.kind} has two indexes ${JSON.stringify(name)}: give one another name`);
      return build(resource, options, { ...said, indexes: [...said.indexes, planIndex(other, name, values)] }) as never;
    },
    owns: (other, more = {}) =>
      and({
        resource: other,
        relation: "owns",
        select: more.select ?? {},
        predicate: more.predicate as Predicate<never> | undefined,
        map: (now, before) => ownersOf(resource, now, before, more.anyOwner ?? false),
        looksOnly: more.predicate === undefined,
        verbs: more.verbs ?? OWNER_VERBS,
      }),
    watches: (other, map, more = {}) =>
      and({
        resource: other,
        relation: "watches",
        select: more.select ?? {},
        predicate: more.predicate as Predicate<never> | undefined,
        map: (now, before, cache) =>
          now ? map(now as never, before as never, cache as never) : map(before as never, undefined, cache as never),
        looksOnly: false,
        verbs: more.verbs ?? [],
      }),
    uses: (other, more = {}) =>
      and({
        resource: other,
        relation: "uses",
        select: more.select ?? {},
        predicate: undefined,
        map: () => [],
        looksOnly: true,
        verbs: more.verbs ?? [],
      }),
    permissions: (...rules) => build(resource, options, { ...said, permissions: [...said.permissions, ...rules] }) as never,
    cleanup: (run) => build(resource, options, { ...said, cleanup: run as ControllerPlan["cleanup"] }) as never,
    reconcile: (run) => finish(resource, options, said, run),
  };
}

function finish<For extends Resource>(
  resource: For,
  options: Options<For>,
  { sources, permissions, indexes, cleanup }: Said,
  reconcile: ControllerPlan["reconcile"],
): Controller<For> {
  const name = options.name ?? resource.kind.toLowerCase();
  return {
    name,
    resource,
    declared: sources.slice(1).map((source) => source.resource),
    plan: {
      sources,
      indexes,
      namespaces: options.namespaces,
      backoff: {
        ...(options.backoff?.base === undefined ? {} : { baseMs: parseDuration(options.backoff.base) }),
        ...(options.backoff?.max === undefined ? {} : { maxMs: parseDuration(options.backoff.max) }),
      },
      retryLimit: options.retryLimit,
      workers: options.workers ?? 1,
      deadlineMs: options.deadline === undefined ? undefined : parseDuration(options.deadline),
      syncTimeoutMs: parseDuration(options.syncTimeout ?? "2m"),
      finalizer: options.finalizer ?? `${groupOf(resource) || "outrigger.dev"}/${name}`,
      fieldManager: options.fieldManager ?? name,
      permissions,
      cleanup,
      reconcile,
    },
  };
}

/** What of a source's kind to watch: where neither the source nor its controller names namespaces, in the manager's. */
export function selectOf(
  { namespaces: own }: ControllerPlan,
  { resource, select }: Source,
  managers: readonly string[] | undefined,
): InformerOptions {
  const namespaces = own ?? managers;
  if (namespaces === undefined || resource.scope === "Cluster" || select.namespace !== undefined || select.namespaces !== undefined)
    return select;
  return { ...select, namespaces };
}

export function groupOf({ apiVersion }: { readonly apiVersion: string }): string {
  const slash = apiVersion.indexOf("/");
  return slash === -1 ? "" : apiVersion.slice(0, slash);
}

/** The owners of this kind, before and now: one that gave an object up must learn of it too. References may name another version. */
function* ownersOf(
  owner: Resource,
  now: Observed<Resource> | undefined,
  before: Observed<Resource> | undefined,
  any: boolean,
): Iterable<ObjectKey> {
  for (const object of [now, before]) {
    if (!object) continue;
    const controllerReference = any ? undefined : controllerOf(object as never);
    for (const reference of any ? (object.metadata.ownerReferences ?? []) : controllerReference ? [controllerReference] : []) {
      if (reference.kind !== owner.kind || groupOf(reference) !== groupOf(owner)) continue;
      const { namespace } = object.metadata;
      yield owner.scope === "Cluster" || namespace === undefined ? { name: reference.name } : { namespace, name: reference.name };
    }
  }
}
