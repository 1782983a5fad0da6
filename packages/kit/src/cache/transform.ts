import type { KubeObject } from "../api/index.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * Drops what controllers hardly ever read and what makes up a third of a typical object: managedFields and kubectl's last-applied annotation.
 * What is left is built anew: an object that lost a field by `delete` becomes a hash table, which takes twice the memory and is slower to read ever after.
 */
export function withoutManagedFields(object: KubeObject): KubeObject {
  if (object.metadata.managedFields !== undefined) {
    const { managedFields: _, ...metadata } = object.metadata;
    object.metadata = metadata;
  }
  const { annotations } = object.metadata;
  if (annotations !== undefined && LAST_APPLIED in annotations) {
    const { [LAST_APPLIED]: _, ...rest } = annotations;
    object.metadata.annotations = rest;
  }
  return object;
}

/** An object's metadata alone, whatever else the server sent. */
export function metadataOf({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  return { apiVersion, kind, metadata };
}
