import { controllerOf, type Desired, type KubeObject, ownerReference, type Resource } from "../api/index.ts";
import type { Source } from "./builder.ts";

/**
 * The object to write with the owner's namespace, and with a reference to the owner, where it is of an owned kind and does not say.
 *
 * @throws Error when the object can have no namespace, or not this owner.
 */
export function adopted<R extends Resource>(owner: KubeObject, { resource, relation }: Source, desired: Desired<R>): Desired<R> {
  const { metadata } = desired as unknown as KubeObject;
  const namespaced = resource.scope === "Namespaced";
  const namespace = namespaced ? (metadata.namespace ?? owner.metadata.namespace) : undefined;
  if (namespaced && namespace === undefined) {
    throw new Error(
      `${resource.kind} ${metadata.name ?? ""} names no namespace, and ${owner.kind} ${owner.metadata.name} has none to give it`,
    );
  }
  const adopts = relation === "owns" && !controllerOf(desired as never);
  if (adopts && owner.metadata.namespace !== undefined && namespace !== owner.metadata.namespace) {
    throw new Error(
      `${resource.kind} ${metadata.name ?? ""} cannot be owned by ${owner.kind} ${owner.metadata.namespace}/${owner.metadata.name}: an owner is in the same namespace, or has none`,
    );
  }
  return {
    ...desired,
    metadata: {
      ...metadata,
      ...(namespace === undefined ? {} : { namespace }),
      ...(adopts
        ? {
            ownerReferences: [
              ...(metadata.ownerReferences ?? []),
              ownerReference(owner as never, { controller: true, blockOwnerDeletion: true }),
            ],
          }
        : {}),
    },
  } as Desired<R>;
}
