import type { KubeObject } from "../api/index.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** Drops what controllers hardly ever read and what makes up a third of a typical object: managedFields and kubectl's last-applied annotation. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  delete object.metadata.managedFields;
  const { annotations } = object.metadata;
  if (annotations && LAST_APPLIED in annotations) delete annotations[LAST_APPLIED];
  return object;
}

/** What a server that cannot give metadata alone sent too much of. */
export function metadataOf(object: KubeObject): KubeObject {
  for (const field in object)
    if (field !== "metadata" && field !== "apiVersion" && field !== "kind") {
      const { apiVersion, kind, metadata } = object;
      return { apiVersion, kind, metadata };
    }
  return object;
}
