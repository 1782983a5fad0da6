import type { ManagedFieldsEntry } from "@outrigger/kit/api";
import { FieldSet } from "./field-set.ts";

/** Who manages which fields: one entry of managedFields, its set read. */
export interface Manager {
  readonly name: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339, to the second. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Managers by identity: an applier is the same in every version, an updater is another in each. */
export type Managers = Map<string, Manager>;

export function managerId(manager: Pick<Manager, "name" | "operation" | "apiVersion" | "subresource">): string {
  const { name, operation, apiVersion, subresource } = manager;
  return JSON.stringify([name, operation, operation === "Apply" ? "" : apiVersion, subresource]);
}

/** `undefined` where the entries are not valid ones. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[]): Managers | undefined {
  const managers: Managers = new Map();
  for (const entry of entries) {
    const { manager = "", operation, apiVersion, fieldsType, fieldsV1, time, subresource = "" } = entry;
    if ((operation !== "Apply" && operation !== "Update") || !apiVersion || fieldsType !== "FieldsV1") return undefined;
    const read: Manager = { name: manager, operation, apiVersion, subresource, time, fields: FieldSet.fromJson(fieldsV1) };
    managers.set(managerId(read), read);
  }
  return managers;
}

/** Appliers first, then by time, name, version and subresource. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] {
  return [...managers.values()].sort(byOrderOfListing).map((manager) => {
    const { name, operation, apiVersion, subresource, time, fields } = manager;
    const entry: ManagedFieldsEntry = { operation, apiVersion, fieldsType: "FieldsV1", fieldsV1: fields.toJson() };
    if (name !== "") entry.manager = name;
    if (time !== undefined) entry.time = time;
    if (subresource !== "") entry.subresource = subresource;
    return entry;
  });
}

function byOrderOfListing(a: Manager, b: Manager): number {
  return (
    compare(a.operation, b.operation) ||
    compare(seconds(a), seconds(b)) ||
    compare(a.name, b.name) ||
    compare(a.apiVersion, b.apiVersion) ||
    compare(a.subresource, b.subresource)
  );
}

function compare<T extends string | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function seconds(manager: Manager): number {
  return manager.time === undefined ? 0 : Math.floor(Date.parse(manager.time) / 1000);
}

export function timestamp(now: Date): string {
  return `${now.toISOString().slice(0, 19)}Z`;
}

/** How many updaters an object keeps apart. */
const MAX_UPDATERS = 10;
const OLD_UPDATES = "ancient-changes";

/** Joins the oldest updaters of a version into one, until at most ten are left. */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers].filter(([, manager]) => manager.operation === "Update");
  updaters.sort(([a, left], [b, right]) => compare(seconds(left), seconds(right)) || compare(a, b));
  let excess = updaters.length - MAX_UPDATERS;
  const firstOfVersion = new Map<string, string>();
  for (const [id, manager] of updaters) {
    if (excess <= 0) return;
    const { apiVersion } = manager;
    const first = firstOfVersion.get(apiVersion);
    if (first === undefined) {
      firstOfVersion.set(apiVersion, id);
      continue;
    }
    const bucket = { name: OLD_UPDATES, operation: "Update", apiVersion, subresource: "" } as const;
    const bucketId = managerId(bucket);
    const gathered = managers.get(bucketId) ?? managers.get(first);
    if (!managers.has(bucketId)) managers.delete(first);
    managers.delete(id);
    managers.set(bucketId, { ...bucket, time: manager.time, fields: manager.fields.union(gathered?.fields ?? new FieldSet()) });
    excess--;
  }
}
