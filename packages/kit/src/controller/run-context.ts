import { isDeepStrictEqual } from "node:util";
import {
  compareResourceVersions,
  controllerOf,
  type Desired,
  isOrderedVersion,
  type KubeObject,
  keyText,
  type ObjectKey,
  type Observed,
  objectKey,
  type Resource,
} from "../api/index.ts";
import type { Informer } from "../cache/index.ts";
import { type Client, ConflictError, type DeleteOptions, NotFoundError, type PatchBody } from "../client/index.ts";
import { adopted } from "./adopted.ts";
import { type CacheReader, type DeclaredKind, kindKey, UndeclaredKindError } from "./cache-reader.ts";
import type { ContextApplyOptions } from "./context.ts";
import { Controlled } from "./controlled.ts";
import type { ContextEventOptions, EventRecorder } from "./event.ts";
import type { ByIndexOptions } from "./field-index.ts";
import type { CleanedUp } from "./finalizer.ts";
import type { Log } from "./log.ts";
import { liveVersion, NOTHING, OwnVersions, ofVersion, type Upon, writeUpon } from "./own-versions.ts";
import type { OwnWrites } from "./own-writes.ts";
import { checkStatusFields } from "./status-schema.ts";

/** Index of owned kinds by the uid of the owner that controls them. */
export const BY_CONTROLLER = "outrigger.dev/controller";
export function controllerUid(object: unknown): readonly string[] {
  const reference = controllerOf(object as never);
  return reference ? [reference.uid] : [];
}

/** What all reconciles of one controller share. */
export interface ContextScope {
  readonly controller: string;
  readonly fieldManager: string;
  readonly client: Client;
  readonly cache: CacheReader;
  readonly writes: OwnWrites;
  readonly events: EventRecorder | undefined;
}

/** Names one object among those of all kinds. */
function textOf(object: unknown): string {
  return `${kindKey(object as KubeObject)} ${keyText(objectKey(object as KubeObject))}`;
}

/** The version that a patch names itself. */
function versionOfPatch({ type, patch }: PatchBody): string | undefined {
  if (type !== "json") return (patch as Partial<KubeObject>).metadata?.resourceVersion;
  const operations = patch as readonly { readonly path?: string; readonly value?: unknown }[];
  return operations.find(({ path }) => path === "/metadata/resourceVersion")?.value as string | undefined;
}
/** The patch, refused of any other version. */
function patchOfVersion(body: PatchBody, version: string | undefined): PatchBody {
  if (version === undefined) return body;
  if (body.type !== "json") return { ...body, patch: ofVersion(body.patch, version) };
  return { ...body, patch: [...body.patch, { op: "add", path: "/metadata/resourceVersion", value: version }] };
}

/** The context of one reconcile; `Context` is its face to the user. */
export class RunContext {
  readonly key: ObjectKey;
  readonly signal: AbortSignal;
  readonly reconcileId: string;
  readonly log: Log;
  readonly client: Client;
  readonly #scope: ContextScope;
  readonly #queueKey: string;
  readonly #controlled: Controlled;
  /** What this run wrote last of each object, since the cache may not show it before the next. */
  readonly #written = new Map<string, KubeObject>();
  readonly #versions = new OwnVersions();
  readonly #isCleanup: boolean;
  readonly #uid: string | undefined;
  #object: KubeObject;
  /** The generation of the object under reconcile that the run's code knows of. */
  #generation: number | undefined;

  constructor(
    scope: ContextScope,
    object: KubeObject,
    run: {
      readonly queueKey: string;
      readonly signal: AbortSignal;
      readonly reconcileId: string;
      readonly log: Log;
      /** Its own writes are to be told from others'. */
      readonly isCleanup?: boolean;
    },
  ) {
    this.#scope = scope;
    this.#object = object;
    this.#uid = object.metadata.uid;
    this.#generation = object.metadata.generation;
    this.#queueKey = run.queueKey;
    this.#isCleanup = run.isCleanup ?? false;
    this.key = objectKey(object);
    this.signal = run.signal;
    this.reconcileId = run.reconcileId;
    this.log = run.log;
    this.client = scope.client;
    this.#controlled = new Controlled({
      client: scope.client,
      fieldManager: scope.fieldManager,
      signal: run.signal,
      resource: this.#declared(object, "get").source.resource,
      owner: object,
    });
  }

  /** The object under reconcile as the run leaves it; undefined when another has its name by now. */
  get leaves(): CleanedUp | undefined {
    const object = this.#written.get(textOf(this.#object)) ?? this.#object;
    return object.metadata.uid === this.#uid ? { object, generation: this.#generation } : undefined;
  }
  /** Of everything that the run wrote. */
  get versions(): OwnVersions {
    return this.#versions;
  }

  get<R extends Resource>(resource: R, key: ObjectKey): Observed<R> | undefined {
    return this.#scope.cache.get(resource, this.#near(resource, key));
  }

  list<R extends Resource>(
    resource: R,
    options: { readonly namespace?: string; readonly labels?: string | Readonly<Record<string, string>> } = {},
  ): readonly Observed<R>[] {
    return this.#scope.cache.list(resource, options);
  }

  byIndex<R extends Resource>(resource: R, name: string, value: string, options: ByIndexOptions = {}): readonly Observed<R>[] {
    return this.#scope.cache.byIndex(resource, name, value, options);
  }

  owned<R extends Resource>(resource: R): readonly Observed<R>[] {
    const { informer, owned } = this.#declared(resource, "list");
    if (!owned) throw new UndeclaredKindError(`controller ${this.#scope.controller} does not own ${resource.kind}: declare it by .owns()`);
    return informer.lister.byIndex(BY_CONTROLLER, this.#object.metadata.uid ?? "") as readonly Observed<R>[];
  }

  async apply(
    objects: Desired<Resource> | readonly Desired<Resource>[],
    { prune = [] }: ContextApplyOptions<Resource> = {},
  ): Promise<void> {
    const kept = new Set<string>();
    for (const desired of Array.isArray(objects) ? (objects as readonly Desired<Resource>[]) : [objects as Desired<Resource>]) {
      const { source, informer } = this.#declared(desired, "patch");
      const object = adopted(this.#object, source, desired);
      kept.add(textOf(object));
      this.#wrote(informer, await this.#apply(source.resource, informer, object));
    }
    for (const resource of prune) {
      const { source, informer } = this.#declared(resource, "delete");
      for (const object of this.owned(resource) as readonly unknown[] as readonly KubeObject[]) {
        if (kept.has(textOf(object)) || object.metadata.deletionTimestamp !== undefined) continue;
        if (await this.#controlled.delete(source.resource, object)) this.#scope.writes.deleted(this.#queueKey, informer, object);
      }
    }
  }

  async create<R extends Resource>(resource: R, desired: Desired<R>): Promise<Observed<R>> {
    const { source, informer } = this.#declared(resource, "create");
    const object = await this.client.create(resource, adopted(this.#object, source, desired), {
      fieldManager: this.#scope.fieldManager,
      signal: this.signal,
    });
    return this.#wrote(informer, { object, upon: NOTHING });
  }

  async update<R extends Resource>(resource: R, object: Observed<R>): Promise<Observed<R>> {
    const { source, informer } = this.#declared(resource, "update");
    if (source.select.metadataOnly && Object.keys(object).every((name) => ["apiVersion", "kind", "metadata"].includes(name)))
      throw new TypeError(
        `an update with what the cache has of ${resource.kind}, which is watched with metadataOnly, would take everything else off it: patch it, or apply to it`,
      );
    const options = { fieldManager: this.#scope.fieldManager, signal: this.signal };
    return this.#changed(
      informer,
      await this.#upon(resource, informer, object as unknown as KubeObject, (version) =>
        this.client.update(resource, ofVersion(object, version), options),
      ),
    );
  }

  async patch<R extends Resource>(resource: R, key: ObjectKey, body: PatchBody): Promise<Observed<R>> {
    const { informer } = this.#declared(resource, "patch");
    const near = this.#near(resource, key);
    const options = { fieldManager: this.#scope.fieldManager, signal: this.signal };
    const { apiVersion, kind } = resource;
    const resourceVersion = versionOfPatch(body);
    const about = { apiVersion, kind, metadata: { ...near, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
    return this.#changed(
      informer,
      await this.#upon(resource, informer, about, (version) => this.client.patch(resource, near, patchOfVersion(body, version), options)),
    );
  }

  async delete(object: Observed<Resource>, options: Omit<DeleteOptions, "preconditions"> = {}): Promise<void> {
    const { source, informer } = this.#declared(object, "delete");
    try {
      await this.client.delete(source.resource, objectKey(object), {
        signal: this.signal,
        ...options,
        preconditions: { uid: object.metadata.uid },
      });
    } catch (error) {
      // Gone, or another of its name is there: either way this one is no more.
      if (error instanceof NotFoundError || error instanceof ConflictError) return;
      throw error;
    }
    this.#scope.writes.deleted(this.#queueKey, informer, object as unknown as KubeObject);
  }

  async status(next: unknown): Promise<void> {
    if (isDeepStrictEqual(this.#object["status"], next)) return;
    const { apiVersion, kind, metadata } = this.#object;
    const { source, informer } = this.#declared(this.#object, "patch");
    checkStatusFields(source.resource, next);
    const { name, namespace } = metadata;
    const body = { apiVersion, kind, metadata: { name, ...(namespace === undefined ? {} : { namespace }) }, status: next };
    const options = { subresource: "status", fieldManager: this.#scope.fieldManager, force: true, signal: this.signal };
    let written: Upon<Observed<Resource>>;
    try {
      written = await this.#upon(source.resource, informer, body as KubeObject, (version) =>
        this.client.apply(source.resource, ofVersion(body, version) as never, options),
      );
    } catch (error) {
      // The object went meanwhile, and its status with it. (A kind without a status is not found either, but then without a name.)
      if (error instanceof NotFoundError && error.status.details?.name === name) return;
      throw error;
    }
    this.#object = written.object as unknown as KubeObject;
    this.#wrote(informer, written);
  }

  event(reason: string, message: string, { about = this.#object, ...options }: ContextEventOptions = {}): void {
    this.#scope.events?.event(about, reason, message, options);
  }

  async #apply<R extends Resource>(resource: R, informer: Informer, object: Desired<R>): Promise<Upon<Observed<R>>> {
    const desired = object as unknown as KubeObject;
    // Who names a version has read the object, and is told when it changed.
    if (this.#controlled.controls(desired) && desired.metadata.resourceVersion === undefined)
      return (await this.#controlled.apply(resource, desired, this.#known(informer, desired))) as unknown as Upon<Observed<R>>;
    const options = { fieldManager: this.#scope.fieldManager, force: true, signal: this.signal };
    return this.#upon(resource, informer, desired, (version) => this.client.apply(resource, ofVersion(object, version), options));
  }

  /** A write that names a version: the one that its caller gave it, or for a cleanup the newest that is known. */
  async #upon<T>(
    resource: Resource,
    informer: Informer,
    about: KubeObject,
    write: (version: string | undefined) => Promise<T>,
  ): Promise<Upon<T>> {
    const { resourceVersion } = about.metadata;
    if (resourceVersion !== undefined || !this.#isCleanup) return { object: await write(undefined), upon: resourceVersion || undefined };
    return writeUpon(this.#known(informer, about)?.metadata.resourceVersion, write, () =>
      liveVersion(this.client, resource, objectKey(about), this.signal),
    );
  }

  /** As this run wrote it or as the cache has it, whichever is newer. */
  #known(informer: Informer, object: KubeObject): KubeObject | undefined {
    const cached = informer.lister.get(objectKey(object)) as unknown as KubeObject | undefined;
    const written = this.#written.get(textOf(object));
    if (!cached || !written) return cached ?? written;
    const [mine, theirs] = [written, cached].map(({ metadata }) => metadata.resourceVersion ?? "") as [string, string];
    return isOrderedVersion(mine) && isOrderedVersion(theirs) && compareResourceVersions(theirs, mine) > 0 ? cached : written;
  }

  /** A write whose answer the run's code is given: of the object under reconcile, it knows what that says. */
  #changed<R extends Resource>(informer: Informer, written: Upon<Observed<R>>): Observed<R> {
    const { object } = written;
    if (textOf(object) === textOf(this.#object)) this.#generation = (object as unknown as KubeObject).metadata.generation;
    return this.#wrote(informer, written);
  }

  #wrote<R extends Resource>(informer: Informer, { object, upon }: Upon<Observed<R>>): Observed<R> {
    this.#written.set(textOf(object), object as unknown as KubeObject);
    this.#versions.answered(object as unknown as KubeObject, upon);
    this.#scope.writes.wrote(this.#queueKey, informer, object as unknown as KubeObject);
    return object;
  }

  /** A key without a namespace is one in the namespace of the object under reconcile. */
  #near({ scope }: Resource, key: ObjectKey): ObjectKey {
    const { namespace } = this.#object.metadata;
    return scope === "Cluster" || key.namespace !== undefined || namespace === undefined ? key : { ...key, namespace };
  }

  #declared(resource: { readonly apiVersion: string; readonly kind: string }, verb: string): DeclaredKind {
    return this.#scope.cache.declared(resource, verb);
  }
}
