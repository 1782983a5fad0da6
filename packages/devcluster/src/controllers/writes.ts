import { type Observed, objectKey, type Resource } from "@outrigger/kit/api";
import { type Client, ConflictError, ForbiddenError, NotFoundError } from "@outrigger/kit/client";
import { type Result, requeue } from "@outrigger/kit/controller";
import { difference } from "../objects/index.ts";

/** Who writes: all loops are one manager of fields, as in Kubernetes. */
export const MANAGER = "kube-controller-manager";

/** The namespace is being deleted: nothing can be made in it, and nothing needs to be. */
export function refusesContent(error: unknown): boolean {
  return error instanceof ForbiddenError && (error.status.details?.causes ?? []).some(({ reason }) => reason === "NamespaceTerminating");
}

/**
 * Writes an object's new status. A conflict means that it changed meanwhile; it is thrown, and the loop tries again with
 * what the cache shows then.
 */
export async function writeStatus<R extends Resource>(
  client: Client,
  resource: R,
  object: Observed<R>,
  status: unknown,
  signal?: AbortSignal,
): Promise<Observed<R>> {
  return writeThroughStatus(client, resource, object, { ...object, status } as Observed<R>, signal);
}
/** As `writeStatus`, with metadata that the kind lets travel with the status. */
export async function writeThroughStatus<R extends Resource>(
  client: Client,
  resource: R,
  before: Observed<R>,
  after: Observed<R>,
  signal?: AbortSignal,
): Promise<Observed<R>> {
  return client.patch(resource, objectKey(before), difference(before, after), {
    subresource: "status",
    fieldManager: MANAGER,
    ...(signal ? { signal } : {}),
  });
}

/** Takes a finalizer off an object, as a patch that holds only for the state at hand. */
export function withoutFinalizer<T extends { readonly metadata: { readonly finalizers?: readonly string[] } }>(
  object: T,
  finalizer: string,
): ReturnType<typeof difference> {
  const finalizers = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
  return difference(object, { ...object, metadata: { ...object.metadata, finalizers } });
}

/** An object without those of its fields that are zero or empty, as the server leaves them out. */
export function compact<T extends object>(object: T, keep: readonly (keyof T)[] = []): T {
  return Object.fromEntries(
    Object.entries(object).filter(
      ([key, value]) =>
        keep.includes(key as keyof T) ||
        !(value === undefined || value === null || value === 0 || value === "" || (Array.isArray(value) && value.length === 0)),
    ),
  ) as T;
}

/** Kubernetes' time: seconds, UTC. */
export function timestamp(date: Date = new Date()): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** Milliseconds until the cache should show what a write conflicted with. */
const CONFLICT_PAUSE = 20;

// biome-ignore lint/suspicious/noConfusingVoidType: what a reconcile may return
type Outcome = Result | void;

/** A reconcile whose conflicts are no failures: an object changed meanwhile, and is looked at again. */
export function againAfterConflict<A extends readonly unknown[]>(
  reconcile: (...given: A) => Promise<Outcome>,
): (...given: A) => Promise<Outcome> {
  return async (...given) => {
    try {
      return await reconcile(...given);
    } catch (error) {
      if (error instanceof ConflictError) return requeue.after(CONFLICT_PAUSE);
      // Gone meanwhile: of what is left, the cache will tell.
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  };
}
export { difference };
