import type { Cause, Status } from "../api/index.ts";

/** The request that failed, for the message. */
export interface FailedRequest {
  readonly method: string;
  readonly path: string;
}

/**
 * The server refused. The message is the server's own; `status` is the whole `metav1.Status`.
 *
 * `StatusError.from` gives the subclass that goes with the reason, so that callers can write
 * `catch (error) { if (error instanceof NotFoundError) … }`.
 */
export class StatusError extends Error {
  override readonly name: string = "StatusError";
  readonly code: string = "ERR_STATUS";
  readonly status: Status;
  /** The request that was refused; absent where the error was made by a server rather than received. */
  readonly request: FailedRequest | undefined;

  constructor(status: Status, request?: FailedRequest) {
    super(status.message ?? status.reason ?? `HTTP ${status.code ?? 0}`);
    this.status = status;
    this.request = request;
  }

  /** HTTP status code, 500 when the server gave none. */
  get statusCode(): number {
    return this.status.code ?? 500;
  }
  /** The machine-readable reason (`metav1.StatusReason`), "" when unknown. */
  get reason(): string {
    return this.status.reason ?? "";
  }
  /** What is wrong, field by field (`Invalid`), or why (`Timeout`: `ResourceVersionTooLarge`). */
  get causes(): readonly Cause[] {
    return this.status.details?.causes ?? [];
  }
  /** How long the server asks to wait before another try, in milliseconds. */
  get retryAfterMs(): number | undefined {
    const seconds = this.status.details?.retryAfterSeconds;
    return seconds ? seconds * 1000 : undefined;
  }

  /** The error of the class that goes with the status's reason, or with its code where it has none. */
  static from(status: Status, request?: FailedRequest): StatusError {
    const Class = BY_REASON[status.reason ?? ""] ?? (status.reason ? undefined : BY_CODE[status.code ?? 0]) ?? StatusError;
    return new Class(status, request);
  }
}

/** 404: no such object, or no such resource. */
export class NotFoundError extends StatusError {
  override readonly name = "NotFoundError";
  override readonly code = "ERR_NOT_FOUND";
}
/** 409: the object exists already. */
export class AlreadyExistsError extends StatusError {
  override readonly name = "AlreadyExistsError";
  override readonly code = "ERR_ALREADY_EXISTS";
}
/** 409: the object changed since it was read, or (apply) another manager owns a field. Read again, or force. */
export class ConflictError extends StatusError {
  override readonly name = "ConflictError";
  override readonly code = "ERR_CONFLICT";

  /** Of a refused apply: who owns the fields that it would change, by manager (`kubectl`, …), each with the fields' paths. Empty otherwise. */
  get managers(): ReadonlyMap<string, readonly string[]> {
    const managers = new Map<string, string[]>();
    for (const { reason, message, field = "" } of this.causes) {
      const manager = reason === "FieldManagerConflict" ? /"((?:[^"\\]|\\.)*)"/.exec(message)?.[1] : undefined;
      if (manager === undefined) continue;
      managers.set(manager, [...(managers.get(manager) ?? []), field]);
    }
    return managers;
  }
}
/** 422: the object breaks rules; `causes` says which, by field. */
export class InvalidError extends StatusError {
  override readonly name = "InvalidError";
  override readonly code = "ERR_INVALID";
}
/** 400: the request itself is wrong. */
export class BadRequestError extends StatusError {
  override readonly name = "BadRequestError";
  override readonly code = "ERR_BAD_REQUEST";
}
/** 401: the server does not know who asks. */
export class UnauthorizedError extends StatusError {
  override readonly name = "UnauthorizedError";
  override readonly code = "ERR_UNAUTHORIZED";
}
/** 403: not allowed, by RBAC, quota or an admission plug-in. */
export class ForbiddenError extends StatusError {
  override readonly name = "ForbiddenError";
  override readonly code = "ERR_FORBIDDEN";
}
/** 410: the resource version, or the continue token, is too old: list again. */
export class ExpiredError extends StatusError {
  override readonly name = "ExpiredError";
  override readonly code = "ERR_EXPIRED";
}
/** 429, after the retries that the client makes by itself. */
export class TooManyRequestsError extends StatusError {
  override readonly name = "TooManyRequestsError";
  override readonly code = "ERR_TOO_MANY_REQUESTS";
}
/** 405: the resource has no such verb. */
export class MethodNotAllowedError extends StatusError {
  override readonly name = "MethodNotAllowedError";
  override readonly code = "ERR_METHOD_NOT_ALLOWED";
}
/** 406: the server cannot answer in the form asked for (as a `PartialObjectMetadata` of what has no metadata). */
export class NotAcceptableError extends StatusError {
  override readonly name = "NotAcceptableError";
  override readonly code = "ERR_NOT_ACCEPTABLE";
}
/** 413: the object is larger than the server takes (3 MiB), or than its store does (1.5 MiB). */
export class RequestTooLargeError extends StatusError {
  override readonly name = "RequestTooLargeError";
  override readonly code = "ERR_REQUEST_TOO_LARGE";
}
/** 415: the server does not read this kind of body (as strategic merge patches of custom resources). */
export class UnsupportedMediaTypeError extends StatusError {
  override readonly name = "UnsupportedMediaTypeError";
  override readonly code = "ERR_UNSUPPORTED_MEDIA_TYPE";
}
/** 504: the server gave up in time; with cause `ResourceVersionTooLarge` it has not reached the version asked for. */
export class ServerTimeoutError extends StatusError {
  override readonly name = "ServerTimeoutError";
  override readonly code = "ERR_SERVER_TIMEOUT";
}
/** 503: nobody serves this at the moment. */
export class ServiceUnavailableError extends StatusError {
  override readonly name = "ServiceUnavailableError";
  override readonly code = "ERR_SERVICE_UNAVAILABLE";
}
/** 500: an error inside the server, or of a webhook that it called. */
export class InternalServerError extends StatusError {
  override readonly name = "InternalServerError";
  override readonly code = "ERR_INTERNAL";
}

type StatusErrorClass = new (status: Status, request?: FailedRequest) => StatusError;
// The reasons of `k8s.io/apimachinery/pkg/apis/meta/v1`, StatusReason.
const BY_REASON: Readonly<Record<string, StatusErrorClass>> = {
  NotFound: NotFoundError,
  AlreadyExists: AlreadyExistsError,
  Conflict: ConflictError,
  Invalid: InvalidError,
  BadRequest: BadRequestError,
  Unauthorized: UnauthorizedError,
  Forbidden: ForbiddenError,
  Expired: ExpiredError,
  Gone: ExpiredError,
  TooManyRequests: TooManyRequestsError,
  MethodNotAllowed: MethodNotAllowedError,
  NotAcceptable: NotAcceptableError,
  RequestEntityTooLarge: RequestTooLargeError,
  UnsupportedMediaType: UnsupportedMediaTypeError,
  Timeout: ServerTimeoutError,
  ServerTimeout: ServerTimeoutError,
  ServiceUnavailable: ServiceUnavailableError,
  InternalError: InternalServerError,
  // The object is there and cannot be decrypted or decoded.
  StorageReadError: InternalServerError,
};
const BY_CODE: Readonly<Record<number, StatusErrorClass>> = {
  400: BadRequestError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  405: MethodNotAllowedError,
  406: NotAcceptableError,
  409: ConflictError,
  410: ExpiredError,
  413: RequestTooLargeError,
  415: UnsupportedMediaTypeError,
  422: InvalidError,
  429: TooManyRequestsError,
  500: InternalServerError,
  503: ServiceUnavailableError,
  504: ServerTimeoutError,
};

/** The server was not reached, or the connection broke. `reason` is the system's code where there is one: `ECONNREFUSED`, `ECONNRESET`, … */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code = "ERR_CONNECTION";
  readonly reason: string;
  /** The file, and the field in it, that say where to go or whom to trust: the first place to look. */
  readonly place: { readonly file: string; readonly field: string } | undefined;
  constructor(message: string, reason: string, cause?: unknown, place?: { readonly file: string; readonly field: string }) {
    super(place ? `${message} (${place.file}: ${place.field})` : message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.place = place;
  }
}

/** A kubeconfig that cannot be used; the message names the file and the field. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
  readonly code = "ERR_KUBECONFIG";
  /** The file, or what stands for it (`KUBECONFIG text`, `in-cluster`). */
  readonly file: string;
  /** The field's path, as `users[alice].user.client-key-data`; "" when the file as a whole is meant. */
  readonly field: string;
  constructor(file: string, field: string, problem: string, cause?: unknown) {
    super(field ? `${file}: ${field}: ${problem}` : `${file}: ${problem}`, cause === undefined ? undefined : { cause });
    this.file = file;
    this.field = field;
  }
}
