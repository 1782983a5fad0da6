import type { Cause, KubeObject, Status } from "@outrigger/kit/api";
import type { PatchOperation } from "../pod/index.ts";

/** The parts of an AdmissionRequest (`admission.k8s.io`) that our handlers read. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly subResource?: string;
  readonly name?: string;
  /** The request's namespace; a pod's own may be empty. */
  readonly namespace?: string;
  readonly object?: KubeObject | null;
  readonly oldObject?: KubeObject | null;
  readonly dryRun?: boolean;
  readonly [field: string]: unknown;
}

export type Answer = Allowed | Denied;

export interface Allowed {
  readonly allowed: true;
  /** Nothing when the object stays as it is. */
  readonly patch?: readonly PatchOperation[];
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

export interface Denied {
  readonly allowed: false;
  readonly status: Status;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** The 422 of an object and what is wrong with it, worded as the API server words its own. */
export function denied(group: string, kind: string, name: string, causes: readonly Cause[]): Denied {
  const details = causes.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`));
  const what = details.length === 1 ? details[0]! : `[${details.join(", ")}]`;
  return {
    allowed: false,
    status: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: `${group === "" ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid: ${what}`,
      reason: "Invalid",
      details: { name, ...(group === "" ? {} : { group }), kind, causes: [...causes] },
      code: 422,
    },
  };
}
