import type { Cause, GroupVersionKind, GroupVersionResource, KubeObject, Status } from "../api/index.ts";
import type { JsonPatchOperation } from "../patch/index.ts";

/** Who asked the API server (`authentication.k8s.io/v1 UserInfo`). */
export interface ReviewUser {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What an API server asks (`admission.k8s.io/v1 AdmissionRequest`; v1beta1 has the same fields). */
export interface AdmissionRequest<T extends object = KubeObject> {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subResource?: string;
  /** What the client sent, where `kind` is an equivalent that the webhook asked for. */
  readonly requestKind?: GroupVersionKind;
  readonly requestResource?: GroupVersionResource;
  readonly requestSubResource?: string;
  /** Absent where the name is still to be generated. */
  readonly name?: string;
  /** Take the namespace from here: in a CREATE `object.metadata.namespace` may be empty. */
  readonly namespace?: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT";
  readonly userInfo?: ReviewUser;
  /** Absent or null for DELETE. */
  readonly object?: T | null;
  /** There for UPDATE and DELETE. */
  readonly oldObject?: T | null;
  /** The change will not be stored: have no side effects. */
  readonly dryRun?: boolean;
  readonly options?: Readonly<Record<string, unknown>> | null;
}

interface AnswerNotes {
  /** Shown to the user by kubectl; at most 120 characters each. */
  readonly warnings?: readonly string[];
  /** For the API server's audit log, and nowhere else. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}
/** Allowed; changed by `patch`, or into `object` (the patch is computed), or not at all. */
export interface Allowed extends AnswerNotes {
  readonly allowed: true;
  readonly patch?: readonly JsonPatchOperation[];
  readonly object?: object;
}
/** A denial: the request is refused with this status. */
export interface Denied extends AnswerNotes {
  readonly allowed: false;
  readonly status: Partial<Status>;
}
/** What an admission handler answers. */
export type AdmissionAnswer = Allowed | Denied;

/**
 * Thrown by a handler that cannot answer at the moment: the call fails (503), so that the configuration's `failurePolicy` decides,
 * which a refusal of the handler's own would pass over.
 */
export class UndecidedError extends Error {
  override readonly name = "UndecidedError";
  readonly code = "ERR_UNDECIDED";
}

/** Allows the request as it is. */
export function allow(notes: AnswerNotes = {}): Allowed {
  return { allowed: true, ...notes };
}

/** Allows the request with the object changed into `object`, from which `managedFields` are not taken. */
export function change(object: object, notes: AnswerNotes = {}): Allowed {
  return { allowed: true, object, ...notes };
}

/** Allows the request with these edits of the object as it was sent. No operation is no change. */
export function patch(operations: readonly JsonPatchOperation[], notes: AnswerNotes = {}): Allowed {
  return { allowed: true, patch: operations, ...notes };
}

/** Refuses the request. The API server puts `admission webhook "…" denied the request: ` before the message. 403 unless `code` says otherwise. */
export function deny(
  message: string,
  options: AnswerNotes & { readonly code?: number; readonly reason?: string; readonly causes?: readonly Cause[] } = {},
): Denied {
  const { code = 403, reason = code === 403 ? "Forbidden" : undefined, causes, ...notes } = options;
  return {
    allowed: false,
    status: {
      status: "Failure",
      message,
      code,
      ...(reason ? { reason } : {}),
      ...(causes?.length ? { details: { causes: [...causes] } } : {}),
    },
    ...notes,
  };
}

/** Refuses an object for what is wrong with it, field by field: 422 Invalid, as the API server's own validation does. */
export function invalid(causes: readonly Cause[], notes: AnswerNotes = {}): Denied {
  const texts = causes.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  return deny(texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`, { code: 422, reason: "Invalid", causes, ...notes });
}

/** What an API server asks of a conversion webhook (`apiextensions.k8s.io/v1 ConversionRequest`). */
export interface ConversionRequest {
  readonly uid: string;
  readonly desiredAPIVersion: string;
  readonly objects: readonly KubeObject[];
}
