import type { KubeObject } from "@outrigger/kit/api";
import { type Entry, StaleEntryError, type Table } from "../store/index.ts";
import { attributesFor, mutate } from "./admit.ts";
import type { Caller, RegistryParts, Target, WriteOptions } from "./context.ts";
import { alreadyExists, invalid, plainError } from "./errors.ts";
import { trackFields } from "./managed-fields.ts";
import { dedupeOwnerReferences, fillSystemFields, generatedName, settleNamespace, wipeSystemFields } from "./metadata.ts";
import { kindRules } from "./rules/index.ts";
import { fromStorage, tableOf, toStorage } from "./versions.ts";

/** What a write answers with: the object, and the entry when what is stored is exactly that. */
export interface Written {
  readonly object: KubeObject;
  readonly entry?: Entry;
  readonly created: boolean;
}

/** How often a taken generated name is replaced: `maxNameGenerationCreateAttempts` of the apiserver. */
const nameAttempts = 8;

/**
 * Creates an object that was decoded, pruned and defaulted.
 *
 * @throws StatusError with the refusal.
 */
export async function createObject(
  parts: RegistryParts,
  target: Target,
  caller: Caller,
  object: KubeObject,
  options: WriteOptions,
): Promise<Written> {
  wipeSystemFields(object.metadata);
  settleNamespace(object, target.resource, target.namespace);
  dedupeOwnerReferences(object.metadata, caller.warn);
  trackFields(target, undefined, object, caller, options);
  return storeNew(parts, { ...target, name: target.name || (object.metadata.name ?? "") }, caller, object, options);
}

/** The second half of a create, also of an apply or an update that creates: admission, validation, the store. */
export async function storeNew(
  parts: RegistryParts,
  target: Target,
  caller: Caller,
  decoded: KubeObject,
  options: WriteOptions,
): Promise<Written> {
  const { resource } = target;
  const rules = kindRules(resource.group, resource.plural, resource.custom);
  const attributes = attributesFor(target, caller, {
    operation: "CREATE",
    object: decoded,
    oldObject: undefined,
    options,
    optionsKind: "CreateOptions",
  });
  const object = await mutate(parts, attributes);
  dedupeOwnerReferences(object.metadata, caller.warn);

  const generated = !object.metadata.name && !!object.metadata.generateName;
  fillSystemFields(object.metadata);
  const context = { user: caller.user, reader: parts.reader, warn: caller.warn };
  resource.strategy.prepareForCreate(object);
  rules.prepareForCreate?.(object, context);
  if (resource.row?.generation) object.metadata.generation = 1;

  for (let attempt = 1; ; attempt++) {
    const name = object.metadata.name ?? "";
    const causes = [...resource.strategy.validate(object), ...(rules.validate?.(object, undefined, "") ?? [])];
    if (causes.length > 0) throw invalid({ group: resource.group, kind: object.kind }, name, causes);
    const refusals = rules.allocate?.(object, undefined, context) ?? [];
    if (refusals.length > 0) throw invalid(resource, name, refusals);
    for (const warning of resource.strategy.warnings(object)) caller.warn(warning);

    await parts.admission.validate({ ...attributes, name, object });
    if (object.metadata.resourceVersion) throw plainError("resourceVersion should not be set on objects to be created");

    const table = tableOf(parts.store, resource.group, resource.plural);
    const existing = table.get(object.metadata.namespace ?? "", name);
    if (existing) {
      if (generated && attempt < nameAttempts) {
        object.metadata.name = generatedName(object.metadata.generateName!);
        continue;
      }
      throw taken(target, existing, name);
    }
    const stored = await toStorage(resource, object);
    const answer = await fromStorage(resource, object, stored);
    if (options.dryRun) return { object: answer, created: true };
    return { ...put(table, target, stored, answer, name), created: true };
  }
}

function put(table: Table, target: Target, stored: KubeObject, object: KubeObject, name: string): { object: KubeObject; entry: Entry } {
  try {
    const entry = table.put(stored, undefined);
    object.metadata.resourceVersion = String(entry.revision);
    return { object, entry };
  } catch (error) {
    if (error instanceof StaleEntryError && error.current) throw taken(target, error.current, name);
    throw error;
  }
}

function taken(target: Target, existing: Entry, name: string): Error {
  return alreadyExists(target.resource, name, existing.object.metadata.deletionTimestamp ? "object is being deleted: " : "");
}
