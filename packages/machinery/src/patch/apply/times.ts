import type { KubeObject, ManagedFieldsEntry } from "@outrigger/kit/api";
import { equal } from "@outrigger/kit/patch";

/**
 * Gives an object its old managedFields back where nothing but their times changed, so that a write without effect
 * stores nothing (`IgnoreManagedFieldsTimestampsTransformer`). Changes `after`.
 */
export function keepTimesIfUnchanged(after: KubeObject, before: KubeObject): void {
  const old = before.metadata.managedFields ?? [];
  const now = after.metadata.managedFields ?? [];
  if (old.length === 0 || old.length !== now.length || !equal(old.map(timeless), now.map(timeless))) return;
  if (equal(withManagedFields(after, []), withManagedFields(before, []))) after.metadata.managedFields = old;
}

function timeless({ time: _, ...entry }: ManagedFieldsEntry): object {
  return entry;
}

function withManagedFields(object: KubeObject, managedFields: ManagedFieldsEntry[]): object {
  return { ...object, metadata: { ...object.metadata, managedFields } };
}
