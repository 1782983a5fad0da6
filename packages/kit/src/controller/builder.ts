import type { Duration, ObjectKey, Observed, Resource } from "../api/index.ts";
import type { InformerOptions } from "../cache/index.ts";
import type { Context, Reconcile } from "./context.ts";
import type { Predicate } from "./predicate.ts";

export interface ControllerOptions<For extends Resource = Resource> {
  /** Names the controller in metrics, logs, its field manager and its finalizer. Default: the kind in lower case. */
  readonly name?: string;
  /** Reconciles at one time. Default 1. */
  readonly workers?: number;
  /** Which events of the main kind lead to a reconcile. Default: all. */
  readonly predicate?: Predicate<Observed<For>>;
  /** What part of the main kind to watch. */
  readonly select?: Pick<InformerOptions, "namespace" | "labelSelector" | "fieldSelector">;
  /** A reconcile that takes longer has its signal aborted. Default: none. */
  readonly deadline?: Duration;
  /** How long to wait for the caches at the start. Default 2 minutes. */
  readonly syncTimeout?: Duration;
  /** Default: `<group of the kind>/<name>`. */
  readonly finalizer?: string;
  /** Default: the controller's name. */
  readonly fieldManager?: string;
}

export interface SourceOptions<R extends Resource> {
  readonly predicate?: Predicate<Observed<R>>;
  readonly select?: Pick<InformerOptions, "namespace" | "labelSelector" | "fieldSelector" | "metadataOnly">;
}
export interface OwnsOptions<R extends Resource> extends SourceOptions<R> {
  /** Any owner reference counts, not only the controller's. Default false. */
  readonly anyOwner?: boolean;
}

/** One kind that a controller reads, and how its events find what to reconcile. */
export interface Source {
  readonly resource: Resource;
  readonly relation: "for" | "owns" | "watches" | "reads";
  readonly select: Omit<InformerOptions, "resource">;
  readonly predicate: Predicate<never> | undefined;
  /** Keys to reconcile for an event of this source. */
  readonly map: (now: Observed<Resource> | undefined, before: Observed<Resource> | undefined) => Iterable<ObjectKey>;
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
  readonly workers: number;
  readonly deadlineMs: number | undefined;
  readonly syncTimeoutMs: number;
  readonly finalizer: string;
  readonly fieldManager: string;
  readonly cleanup: ((object: never, ctx: never) => Promise<void>) | undefined;
  readonly reconcile: (object: never, ctx: never) => Promise<unknown>;
}

/** What is said of a controller before its reconcile, which comes last: a controller is whole or it does not compile. */
export interface ControllerBuilder<For extends Resource, Declared extends Resource = never> {
  /** Reconciles the owner when an object of this kind changes that it controls. */
  owns<R extends Resource>(resource: R, options?: OwnsOptions<R>): ControllerBuilder<For, Declared | R>;
  /** Reconciles what `map` names when an object of this kind changes. For an update `map` is asked about the new state with the old one beside it, for a deletion about the last state. */
  watches<R extends Resource>(
    resource: R,
    map: (now: Observed<R>, before: Observed<R> | undefined) => Iterable<ObjectKey>,
    options?: SourceOptions<R>,
  ): ControllerBuilder<For, Declared | R>;
  /** Lets the reconcile read and write a kind whose changes wake nothing. */
  uses<R extends Resource>(resource: R, options?: Omit<SourceOptions<R>, "predicate">): ControllerBuilder<For, Declared | R>;
  /** Runs before an object goes; adds the finalizer before the first reconcile, and removes it after `run` succeeded. */
  cleanup(run: (object: Observed<For>, ctx: Context<For, Declared>) => Promise<void>): ControllerBuilder<For, Declared>;
  reconcile(run: Reconcile<For, Declared>): Controller<For>;
}

export function controller<For extends Resource>(resource: For, options: ControllerOptions<For> = {}): ControllerBuilder<For> {
  throw new Error(`not yet: ${resource.kind} ${Object.keys(options).join()}`);
}
