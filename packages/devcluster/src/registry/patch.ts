import type { KubeObject } from "@outrigger/kit/api";
import {
  applyConfiguration,
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  conflictStatus,
  PatchError,
} from "@outrigger/machinery/patch";
import type { Caller, RegistryParts, Target, WriteOptions } from "./context.ts";
import type { Written } from "./create.ts";
import { DecodeError, decodeObject, type FindKind } from "./decode.ts";
import { badRequest, conflict, invalid, notFound, StatusError } from "./errors.ts";
import { resetFields, trackFields } from "./managed-fields.ts";
import { dedupeOwnerReferences, settleNamespace } from "./metadata.ts";
import { updateObject } from "./update.ts";

/** Media types of the four kinds of patch. */
export const patchTypes = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
} as const;
export type PatchType = (typeof patchTypes)[keyof typeof patchTypes];

export interface Patch {
  readonly type: PatchType;
  /** The body, parsed. */
  readonly body: unknown;
  /** What strict parsing of the patch itself minds: `duplicate field "data.a"`. */
  readonly strict: readonly string[];
}

/**
 * PATCH: applies the patch to the stored object and writes what came of it. An apply creates what is not there.
 *
 * @throws StatusError with the refusal.
 */
export async function patchObject(
  parts: RegistryParts,
  target: Target,
  caller: Caller,
  patch: Patch,
  options: WriteOptions,
  findKind: FindKind,
): Promise<Written> {
  const isApply = patch.type === patchTypes.apply;
  return updateObject(
    parts,
    target,
    caller,
    (current) => {
      const object = isApply
        ? applied(target, current, patch, caller, options, findKind)
        : patched(target, current, patch, caller, options, findKind);
      const given = object.metadata.name ?? "";
      if (given === "") throw badRequest(`the name of the object (${target.name} based on URL) was undeterminable: name must be provided`);
      settleNamespace(object, target.resource, target.namespace);
      if (given !== target.name) throw otherName(given, target);
      if (!current) refuseUid(object, target);
      return object;
    },
    options,
    { createMissing: isApply },
  );
}

/** JSON, merge and strategic merge patch of one object, which is then decoded like any body. */
export function patched(
  target: Target,
  current: KubeObject | undefined,
  patch: Patch,
  caller: Caller,
  options: WriteOptions,
  findKind: FindKind,
): KubeObject {
  const { resource } = target;
  if (!current) throw notFound(resource, target.name);
  let result: Record<string, unknown>;
  try {
    if (patch.type === patchTypes.json) result = applyJsonPatch(current, patch.body) as unknown as Record<string, unknown>;
    else if (patch.type === patchTypes.merge) result = applyMergePatch(current, patch.body) as unknown as Record<string, unknown>;
    else result = applyStrategicMergePatch(current, patch.body, resource.schema) as unknown as Record<string, unknown>;
  } catch (error) {
    throw patchRefusal(error);
  }
  if (result === current) result = structuredClone(result);
  const shown = patch.type === patchTypes.strategic ? goMap(patch.body) : patchedText(result, patch);
  try {
    const { object, strict } = decodeObject(resource, result, findKind);
    const all = [...patch.strict, ...strict];
    enforceFieldValidation(all, options, caller, () => new DecodeError(`strict decoding error: ${all.join(", ")}`));
    dedupeOwnerReferences(object.metadata, caller.warn);
    trackFields(target, current, object, caller, options);
    return object;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const why = patch.type === patchTypes.strategic ? converted(error.message) : error.message;
    const message = `Invalid value: ${JSON.stringify(shown)}: ${why}`;
    throw invalid({ group: "", kind: "" }, "", [{ reason: "FieldValueInvalid", message, field: "patch" }]);
  }
}

/** What is to be created has no uid yet: the one that is meant is gone. */
function refuseUid({ metadata: { uid = "" } }: KubeObject, { name, resource }: Target): void {
  if (uid !== "")
    throw conflict(resource, name, `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`);
}

function otherName(given: string, { name }: Target): StatusError {
  return badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
}

/** Refuses the request, warns, or ignores what strict decoding found, as `fieldValidation` says. */
function enforceFieldValidation(
  problems: readonly string[],
  { fieldValidation }: WriteOptions,
  caller: Caller,
  refusal: () => Error,
): void {
  if (problems.length > 0 && fieldValidation === "Strict") throw refusal();
  if (fieldValidation === "Warn") for (const text of problems) caller.warn(text);
}

/** Strategic merge uses apimachinery's in-memory converter, whose error texts differ. */
function converted(problem: string): string {
  const [, found, type] = /cannot unmarshal (\w+)(?: \S+)? into .* of type (\S+)$/.exec(problem) ?? [];
  if (found === "number" && type === "string") return "cannot convert int64 to string";
  return type === undefined ? problem : `unrecognized type: ${type}`;
}

function applied(
  target: Target,
  current: KubeObject | undefined,
  patch: Patch,
  caller: Caller,
  options: WriteOptions,
  findKind: FindKind,
): KubeObject {
  const { resource } = target;
  if (patch.strict.length > 0) {
    const text = `error strict decoding YAML: ${patch.strict.join(", ")}`;
    enforceFieldValidation([text], options, caller, () => badRequest(text));
  }
  const named = (patch.body as KubeObject | null)?.metadata?.name;
  if (named !== undefined && named !== target.name) throw otherName(named, target);
  try {
    const { object, conflicts } = applyConfiguration({
      live: current,
      config: patch.body as KubeObject,
      manager: options.fieldManager,
      schema: resource.schema,
      force: options.force,
      subresource: target.subresource,
      resetFields: resetFields(resource, target.subresource),
      now: new Date(),
    });
    if (conflicts.length > 0) throw StatusError.from(conflictStatus(conflicts));
    return decodeObject(resource, object === current ? structuredClone(object as never) : (object as never), findKind).object;
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(error.message);
    throw patchRefusal(error);
  }
}

/** The Status that goes with a patch that cannot be applied. */
export function patchRefusal(error: unknown): unknown {
  return error instanceof PatchError ? StatusError.from(error.status) : error;
}

/** The patched document as it stands in a refusal: maps that the patch touched come out sorted. */
function patchedText(result: Record<string, unknown>, patch: Patch): string {
  const sorted = (value: unknown, touched: unknown): unknown => {
    if (!isMap(value) || !isMap(touched)) return value;
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, sorted(value[key], touched[key])]),
    );
  };
  return JSON.stringify(sorted(result, patch.type === patchTypes.merge ? patch.body : {}));
}

/** How Go prints a map: `map[spec:map[replicas:3]]`. */
function goMap(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(goMap).join(" ")}]`;
  if (!isMap(value)) return String(value);
  return `map[${Object.keys(value)
    .sort()
    .map((key) => `${key}:${goMap(value[key])}`)
    .join(" ")}]`;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
