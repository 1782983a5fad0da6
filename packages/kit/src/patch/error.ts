/**
 * A patch that cannot be applied. `code` is the HTTP status with which an API server refuses it, `reason` the reason
 * of its Status, and the message Kubernetes' own.
 */
export class PatchError extends Error {
  override readonly name = "PatchError";
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.reason = reason;
  }

  /** 400: the patch itself is malformed. */
  static badRequest(message: string): PatchError {
    return new PatchError(400, "BadRequest", message);
  }

  /** 422: the patch is well formed, but does not fit the object. The API server words the Status itself. */
  static unprocessable(message: string): PatchError {
    return new PatchError(422, "Invalid", message);
  }

  /** 500: what Kubernetes answers where it has no better name for the failure. */
  static internal(message: string): PatchError {
    return new PatchError(500, "", message);
  }
}
