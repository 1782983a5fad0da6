import type { Cause, KubeObject, Status } from "@outrigger/kit/api";
import { type Entry, StaleEntryError } from "../store/index.ts";
import { attributesFor } from "./admit.ts";
import type { Caller, RegistryParts, Target } from "./context.ts";
import { conflict, invalidOptions, modified, notFound } from "./errors.ts";
import { timestamp } from "./metadata.ts";
import { type KindRules, kindRules } from "./rules/index.ts";
import { readCopy, tableOf, toStorage } from "./versions.ts";

/** `metav1.DeleteOptions`, from the body or the query. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: string | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
  readonly dryRun: boolean;
  /** One of many: admission is told no name. */
  readonly ofCollection?: boolean;
  /** As admission gets them. */
  readonly sent: Record<string, unknown>;
}

export interface Deleted {
  readonly body: KubeObject | Status;
  /** The object is gone; otherwise it waits for its finalizers or its grace period. */
  readonly gone: boolean;
}

/** @throws StatusError when the options contradict each other. */
export function checkDeleteOptions(options: DeleteOptions): void {
  const causes: Cause[] = [];
  const { propagationPolicy: policy, orphanDependents } = options;
  if (policy !== undefined && orphanDependents !== undefined) {
    const message = `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`;
    causes.push({ reason: "FieldValueInvalid", message, field: "propagationPolicy" });
  }
  if (policy !== undefined && !["Foreground", "Background", "Orphan"].includes(policy)) {
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`;
    causes.push({ reason: "FieldValueNotSupported", message, field: "propagationPolicy" });
  }
  const dryRun = options.sent["dryRun"];
  if (Array.isArray(dryRun) && dryRun.some((one) => one !== "All")) {
    const message = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`;
    causes.push({ reason: "FieldValueNotSupported", message, field: "dryRun" });
  }
  if (causes.length > 0) throw invalidOptions("DeleteOptions", causes);
}

const orphanFinalizer = "orphan";
const foregroundFinalizer = "foregroundDeletion";

/**
 * Deletes an object, or marks it as being deleted while finalizers or a grace period keep it.
 *
 * @throws StatusError with the refusal.
 */
export async function deleteObject(parts: RegistryParts, target: Target, caller: Caller, options: DeleteOptions): Promise<Deleted> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await deleteOnce(parts, target, caller, options);
    } catch (error) {
      if (!(error instanceof StaleEntryError)) throw error;
      if (attempt === 10) throw conflict(target.resource, target.name, modified);
    }
  }
}

async function deleteOnce(parts: RegistryParts, target: Target, caller: Caller, options: DeleteOptions): Promise<Deleted> {
  const { resource, namespace, name } = target;
  const rules = kindRules(resource.group, resource.plural, resource.custom);
  const table = tableOf(parts.store, resource.group, resource.plural);
  const entry = table.get(namespace, name);
  if (!entry) throw notFound(resource, name);
  const object = await readCopy(resource, entry);
  checkPreconditions(target, object, options);
  if (rules.deleteWarning && options.propagationPolicy === undefined && options.orphanDependents === undefined)
    caller.warn(rules.deleteWarning);

  const attributes = attributesFor(options.ofCollection ? { ...target, name: "" } : target, caller, {
    operation: "DELETE",
    object: undefined,
    oldObject: await readCopy(resource, entry),
    options,
    optionsKind: "DeleteOptions",
  });
  await parts.admission.mutate(attributes);
  await parts.admission.validate(attributes);

  const outcome = mark(object, options, rules);
  if (outcome === "pending") return { body: rules.returnsDeleted ? object : success(target, object), gone: false };

  const stored = await toStorage(resource, object);
  if (outcome === "wait") {
    if (options.dryRun) return { body: object, gone: false };
    const written = sameAs(entry, stored) ? entry : table.put(stored, entry);
    object.metadata.resourceVersion = String(written.revision);
    return { body: object, gone: false };
  }
  if (!options.dryRun) {
    // A kind with a grace period is marked before it goes, and watchers see both.
    const removed = table.remove(rules.gracePeriod ? table.put(stored, entry) : entry, stored);
    object.metadata.resourceVersion = String(removed.revision);
  }
  return { body: rules.returnsDeleted ? object : success(target, object), gone: true };
}

function checkPreconditions(target: Target, object: KubeObject, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const named = { group: target.resource.group, plural: target.resource.kind };
  if (uid !== undefined && uid !== object.metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(named, target.name, why);
  }
  if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${object.metadata.resourceVersion}). The object might have been modified`;
    throw conflict(named, target.name, why);
  }
}

/** Marks the object as the options ask, after `rest.BeforeDelete` and the generic store. */
function mark(object: KubeObject, options: DeleteOptions, rules: KindRules): "remove" | "wait" | "pending" {
  const { metadata } = object;
  const now = new Date();
  let graceful = false;
  if (rules.gracePeriod) {
    const asked = options.gracePeriodSeconds !== undefined && options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds;
    if (metadata.deletionTimestamp) {
      const left = metadata.deletionGracePeriodSeconds ?? 0;
      if (left > 0) {
        if (asked === undefined || asked >= left) return "pending";
        shorten(object, asked, left, now);
        graceful = true;
      }
    } else {
      const period = rules.gracePeriod(object, asked);
      metadata.deletionTimestamp = timestamp(new Date(now.getTime() + period * 1000));
      metadata.deletionGracePeriodSeconds = period;
      if (metadata.generation) metadata.generation++;
      graceful = true;
    }
  }

  if (rules.beforeDelete && keep(object, rules, now)) return "wait";

  const finalizers = collectionFinalizers(metadata.finalizers ?? [], options, rules);
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;

  if (graceful) return finalizers.length > 0 || (metadata.deletionGracePeriodSeconds ?? 0) > 0 ? "wait" : "remove";
  if (finalizers.length > 0) {
    if (!metadata.deletionTimestamp && metadata.generation) metadata.generation++;
    if (!metadata.deletionTimestamp || Date.parse(metadata.deletionTimestamp) > now.getTime()) metadata.deletionTimestamp = timestamp(now);
    metadata.deletionGracePeriodSeconds = 0;
    return "wait";
  }
  return "remove";
}

/** Kinds that end by themselves (namespaces): marked, and kept until their own finalizers are gone. */
function keep(object: KubeObject, rules: KindRules, now: Date): boolean {
  const { metadata } = object;
  if (!metadata.deletionTimestamp) metadata.deletionTimestamp = timestamp(now);
  return rules.beforeDelete!(object) === "keep";
}

function shorten(object: KubeObject, asked: number, left: number, now: Date): void {
  const { metadata } = object;
  const requested = Date.parse(metadata.deletionTimestamp!) - left * 1000;
  const moved = requested + asked * 1000;
  const past = moved < now.getTime();
  metadata.deletionTimestamp = timestamp(past ? now : new Date(moved));
  metadata.deletionGracePeriodSeconds = past && asked !== 0 ? 1 : asked;
}

/** What the garbage collector has to do before the object may go, as finalizers. */
function collectionFinalizers(finalizers: readonly string[], options: DeleteOptions, rules: KindRules): string[] {
  const others = finalizers.filter((one) => one !== orphanFinalizer && one !== foregroundFinalizer);
  if (rules.collection === "None") return others;
  const { orphanDependents, propagationPolicy } = options;
  let wanted: string | undefined;
  if (orphanDependents !== undefined) wanted = orphanDependents ? orphanFinalizer : undefined;
  else if (propagationPolicy === "Orphan") wanted = orphanFinalizer;
  else if (propagationPolicy === "Foreground") wanted = foregroundFinalizer;
  else if (propagationPolicy === undefined) {
    wanted = finalizers.find((one) => one === orphanFinalizer || one === foregroundFinalizer);
    if (!wanted && rules.collection === "Orphan") wanted = orphanFinalizer;
  }
  return wanted ? [...others, wanted] : others;
}

function sameAs(entry: Entry, object: KubeObject): boolean {
  return JSON.stringify(entry.object) === JSON.stringify(object);
}

function success(target: Target, object: KubeObject): Status {
  const { resource } = target;
  const details: Status["details"] = { name: object.metadata.name ?? "", kind: resource.plural };
  if (resource.group) details.group = resource.group;
  if (object.metadata.uid) details.uid = object.metadata.uid;
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
}
