import { isDeepStrictEqual } from "node:util";
import type { KubeObject, ManagedFieldsEntry } from "@outrigger/kit/api";
import { updateManagedFields } from "@outrigger/kit/patch";
import type { Caller, Target, WriteOptions } from "./context.ts";
import type { ServedResource } from "./contracts.ts";

/** Who owns what is written: the name given, or the first part of the user agent (`kubectl/v1.36.3 …` → `kubectl`). */
export function managerName(options: Pick<WriteOptions, "fieldManager">, caller: Pick<Caller, "userAgent">): string {
  const name = options.fieldManager || caller.userAgent.split("/")[0] || "unknown";
  return name.slice(0, 128);
}

/** What the path of a write cannot own, as paths of one field each. */
export function resetFields(resource: ServedResource, subresource: string): string[][] {
  if (subresource === "status") {
    return Object.keys(resource.schema.properties ?? {})
      .filter((field) => field !== "status" && field !== "metadata" && field !== "apiVersion" && field !== "kind")
      .map((field) => [field]);
  }
  const fields = resource.row?.resetFields ?? ("status" in resource.subresources ? ["status"] : []);
  return fields.map((field) => [field]);
}

/** Writes down in `after` who owns which of its fields, for any write but an apply. */
export function trackFields(
  target: Target,
  before: KubeObject | undefined,
  after: KubeObject,
  caller: Pick<Caller, "userAgent">,
  options: WriteOptions,
): void {
  const managedFields = updateManagedFields({
    before,
    after,
    manager: managerName(options, caller),
    operation: "Update",
    schema: target.resource.schema,
    subresource: target.subresource,
    resetFields: resetFields(target.resource, target.subresource),
    now: new Date(),
  });
  if (managedFields.length > 0) after.metadata.managedFields = managedFields;
  else delete after.metadata.managedFields;
}

/** A write that changed nothing but the times in its managedFields changed nothing. */
export function ignoreNewTimes(after: KubeObject, before: KubeObject): void {
  const now = after.metadata.managedFields;
  const old = before.metadata.managedFields;
  if (!now || !old || now.length !== old.length) return;
  const timeless = ({ time: _time, ...rest }: ManagedFieldsEntry): object => rest;
  if (!isDeepStrictEqual(now.map(timeless), old.map(timeless))) return;
  const { managedFields: _now, resourceVersion: _version, ...metadata } = after.metadata;
  const { managedFields: _old, resourceVersion: _before, ...oldMetadata } = before.metadata;
  if (!isDeepStrictEqual(metadata, oldMetadata)) return;
  const { metadata: _m, ...body } = after;
  const { metadata: _o, ...oldBody } = before;
  if (isDeepStrictEqual(body, oldBody)) after.metadata.managedFields = old;
}
