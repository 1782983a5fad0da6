import {
  BadRequestError,
  ConnectionError,
  ExpiredError,
  InvalidError,
  MethodNotAllowedError,
  NotAcceptableError,
  StatusError,
} from "../client/index.ts";

/** The server does not know how to do this, and will not learn it soon. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof InvalidError ||
    error instanceof BadRequestError ||
    error instanceof MethodNotAllowedError ||
    error instanceof NotAcceptableError
  );
}

/** The server no longer has, or does not have yet, the version that was asked for. */
export function isVersionGone(error: unknown): boolean {
  return (
    error instanceof ExpiredError ||
    (error instanceof StatusError && error.causes.some(({ reason }) => reason === "ResourceVersionTooLarge"))
  );
}

/** Reason of a request that this side ended because no answer had begun. */
export const UNANSWERED = "NO_ANSWER";

/** The server was reached, and did not begin to answer. */
export function isUnanswered(error: unknown): boolean {
  return error instanceof ConnectionError && (error.reason === "UND_ERR_HEADERS_TIMEOUT" || error.reason === UNANSWERED);
}
