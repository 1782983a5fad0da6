import type { KubeObject, Status } from "../../api/index.ts";
import type { SchemaNode } from "../../schema/index.ts";

export interface ApplyConfigurationRequest {
  /** What the server has; `undefined` creates. */
  readonly live: KubeObject | undefined;
  /** What the client sent, as decoded: no defaults filled in. */
  readonly config: KubeObject;
  /** The field manager (query parameter `fieldManager`). */
  readonly manager: string;
  /** The schema of the version in which `config` and `live` are written. */
  readonly schema: SchemaNode;
  /** Take conflicting fields over. */
  readonly force?: boolean;
  /** `status`, `scale`, … ; "" or absent for the object itself. */
  readonly subresource?: string;
  /** Fields that this endpoint never owns, as paths: `[["status"]]` for the object itself. */
  readonly resetFields?: readonly (readonly string[])[];
  /** Fills defaults in, in place; called on the merged object before managers' sets are compared with it. */
  readonly defaulted?: (object: KubeObject) => void;
  readonly now: Date;
}

/** A field that another manager owns with another value. */
export interface Conflict {
  /** The owner, as Kubernetes words it: `"kubectl-edit" using apps/v1`. */
  readonly manager: string;
  /** `.spec.template.spec.containers[name="app"].image` */
  readonly field: string;
}

export interface ApplyConfigurationResult {
  /** The merged object with its new managedFields; with conflicts, it must not be stored. */
  readonly object: KubeObject;
  readonly conflicts: readonly Conflict[];
}

/** @throws PatchError when the configuration is no valid one. */
export function applyConfiguration(_request: ApplyConfigurationRequest): ApplyConfigurationResult {
  throw new Error("not yet");
}

/** The 409 Status for the conflicts of an apply. */
export function conflictStatus(_conflicts: readonly Conflict[]): Status {
  throw new Error("not yet");
}
