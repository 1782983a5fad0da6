import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "@outrigger/kit/api";
import { keepTimesIfUnchanged } from "@outrigger/machinery/patch";
import { type Entry, encodeObject, StaleEntryError } from "../store/index.ts";
import { attributesFor, mutate } from "./admit.ts";
import type { Caller, RegistryParts, Target, WriteOptions } from "./context.ts";
import { storeNew, type Written } from "./create.ts";
import { badRequest, conflict, invalid, modified, notFound, plainError } from "./errors.ts";
import { trackFields } from "./managed-fields.ts";
import { dedupeOwnerReferences, restoreSystemFields, settleNamespace, wipeSystemFields } from "./metadata.ts";
import { kindRules, type RuleContext } from "./rules/index.ts";
import { fromStorage, readCopy, tableOf, toStorage } from "./versions.ts";

/**
 * Makes the new object out of the stored one, in the request's version; `undefined` stands for "there is none".
 * Called again when another write came between.
 */
export type Transform = (current: KubeObject | undefined) => KubeObject | Promise<KubeObject>;

/** How long an update that named no version starts again after losing races, in milliseconds: as long as a request may take. */
const RETRY_MS = 34_000;

/** PUT: replaces the object by one that was decoded, pruned and defaulted. */
export async function replaceObject(
  parts: RegistryParts,
  target: Target,
  caller: Caller,
  decoded: KubeObject,
  options: WriteOptions,
): Promise<Written> {
  settleNamespace(decoded, target.resource, target.namespace);
  const given = decoded.metadata.name ?? "";
  if (given === "") throw badRequest("name must be provided");
  if (given !== target.name) throw badRequest(`the name of the object (${given}) does not match the name on the URL (${target.name})`);
  dedupeOwnerReferences(decoded.metadata, caller.warn);
  const text = JSON.stringify(decoded);
  const transform: Transform = (current) => {
    const object = JSON.parse(text) as KubeObject;
    trackFields(target, current, object, caller, options);
    return object;
  };
  return updateObject(parts, target, caller, transform, options, { uid: decoded.metadata.uid });
}

export interface UpdateConditions {
  /** The uid that the stored object must have. */
  readonly uid?: string | undefined;
  /** Creates where there is nothing (server-side apply). */
  readonly createMissing?: boolean;
  /** Ends the update as it stands, for subresources whose object is not the stored one. */
  readonly kind?: { group: string; version: string; kind: string };
}

/**
 * Reads, transforms, admits, validates and writes, again from the start when the stored object changed meanwhile and
 * the caller did not insist on a version.
 */
export async function updateObject(
  parts: RegistryParts,
  target: Target,
  caller: Caller,
  transform: Transform,
  options: WriteOptions,
  conditions: UpdateConditions = {},
): Promise<Written> {
  const started = performance.now();
  for (;;) {
    try {
      return await updateOnce(parts, target, caller, transform, options, conditions);
    } catch (error) {
      if (!(error instanceof StaleEntryError)) throw error;
      if (performance.now() - started > RETRY_MS) throw conflict(target.resource, target.name, modified);
    }
  }
}

async function updateOnce(
  parts: RegistryParts,
  target: Target,
  caller: Caller,
  transform: Transform,
  options: WriteOptions,
  conditions: UpdateConditions,
): Promise<Written> {
  const { resource, namespace, name, subresource } = target;
  const rules = kindRules(resource.group, resource.plural, resource.custom);
  const table = tableOf(parts.store, resource.group, resource.plural);
  const entry = table.get(namespace, name);
  if (!entry) {
    const creates = subresource === "" && (conditions.createMissing || rules.createOnUpdate);
    if (!creates) throw notFound(resource, name);
    caller.allowed("create");
    const object = await transform(undefined);
    checkVersionText(object);
    if (conditions.uid) throw precondition(target, conditions.uid, "");
    wipeSystemFields(object.metadata);
    delete object.metadata.resourceVersion;
    return storeNew(parts, target, caller, object, options);
  }

  const old = await readCopy(resource, entry);
  if (conditions.uid && conditions.uid !== old.metadata.uid) throw precondition(target, conditions.uid, old.metadata.uid ?? "");
  const attributes = attributesFor(target, caller, {
    operation: "UPDATE",
    object: await transform(old),
    oldObject: old,
    options,
    optionsKind: "UpdateOptions",
    ...(conditions.kind ? { kind: conditions.kind } : {}),
  });
  const object = await mutate(parts, attributes);
  // The steps below change metadata in place; a patched object may share its metadata with the old one.
  object.metadata = { ...object.metadata };
  dedupeOwnerReferences(object.metadata, caller.warn);
  const insists = checkVersion(target, object, old, rules.unconditionalUpdate !== false);

  const context = { user: caller.user, reader: parts.reader, warn: caller.warn };
  prepare(target, context, object, old);
  const causes = [...resource.strategy.validateUpdate(object, old, subresource), ...(rules.validate?.(object, old, subresource) ?? [])];
  if (causes.length > 0) throw invalid(resource, name, causes);
  if (subresource === "") {
    const refusals = rules.allocate?.(object, old, context) ?? [];
    if (refusals.length > 0) throw invalid(resource, name, refusals);
  }
  for (const warning of resource.strategy.warnings(object, old)) caller.warn(warning);
  keepTimesIfUnchanged(object, old);
  await parts.admission.validate({ ...attributes, object });

  const stored = await toStorage(resource, object);
  const answer = await fromStorage(resource, object, stored);
  // Read again: a version that the writer named is then another one than the stored, a patched one is not.
  const now = table.get(namespace, name);
  if (insists && now !== entry) throw new StaleEntryError(now);
  if (ends(object, old, rules.removable)) {
    if (!options.dryRun) table.remove(entry, stored);
    return { object: answer, created: false };
  }
  if (options.dryRun || unchanged(stored, entry)) return { object: answer, created: false, ...(options.dryRun ? {} : { entry }) };
  const written = table.put(stored, entry);
  answer.metadata.resourceVersion = String(written.revision);
  return { object: answer, entry: written, created: false };
}

/** Whether the writer named the version that it changes; refuses when that is not the stored one. */
function checkVersion(target: Target, object: KubeObject, old: KubeObject, unconditional: boolean): boolean {
  const { resource, name } = target;
  const given = checkVersionText(object);
  if (given === "" || given === "0") {
    if (!unconditional) {
      const message = "Invalid value: 0: must be specified for an update";
      throw invalid({ group: resource.group, kind: resource.plural }, name, [
        { reason: "FieldValueInvalid", message, field: "metadata.resourceVersion" },
      ]);
    }
    object.metadata.resourceVersion = old.metadata.resourceVersion ?? "";
    return false;
  }
  if (given !== old.metadata.resourceVersion) throw conflict(resource, name, modified);
  return true;
}

function checkVersionText(object: KubeObject): string {
  const given = object.metadata.resourceVersion ?? "";
  if (given !== "" && !/^\d+$/.test(given)) throw plainError(`strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`);
  return given;
}

function precondition(target: Target, wanted: string, found: string): Error {
  const { resource, namespace, name } = target;
  const folder = resource.group === "" || resource.row ? resource.plural : `${resource.group}/${resource.plural}`;
  const key = `/registry/${folder}/${namespace ? `${namespace}/` : ""}${name}`;
  const why = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
  return conflict(resource, name, `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`);
}

function prepare(target: Target, context: RuleContext, object: KubeObject, old: KubeObject): void {
  const { resource, subresource } = target;
  const rules = kindRules(resource.group, resource.plural, resource.custom);
  settleNamespace(object, resource, target.namespace);
  if (old.metadata.generation === undefined) delete object.metadata.generation;
  else object.metadata.generation = old.metadata.generation;
  resource.strategy.prepareForUpdate(object, old, subresource);
  rules.prepareForUpdate?.(object, old, subresource, context);
  if (resource.row?.generation && subresource !== "status") {
    const changed = rules.generationChanges ?? specChanges;
    if (changed(object, old)) object.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
  restoreSystemFields(object.metadata, old.metadata);
}

function specChanges(object: KubeObject, old: KubeObject): boolean {
  const { metadata: _m, status: _s, ...now } = object;
  const { metadata: _n, status: _t, ...before } = old;
  return !isDeepStrictEqual(now, before);
}

/** The last finalizer of an object that is being deleted went with this write. */
function ends(object: KubeObject, old: KubeObject, removable: ((object: KubeObject) => boolean) | undefined): boolean {
  const { metadata } = object;
  if (!old.metadata.deletionTimestamp || (metadata.finalizers ?? []).length > 0) return false;
  // An object within its grace period stays until the kubelet gives it up.
  if ((metadata.deletionGracePeriodSeconds ?? 0) !== 0) return false;
  return removable?.(object) ?? true;
}

function unchanged(stored: KubeObject, entry: Entry): boolean {
  const { text } = encodeObject({ ...stored, metadata: { ...stored.metadata, resourceVersion: String(entry.revision) } });
  if (text === entry.text) return true;
  // The same fields in another order have the same length.
  return text.length === entry.text.length && isDeepStrictEqual(JSON.parse(text), entry.object);
}
