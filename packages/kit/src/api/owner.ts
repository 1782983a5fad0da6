import type { KubeObject, ObjectKey } from "./object.ts";

/** Fields of an owner reference that its maker chooses. */
export interface OwnerReferenceFields {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name?: string; readonly uid?: string };
}
interface Owned {
  readonly metadata: { readonly ownerReferences?: readonly OwnerReferenceFields[] };
}

/**
 * A reference to an owner, by default as the one controller that blocks the owner's foreground deletion.
 *
 * @throws TypeError for an owner without name or uid, which no server gave out.
 */
export function ownerReference(
  owner: Owner,
  options: { readonly controller?: boolean; readonly blockOwnerDeletion?: boolean } = {},
): OwnerReferenceFields {
  const { name, uid } = owner.metadata;
  if (!name || !uid)
    throw new TypeError(`${owner.kind} ${name ?? "without a name"} cannot own anything: it has no uid, so it was not read from a server`);
  const { controller = true, blockOwnerDeletion = controller } = options;
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name,
    uid,
    ...(controller ? { controller } : {}),
    ...(blockOwnerDeletion ? { blockOwnerDeletion } : {}),
  };
}

/** The reference to the owner that controls an object; nothing where none does. */
export function controllerOf(object: Owned): OwnerReferenceFields | undefined {
  return object.metadata.ownerReferences?.find((reference) => reference.controller === true);
}

/** The object's address. */
export function objectKey(object: {
  readonly metadata: KubeObject["metadata"] | { readonly name: string; readonly namespace?: string | undefined };
}): ObjectKey {
  const { name = "", namespace } = object.metadata;
  return namespace === undefined || namespace === "" ? { name } : { namespace, name };
}

/** `namespace/name`, or the name alone: what a key is called in logs and queues. */
export function keyText(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`;
}
