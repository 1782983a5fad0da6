import type { KubeObject, ManagedFieldsEntry } from "../../api/index.ts";
import type { SchemaNode } from "../../schema/index.ts";

export interface UpdateManagedFieldsRequest {
  /** What is stored; `undefined` for a create. Its managedFields are the ones to go on from, unless `after` clears them. */
  readonly before: KubeObject | undefined;
  /** What will be stored, defaults filled in, in the same version. */
  readonly after: KubeObject;
  readonly manager: string;
  readonly operation?: "Update";
  readonly schema: SchemaNode;
  readonly subresource?: string;
  /** Fields that this endpoint never owns, as paths: `[["status"]]` for the object itself. */
  readonly resetFields?: readonly (readonly string[])[];
  readonly now: Date;
}

/** The managedFields that `after` shall have. Changes nothing. */
export function updateManagedFields(request: UpdateManagedFieldsRequest): ManagedFieldsEntry[] {
  return [...(request.before?.metadata.managedFields ?? [])];
}
