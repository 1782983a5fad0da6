import type { KubeObject, OwnerReference, Resource } from "@outrigger/kit/api";
import { type Client, ForbiddenError, InternalServerError, MethodNotAllowedError, NotFoundError } from "@outrigger/kit/client";
import type { Identity } from "./graph.ts";
import type { KnownKinds } from "./kinds.ts";

/** Kinds that are listed at a time. */
const LANES = 4;

export interface Dependent {
  readonly resource: Resource;
  /** Its metadata alone. */
  readonly object: KubeObject;
}

/**
 * Every object that names the owner, as the server has it now. Watches tell of each kind in its own time: what was made
 * before the owner's deletion may come after it, and be of a kind that is new.
 *
 * A kind that the server cannot list (its conversion fails, say) is left out: what the graph knows of it must do.
 */
export async function dependentsOf(client: Client, kinds: KnownKinds, owner: Identity, signal: AbortSignal): Promise<readonly Dependent[]> {
  await kinds.refresh(signal);
  const { namespace } = owner;
  const candidates = kinds.collected.filter(({ scope }) => namespace === undefined || scope === "Namespaced").values();
  const found: Dependent[] = [];
  const lane = async (): Promise<void> => {
    for (const resource of candidates) {
      try {
        for await (const { items } of client.pages(resource, {
          metadataOnly: true,
          signal,
          ...(namespace === undefined ? {} : { namespace }),
        })) {
          for (const object of items as unknown as readonly KubeObject[]) if (names(object, owner.uid)) found.push({ resource, object });
        }
      } catch (error) {
        if (!isNotListed(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return found;
}

export function names({ metadata }: KubeObject, uid: string): boolean {
  return ((metadata.ownerReferences ?? []) as readonly OwnerReference[]).some((owner) => owner.uid === uid);
}

function isNotListed(error: unknown): boolean {
  return [NotFoundError, MethodNotAllowedError, ForbiddenError, InternalServerError].some((Class) => error instanceof Class);
}
