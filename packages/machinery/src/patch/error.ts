import type { Status } from "@outrigger/kit/api";

/**
 * A patch that cannot be applied: the HTTP code and the reason with which an API server refuses it, and what is wrong
 * in words. `status` is the Status that Kubernetes answers, which for some failures says less than the message.
 */
export class PatchError extends Error {
  override readonly name = "PatchError";
  readonly code: number;
  /** "" where Kubernetes names none. */
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

  /** 422: the patch is well formed, but does not fit the object. Kubernetes keeps the particulars to itself. */
  static unprocessable(message: string): PatchError {
    return new PatchError(422, "Invalid", message);
  }

  /** 500: what Kubernetes answers where it has no better name for the failure. */
  static internal(message: string): PatchError {
    return new PatchError(500, "", message);
  }

  get status(): Status {
    const status: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: this.message, code: this.code };
    if (this.reason !== "") status.reason = this.reason;
    if (this.code === 422) {
      status.message = "the server rejected our request due to an error in our request";
      status.details = {};
    }
    return status;
  }
}
