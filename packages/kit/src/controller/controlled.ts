import { controllerOf, type KubeObject, type ObjectKey, objectKey, type Resource } from "../api/index.ts";
import { type Client, ConflictError, NotFoundError } from "../client/index.ts";
import type { Upon } from "./own-versions.ts";

/** How often a write is made at most. Each further one means that somebody wrote between a read and the write right after it. */
const TRIES = 10;

/**
 * The object under reconcile is being deleted, or gone, and let go of an object that the reconcile was about to take back.
 * It ends the reconcile and is nobody's error: the deletion brings the next reconcile, if there is anything left to do.
 */
export class OwnerDeletedError extends Error {
  override readonly name = "OwnerDeletedError";
  readonly code = "ERR_OWNER_DELETED";
}

interface Writer {
  readonly client: Client;
  readonly fieldManager: string;
  readonly signal: AbortSignal;
  /** The kind of `owner`. */
  readonly resource: Resource;
  /** The object under reconcile, as it was read. */
  readonly owner: KubeObject;
}

/**
 * Writes to objects that the object under reconcile controls, for as long as it does.
 *
 * Each write names the version that it was decided on, so that the server refuses it (409) when somebody let the object go
 * meanwhile, as a garbage collector does for a deletion that orphans. What was let go is taken back only for an owner that
 * stands, as Kubernetes' own controllers do (`controller_ref_manager`), which is asked of the server: the cache of owners
 * may be behind that of the objects.
 */
export class Controlled {
  readonly #writer: Writer;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  controls(object: KubeObject): boolean {
    return controllerOf(object)?.uid === this.#writer.owner.metadata.uid;
  }

  /**
   * Applies an object that names the owner as its controller. One request, unless the object changed since `known`.
   *
   * @param known the object as it was last seen; undefined if it was not.
   * @throws OwnerDeletedError when the object is not the owner's (any more) and the owner goes.
   */
  async apply(resource: Resource, desired: KubeObject, known: KubeObject | undefined): Promise<Upon<KubeObject>> {
    const { client, fieldManager, signal } = this.#writer;
    for (let tries = 1; ; tries++) {
      const body = known === undefined ? desired : await this.#upon(known, desired);
      try {
        const object = (await client.apply(resource, body as never, { fieldManager, force: true, signal })) as unknown as KubeObject;
        return { object, upon: body.metadata.resourceVersion };
      } catch (error) {
        if (!(error instanceof ConflictError) || known === undefined || tries === TRIES) throw error;
        const live = await this.#read(resource, objectKey(desired));
        // Refused for something else than its version.
        if (live !== undefined && live.metadata.resourceVersion === known.metadata.resourceVersion) throw error;
        known = live;
      }
    }
  }

  /** Deletes an object if the owner still controls it; false when there was none to delete. One request, unless it changed since `known`. */
  async delete(resource: Resource, known: KubeObject): Promise<boolean> {
    const { client, signal } = this.#writer;
    const key = objectKey(known);
    for (let tries = 1; ; tries++) {
      const { uid, resourceVersion } = known.metadata as { readonly uid: string; readonly resourceVersion: string };
      try {
        await client.delete(resource, key, { signal, preconditions: { uid, resourceVersion } });
        return true;
      } catch (error) {
        if (error instanceof NotFoundError) return false;
        if (!(error instanceof ConflictError) || tries === TRIES) throw error;
      }
      const live = await this.#read(resource, key);
      if (live === undefined || live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined || !this.controls(live))
        return false;
      known = live;
    }
  }

  /** What to apply to an object of which this state is known. */
  async #upon(known: KubeObject, desired: KubeObject): Promise<KubeObject> {
    const { owner } = this.#writer;
    const { resourceVersion } = known.metadata;
    const { ownerReferences = [], ...metadata } = desired.metadata;
    const upon = (references: typeof ownerReferences): KubeObject => ({
      ...desired,
      metadata: {
        ...metadata,
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(references.length === 0 ? {} : { ownerReferences: references }),
      },
    });
    if (this.controls(known)) return upon(ownerReferences);
    // Whoever writes for an object that goes knows that it does: the write is made, nothing is adopted.
    if (owner.metadata.deletionTimestamp !== undefined) return upon(ownerReferences.filter(({ uid }) => uid !== owner.metadata.uid));
    if (await this.#ownerStands()) return upon(ownerReferences);
    throw new OwnerDeletedError(
      `${owner.kind} ${owner.metadata.name} is deleted and does not control ${desired.kind} ${desired.metadata.name} (any more)`,
    );
  }

  async #ownerStands(): Promise<boolean> {
    const { resource, owner } = this.#writer;
    const live = await this.#read(resource, objectKey(owner));
    return live !== undefined && live.metadata.uid === owner.metadata.uid && live.metadata.deletionTimestamp === undefined;
  }

  async #read(resource: Resource, key: ObjectKey): Promise<KubeObject | undefined> {
    const { client, signal } = this.#writer;
    return (await client.find(resource, key, { metadataOnly: true, signal })) as unknown as KubeObject | undefined;
  }
}
