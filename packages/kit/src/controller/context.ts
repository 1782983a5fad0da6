import type { Desired, ObjectKey, Observed, Resource, StatusOf } from "../api/index.ts";
import type { Client, DeleteOptions, PatchBody } from "../client/index.ts";
import type { ContextEventOptions } from "./event.ts";
import type { ByIndexOptions, DeclaredIndex, IndexName } from "./field-index.ts";
import type { Log } from "./log.ts";
import type { Result } from "./requeue.ts";

/** How `ctx.apply` writes. */
export interface ContextApplyOptions<Owned extends Resource> {
  /** Of these kinds, deletes every object that the object under reconcile controls and that is not among those applied. */
  readonly prune?: readonly Owned[];
}

/**
 * What a reconcile may touch: only kinds that the controller declared, and of those that it owns what belongs to the object
 * under reconcile. Reads come from the cache and are frozen.
 */
export type Context<
  For extends Resource,
  Declared extends Resource,
  Owned extends Declared = never,
  Indexes extends DeclaredIndex = never,
> = {
  readonly key: ObjectKey;
  /** Ends when the manager stops, or the reconcile's deadline passes. */
  readonly signal: AbortSignal;
  /** Names this run in logs. */
  readonly reconcileId: string;
  readonly log: Log;
  /** Straight to the API server, for what the cache cannot say. What is written with it is not waited for. */
  readonly client: Client;
  /** A key without a namespace means the namespace of the object under reconcile. */
  get<R extends Declared | For>(resource: R, key: ObjectKey): Observed<R> | undefined;
  list<R extends Declared | For>(
    resource: R,
    options?: { readonly namespace?: string; readonly labels?: string | Readonly<Record<string, string>> },
  ): readonly Observed<R>[];
  /** Objects for which the index `name`, declared by `index`, gave `value`: of all namespaces, unless one is given. */
  byIndex<R extends Declared | For>(
    resource: R,
    name: IndexName<Indexes, R>,
    value: string,
    options?: ByIndexOptions,
  ): readonly Observed<R>[];
  /** Objects of an owned kind (`owns`) whose controller reference names the object under reconcile. */
  owned<R extends Owned>(resource: R): readonly Observed<R>[];
  /**
   * Server-side apply with force, as this controller's field manager, in order. Objects that name no namespace get that of
   * the object under reconcile; those of owned kinds get the owner reference, unless they were let go since the object under
   * reconcile is being deleted.
   *
   * @throws OwnerDeletedError when that began during the reconcile. It ends the reconcile and is not to be handled.
   */
  apply(objects: Desired<Declared> | readonly Desired<Declared>[], options?: ContextApplyOptions<Owned>): Promise<void>;
  create<R extends Declared>(resource: R, object: Desired<R>): Promise<Observed<R>>;
  update<R extends Declared | For>(resource: R, object: Observed<R>): Promise<Observed<R>>;
  patch<R extends Declared | For>(resource: R, key: ObjectKey, body: PatchBody): Promise<Observed<R>>;
  /** Deletes this very object (by uid); one that is gone already is no error. */
  delete<R extends Declared>(object: Observed<R>, options?: Omit<DeleteOptions, "preconditions">): Promise<void>;
  /** Records an Event about the object under reconcile, or another that `options.about` gives. */
  event(reason: string, message: string, options?: ContextEventOptions): void;
} & ([StatusOf<For>] extends [never]
  ? unknown
  : {
      /** Applies the status through the subresource; fields left out are given up. Of an object that is gone meanwhile there is none to write. */
      status(next: StatusOf<For>): Promise<void>;
    });

/** Brings the cluster from what it is to what the object asks for; called again after each change and failure. */
export type Reconcile<
  For extends Resource,
  Declared extends Resource,
  Owned extends Declared = never,
  Shown extends object = Observed<For>,
  Indexes extends DeclaredIndex = never,
> = (
  object: Shown,
  ctx: Context<For, Declared, Owned, Indexes>,
  // biome-ignore lint/suspicious/noConfusingVoidType: a reconcile without a return statement is the usual one.
) => Promise<Result | void>;
