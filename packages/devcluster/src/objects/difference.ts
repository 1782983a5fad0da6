import { createMergePatch } from "@outrigger/machinery/patch";

/**
 * What makes one state of an object another, as a merge patch that holds only for the state it was made from: whole
 * objects are not sent back, since a cache does not keep all of them.
 */
export function difference(before: object, after: object): { readonly type: "merge"; readonly patch: object } {
  const { metadata = {}, ...rest } = createMergePatch(before, after) as { metadata?: object };
  const { uid, resourceVersion } = (before as { metadata: { uid?: string; resourceVersion?: string } }).metadata;
  return { type: "merge", patch: { ...rest, metadata: { ...metadata, uid, resourceVersion } } };
}
