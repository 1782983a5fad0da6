import type { KubeObject } from "@outrigger/kit/api";
import { normalize } from "@outrigger/machinery/kinds";
import { updateManagedFields } from "@outrigger/machinery/patch";
import type { Caller, Target, WriteOptions } from "./context.ts";
import type { ServedResource } from "./contracts.ts";
import { apiVersionOf } from "./versions.ts";

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

const empties = new WeakMap<ServedResource, KubeObject>();

/** What Go makes of a kind with nothing in it: fields that are there from the start belong to nobody. */
function emptyObject(resource: ServedResource): KubeObject {
  let empty = empties.get(resource);
  if (!empty) {
    empty = { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata: {} };
    if (resource.row) normalize(resource.row.schema, empty);
    empties.set(resource, empty);
  }
  return empty;
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
    ...(before === undefined ? { empty: emptyObject(target.resource) } : {}),
    now: new Date(),
  });
  if (managedFields.length > 0) after.metadata.managedFields = managedFields;
  else delete after.metadata.managedFields;
}
