import type { ManagedFieldsEntry } from "@outrigger/kit/api";
import { FieldSet } from "./field-set.ts";
import { decodeManagers, encodeManagers, type Managers, managerId } from "./managers.ts";
import { pathSet } from "./update.ts";

const SCALE_VERSION = "autoscaling/v1";
const REPLICAS_IN_SCALE = ["spec", "replicas"];

/** Where an object keeps its replicas. */
export interface ScaleMapping {
  /** The object's version, as its managers name it. */
  readonly apiVersion: string;
  /** `["spec", "replicas"]` for all kinds of Kubernetes' own. */
  readonly replicasPath: readonly string[];
}

/** The managedFields of an object's `scale`: whoever manages its replicas manages those of the scale. */
export function managedFieldsOfScale(entries: readonly ManagedFieldsEntry[], mapping: ScaleMapping): ManagedFieldsEntry[] {
  const replicas = pathSet([mapping.replicasPath]);
  const scale: Managers = new Map();
  for (const manager of (decodeManagers(entries) ?? new Map()).values()) {
    if (manager.apiVersion !== mapping.apiVersion || manager.fields.intersection(replicas).empty) continue;
    const inScale = { ...manager, apiVersion: SCALE_VERSION, fields: pathSet([REPLICAS_IN_SCALE]) };
    scale.set(managerId(manager), inScale);
  }
  return encodeManagers(scale);
}

/** The managedFields of an object after its `scale`, which carried `managedFieldsOfScale`, was written. */
export function managedFieldsFromScale(
  entries: readonly ManagedFieldsEntry[],
  scaleEntries: readonly ManagedFieldsEntry[],
  mapping: ScaleMapping,
): ManagedFieldsEntry[] {
  const replicas = pathSet([mapping.replicasPath]);
  const scale: Managers = new Map();
  for (const manager of (decodeManagers(scaleEntries) ?? new Map()).values()) {
    if (manager.fields.intersection(pathSet([REPLICAS_IN_SCALE])).empty) continue;
    const inParent = { ...manager, apiVersion: mapping.apiVersion, fields: new FieldSet() };
    scale.set(managerId(inParent), inParent);
  }
  const result: Managers = new Map();
  const before = decodeManagers(entries) ?? new Map();
  for (const [id, manager] of before) {
    if (manager.fields.intersection(replicas).empty) result.set(id, manager);
    else if (scale.delete(id)) result.set(id, manager);
    else {
      const fields = manager.fields.difference(replicas);
      if (!fields.empty) result.set(id, { ...manager, fields });
    }
  }
  // Kubernetes takes the times from the object's own entries: a manager that is new to it has none.
  for (const [id, manager] of scale) result.set(id, { ...manager, time: before.get(id)?.time, fields: replicas });
  return encodeManagers(result);
}
