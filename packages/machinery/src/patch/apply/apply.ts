import type { KubeObject } from "@outrigger/kit/api";
import { clone, equal, isObject, type JsonObject, own, put } from "@outrigger/kit/patch";
import type { SchemaNode } from "@outrigger/kit/schema";
import { PatchError } from "../error.ts";
import { type Conflict, conflictsWith } from "./conflict.ts";
import { nonconformity } from "./conform.ts";
import { FieldSet } from "./field-set.ts";
import { type FieldType, objectType } from "./field-type.ts";
import { fieldsOf } from "./fields-of.ts";
import { appliedClientSide, CLIENT_SIDE_APPLIER, lastApplied, updateLastApplied } from "./last-applied.ts";
import { decodeManagers, encodeManagers, type Managers, managerId, timestamp } from "./managers.ts";
import { mergeValues } from "./merge.ts";
import { disown, type Overwritten, pruned } from "./ownership.ts";
import { pathSet, SERVER_OWNED, updated, withoutManagers } from "./update.ts";

export interface ApplyConfigurationRequest {
  /** What the server has; `undefined` creates. */
  readonly live: KubeObject | undefined;
  /** What the client sent, as decoded: no defaults filled in. */
  readonly config: KubeObject;
  /** The field manager (query parameter `fieldManager`). */
  readonly manager: string;
  /** The version in which to apply; `live`'s own when absent. */
  readonly apiVersion?: string;
  /** The schema of that version. */
  readonly schema: SchemaNode;
  /** Take conflicting fields over. */
  readonly force?: boolean;
  /** `status`, `scale`, …; "" or absent for the object itself. */
  readonly subresource?: string;
  /** Fields that this endpoint never owns, as paths: `[["status"]]` for the object itself. */
  readonly resetFields?: readonly (readonly string[])[];
  /** What Kubernetes makes of an object of this kind with nothing in it; metadata alone when absent. */
  readonly empty?: KubeObject;
  readonly now: Date;
}

export interface ApplyConfigurationResult {
  /**
   * The live object with the configuration merged in, what its manager no longer applies taken out, and its new
   * managedFields; defaults are yet to be filled in. With conflicts it is the live object: nothing is to be stored.
   */
  readonly object: KubeObject;
  /** Empty where the apply succeeded. */
  readonly conflicts: readonly Conflict[];
}

/** The manager of fields that were there before anybody's were tracked. */
const BEFORE_FIRST_APPLY = "before-first-apply";

/**
 * Server-side apply (`apimachinery/pkg/util/managedfields`). Changes none of its arguments.
 *
 * @throws PatchError 400 for a wrong version or managedFields in the configuration, 500 (as Kubernetes) where it does
 *   not fit the schema: unknown fields, wrong types, items of a list that cannot be told apart.
 */
export function applyConfiguration(request: ApplyConfigurationRequest): ApplyConfigurationResult {
  const { schema, subresource = "", manager: name } = request;
  // A configuration that is not an object has no kind: checkConfig refuses it for that.
  const config = (isObject(request.config) ? request.config : {}) as unknown as KubeObject;
  const stored = request.live ?? request.empty ?? { apiVersion: config.apiVersion, kind: config.kind, metadata: {} };
  const expected = request.apiVersion ?? stored.apiVersion;
  checkConfig(config, expected, stored.kind);
  const type = objectType(schema);
  const problem = nonconformity(type, config, false);
  if (problem !== "") throw PatchError.internal(`failed to create typed patch object (${describe(config)}): ${problem}`);

  const live = withoutManagers(stored);
  const managers = managersOf(request, stored);
  const applier = { name, operation: "Apply", apiVersion: expected, subresource } as const;
  const id = managerId(applier);
  const ignored = pathSet(request.resetFields ?? []);

  const fields = fieldsOf(type, config).recursiveDifference(ignored);
  const last = managers.get(id);
  managers.set(id, { ...applier, time: last?.time, fields });
  const merged = mergeValues(type, live, config);
  const result = pruned(type, merged, managers, last?.fields) as KubeObject;
  const change = disown(type, live, result, managers, id, ignored);

  const conflicts = request.force ? [] : conflictsOf(change.overwritten, type, live, name);
  if (conflicts.length > 0) return { object: stored, conflicts: conflictsWith(conflicts, managers) };

  const own = fields.difference(SERVER_OWNED);
  const unchanged = request.live !== undefined && equal(live, result);
  if (own.empty) change.managers.delete(id);
  else change.managers.set(id, { ...applier, time: unchanged ? last?.time : timestamp(request.now), fields: own });

  const object = clone(dropEmptied(result, merged)) as KubeObject;
  if (name === CLIENT_SIDE_APPLIER && lastApplied(object) !== "") updateLastApplied(object, config);
  object.metadata = { ...object.metadata, managedFields: encodeManagers(change.managers) };
  return { object, conflicts: [] };
}

function checkConfig(config: KubeObject, apiVersion: string, kind: string): void {
  if (config.apiVersion !== apiVersion || config.kind !== kind) {
    throw PatchError.badRequest(`invalid object type: ${groupVersionKind(config)}`);
  }
  if (config.metadata?.managedFields !== undefined && config.metadata.managedFields !== null) {
    throw PatchError.badRequest("metadata.managedFields must be nil");
  }
}

/** As Go prints a GroupVersionKind: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
function groupVersionKind(config: Partial<KubeObject>): string {
  const apiVersion = text(config.apiVersion);
  const kind = text(config.kind);
  return `${apiVersion.includes("/") ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** A value that is not a string counts as missing. */
function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function describe(config: KubeObject): string {
  return `${config.metadata?.namespace ?? ""}/${config.metadata?.name ?? ""}; ${groupVersionKind(config)}`;
}

/** The managers of the live object; where it has none, all that it holds belongs to those who came before. */
function managersOf(request: ApplyConfigurationRequest, stored: KubeObject): Managers {
  const managers = decodeManagers(stored.metadata.managedFields ?? []) ?? new Map();
  if (managers.size > 0) return managers;
  const { live: _, config: __, force: ___, ...rest } = request;
  return updated(
    { ...rest, before: undefined, after: withoutManagers(stored), apiVersion: stored.apiVersion, manager: BEFORE_FIRST_APPLY },
    managers,
  );
}

/** `kubectl` may overwrite what it applied client-side itself, if that is all that stands against it. */
function conflictsOf(overwritten: readonly Overwritten[], type: FieldType, live: KubeObject, manager: string): readonly Overwritten[] {
  if (overwritten.length === 0 || manager !== CLIENT_SIDE_APPLIER || lastApplied(live) === "") return overwritten;
  const allowed = appliedClientSide(type, live) ?? new FieldSet();
  return overwritten.map(({ id, fields }) => ({ id, fields: fields.difference(allowed) })).filter(({ fields }) => !fields.empty);
}

/** Drops what became null because its last item was taken out. */
function dropEmptied(value: unknown, before: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(before))
    return value.map((item, index) => (value.length === before.length ? dropEmptied(item, before[index]) : item));
  if (!isObject(value) || !isObject(before)) return value;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const was = own(before, key);
    if (value[key] === null && was !== null) continue;
    put(kept, key, dropEmptied(value[key], was));
  }
  return kept;
}
