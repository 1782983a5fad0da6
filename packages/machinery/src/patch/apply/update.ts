import type { KubeObject, ManagedFieldsEntry } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import { FieldSet, fieldElement } from "./field-set.ts";
import { NoPathElement, objectType } from "./field-type.ts";
import { capUpdaters, decodeManagers, encodeManagers, type Manager, type Managers, managerId, timestamp } from "./managers.ts";
import { disown } from "./ownership.ts";

export interface UpdateManagedFieldsRequest {
  /** What is stored; `undefined` for a create. */
  readonly before: KubeObject | undefined;
  /**
   * What will be stored, defaults filled in. Its managedFields are those that the client sent: `[]` and `[{}]` clear
   * them, none or broken ones leave the stored ones in force.
   */
  readonly after: KubeObject;
  /** The field manager, or what its user agent says before the first slash. "" counts as `unknown`. */
  readonly manager: string;
  readonly operation?: "Update";
  /** The version written; `after`'s own when absent. */
  readonly apiVersion?: string;
  readonly schema: SchemaNode;
  /** `status`, `scale`, …; "" or absent for the object itself. Through a subresource managedFields cannot be set. */
  readonly subresource?: string;
  /** Fields that this endpoint never owns, as paths: `[["status"]]` for the object itself. */
  readonly resetFields?: readonly (readonly string[])[];
  /**
   * For a create: what Kubernetes makes of an object of this kind with nothing in it. Its empty structs
   * (`spec.strategy: {}`) are there from the start and so belong to nobody. Metadata alone when absent.
   */
  readonly empty?: KubeObject;
  readonly now: Date;
}

/**
 * The managedFields of an object after a create, update or patch: the writer gets the fields that differ, all others
 * lose them (`apimachinery/pkg/util/managedfields`). Changes nothing.
 *
 * @returns `[]` where nothing is tracked: once cleared, tracking starts again with the next apply.
 */
export function updateManagedFields(request: UpdateManagedFieldsRequest): ManagedFieldsEntry[] {
  const { before, after, subresource = "" } = request;
  const managers = currentManagers(before, after, subresource);
  if (managers.size === 0 && before) return [];
  try {
    return encodeManagers(updated(request, managers));
  } catch (error) {
    // An object whose lists cannot be told apart is stored without managedFields, as in Kubernetes.
    if (error instanceof NoPathElement) return [];
    throw error;
  }
}

function currentManagers(before: KubeObject | undefined, after: KubeObject, subresource: string): Managers {
  const stored = decodeManagers(before?.metadata.managedFields ?? []) ?? new Map();
  const sent = after.metadata.managedFields;
  if (subresource !== "" || !sent) return stored;
  const clears = sent.length === 0 || (sent.length === 1 && Object.keys(sent[0] ?? {}).length === 0);
  if (clears) return new Map();
  const managers = decodeManagers(sent);
  return managers && managers.size > 0 ? managers : stored;
}

/** An identity that no manager has, so that a writer's own earlier fields are compared as anyone's. */
const WRITER = "current-operation";

/** The managers after a write; also how apply finds out about fields that nobody manages yet. */
export function updated(request: UpdateManagedFieldsRequest, current: Managers): Managers {
  const { before, after, schema, subresource = "", resetFields = [], now } = request;
  const start = before ?? request.empty ?? { apiVersion: after.apiVersion, kind: after.kind, metadata: {} };
  const type = objectType(schema);
  const ignored = pathSet(resetFields);
  const { managers, comparison } = disown(type, withoutManagers(start), withoutManagers(after), current, WRITER, ignored);
  const fields = comparison.modified.union(comparison.added).recursiveDifference(ignored).difference(SERVER_OWNED);
  if (!fields.empty) {
    const writer: Omit<Manager, "fields"> = {
      name: request.manager === "" ? "unknown" : request.manager,
      operation: "Update",
      apiVersion: request.apiVersion ?? after.apiVersion,
      subresource,
      time: timestamp(now),
    };
    const id = managerId(writer);
    const earlier = managers.get(id)?.fields;
    managers.set(id, { ...writer, fields: earlier ? fields.union(earlier) : fields });
  }
  capUpdaters(managers);
  return managers;
}

/** What no manager ever owns: the server sets these. */
export const SERVER_OWNED: FieldSet = pathSet([
  ["apiVersion"],
  ["kind"],
  ["metadata"],
  ...["name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields", "resourceVersion"].map(
    (field) => ["metadata", field],
  ),
]);

export function pathSet(paths: readonly (readonly string[])[]): FieldSet {
  return FieldSet.of(paths.map((path) => path.map(fieldElement)));
}

export function withoutManagers(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
