import type { Cause, Status } from "@outrigger/kit/api";
import { StatusError } from "@outrigger/kit/client";

export { StatusError };

/** What a refusal names: a resource, or (for Invalid) a kind. */
export interface Named {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}

/** `pods`, `deployments.apps` */
export function qualified(group: string, name: string): string {
  return group === "" ? name : `${name}.${group}`;
}

interface Refusal {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  readonly details?: Status["details"];
}

/** A refusal in Kubernetes' shape; the texts are those of `k8s.io/apimachinery/pkg/api/errors`. */
export function refusal({ code, reason, message, details }: Refusal): StatusError {
  const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message };
  if (reason !== undefined) status.reason = reason;
  if (details !== undefined) status.details = details;
  status.code = code;
  return StatusError.from(status);
}

function details(resource: Pick<Named, "group" | "plural">, name: string, more: Status["details"] = {}): Status["details"] {
  return { ...(name ? { name } : {}), ...(resource.group ? { group: resource.group } : {}), kind: resource.plural, ...more };
}

export function notFound(resource: Pick<Named, "group" | "plural">, name: string): StatusError {
  const message = `${qualified(resource.group, resource.plural)} ${JSON.stringify(name)} not found`;
  return refusal({ code: 404, reason: "NotFound", message, details: details(resource, name) });
}

export function alreadyExists(resource: Pick<Named, "group" | "plural">, name: string, prefix = ""): StatusError {
  const message = `${prefix}${qualified(resource.group, resource.plural)} ${JSON.stringify(name)} already exists`;
  return refusal({ code: 409, reason: "AlreadyExists", message, details: details(resource, name) });
}

export function conflict(resource: Pick<Named, "group" | "plural">, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(resource.group, resource.plural)} ${JSON.stringify(name)}: ${why}`;
  return refusal({ code: 409, reason: "Conflict", message, details: details(resource, name) });
}

export const modified = "the object has been modified; please apply your changes to the latest version and try again";

export function forbidden(resource: Pick<Named, "group" | "plural">, name: string, why: string, causes?: Cause[]): StatusError {
  const subject = qualified(resource.group, resource.plural);
  const message = name
    ? `${subject} ${JSON.stringify(name)} is forbidden: ${why}`
    : subject
      ? `${subject} is forbidden: ${why}`
      : `forbidden: ${why}`;
  const what = subject ? details(resource, name, causes ? { causes } : {}) : {};
  return refusal({ code: 403, reason: "Forbidden", message, details: what });
}

export function badRequest(message: string): StatusError {
  return refusal({ code: 400, reason: "BadRequest", message });
}

export function internal(message: string): StatusError {
  return refusal({
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message } as Cause] },
  });
}

/** An error that carries no reason of its own, as an unexpected Go error becomes one. */
export function plainError(message: string): StatusError {
  return refusal({ code: 500, message });
}

export function unauthorized(): StatusError {
  return refusal({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
}

export function noSuchResource(): StatusError {
  return refusal({ code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: {} });
}

export function methodNotAllowed(): StatusError {
  return refusal({
    code: 405,
    reason: "MethodNotAllowed",
    message: "the server does not allow this method on the requested resource",
    details: {},
  });
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`;
  return refusal({ code: 415, reason: "UnsupportedMediaType", message });
}

export function gone(message: string, metadata: Status["metadata"] = {}): StatusError {
  const error = refusal({ code: 410, reason: "Expired", message });
  return Object.keys(metadata).length === 0 ? error : StatusError.from({ ...error.status, metadata });
}

export function tooLargeResourceVersion(requested: number, current: number): StatusError {
  return refusal({
    code: 504,
    reason: "Timeout",
    message: `Timeout: Too large resource version: ${requested}, current: ${current}`,
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }], retryAfterSeconds: 1 },
  });
}

export function tooManyRequests(message: string, retryAfterSeconds: number, causes?: Cause[]): StatusError {
  return refusal({
    code: 429,
    reason: "TooManyRequests",
    message,
    details: { ...(causes ? { causes } : {}), ...(retryAfterSeconds > 0 ? { retryAfterSeconds } : {}) },
  });
}

export function invalid(what: { readonly group: string; readonly kind: string }, name: string, causes: readonly Cause[]): StatusError {
  const texts = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const message = `${qualified(what.group, what.kind)} ${JSON.stringify(name)} is invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(", ")}]`}`;
  return refusal({
    code: 422,
    reason: "Invalid",
    message,
    details: {
      ...(name ? { name } : {}),
      ...(what.group ? { group: what.group } : {}),
      ...(what.kind ? { kind: what.kind } : {}),
      causes: causes.map(({ reason, message, field }) => ({ reason, message, ...(field === undefined ? {} : { field }) })),
    },
  });
}

/** The refusal of request options, which are objects of the group `meta.k8s.io`. */
export function invalidOptions(kind: string, causes: readonly Cause[]): StatusError {
  return invalid({ group: "meta.k8s.io", kind }, "", causes);
}
