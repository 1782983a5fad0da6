import { type KubeObject, objectKey, type Resource } from "../api/index.ts";
import { deepFreeze } from "../cache/index.ts";
import { type Client, ConflictError, NotFoundError } from "../client/index.ts";

/** How often the removal is tried at most. Each further one means that somebody wrote between a read and the write right after it. */
const TRIES = 10;

interface Writer {
  readonly client: Client;
  readonly resource: Resource;
  readonly fieldManager: string;
  readonly signal: AbortSignal;
}

/** What a cleanup leaves behind. */
export interface CleanedUp {
  /** The newest state of the object that is known. */
  readonly object: KubeObject;
  /** The generation that the cleanup was made for. */
  readonly generation: number | undefined;
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Adds the finalizer to the object as it was read; a `ConflictError` if it changed since, undefined if it is gone. */
export async function ensureFinalizer(writer: Writer, object: KubeObject, finalizer: string): Promise<KubeObject | undefined> {
  return deepFreeze(await setFinalizers(writer, object, [...(object.metadata.finalizers ?? []), finalizer]));
}

/**
 * Takes the finalizer off an object that was cleaned up; undefined when it is gone already.
 *
 * Whatever others write meanwhile beside the spec (their finalizers, a status) leaves the cleanup good: it is taken off
 * what the server has then. A new generation does not: the object stays, and is to be cleaned up again.
 */
export async function removeFinalizer(
  writer: Writer,
  { object, generation }: CleanedUp,
  finalizer: string,
): Promise<{ readonly object: KubeObject; readonly outdated: boolean } | undefined> {
  const { client, resource, signal } = writer;
  for (let tries = 1; ; tries++) {
    if (!hasFinalizer(object, finalizer)) return { object, outdated: false };
    if (object.metadata.generation !== generation) return { object, outdated: true };
    let conflict: ConflictError;
    try {
      const finalizers = object.metadata.finalizers!.filter((one) => one !== finalizer);
      const released = await setFinalizers(writer, object, finalizers);
      return released && { object: released, outdated: false };
    } catch (error) {
      if (!(error instanceof ConflictError) || tries === TRIES) throw error;
      conflict = error;
    }
    const live = await client.find(resource, objectKey(object), { metadataOnly: true, signal });
    if (live?.metadata.uid !== object.metadata.uid) return undefined;
    // Refused for something else than its version.
    if (live?.metadata.resourceVersion === object.metadata.resourceVersion) throw conflict;
    object = live as unknown as KubeObject;
  }
}

async function setFinalizers(
  { client, resource, fieldManager, signal }: Writer,
  { metadata }: KubeObject,
  finalizers: readonly string[],
): Promise<KubeObject | undefined> {
  const { uid, resourceVersion } = metadata;
  // A merge patch replaces the list as a whole, so it must be refused if somebody else changed it meanwhile.
  const patch = { metadata: { uid, resourceVersion, finalizers } };
  try {
    return (await client.patch(
      resource,
      objectKey({ metadata }),
      { type: "merge", patch },
      { fieldManager, signal },
    )) as unknown as KubeObject;
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}
