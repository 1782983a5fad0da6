import { type KubeObject, objectKey, type Resource } from "../api/index.ts";
import { deepFreeze } from "../cache/index.ts";
import { type Client, NotFoundError } from "../client/index.ts";

interface Writer {
  readonly client: Client;
  readonly resource: Resource;
  readonly fieldManager: string;
  readonly signal: AbortSignal;
}

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

/** Adds the finalizer to the object as it was read; a `ConflictError` if it changed since. */
export async function ensureFinalizer(writer: Writer, object: KubeObject, finalizer: string): Promise<KubeObject> {
  return deepFreeze(await setFinalizers(writer, object, [...(object.metadata.finalizers ?? []), finalizer]));
}

/** Takes the finalizer off; undefined when the object is gone already. */
export async function removeFinalizer(writer: Writer, object: KubeObject, finalizer: string): Promise<KubeObject | undefined> {
  try {
    return await setFinalizers(writer, object, object.metadata.finalizers?.filter((one) => one !== finalizer) ?? []);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function setFinalizers(
  { client, resource, fieldManager, signal }: Writer,
  { metadata }: KubeObject,
  finalizers: readonly string[],
): Promise<KubeObject> {
  const { uid, resourceVersion } = metadata;
  // A merge patch replaces the list as a whole, so it must be refused if somebody else changed it meanwhile.
  const patch = { metadata: { uid, resourceVersion, finalizers } };
  return (await client.patch(
    resource,
    objectKey({ metadata }),
    { type: "merge", patch },
    { fieldManager, signal },
  )) as unknown as KubeObject;
}
