import type { Status } from "../api/index.ts";
import type { TransportResponse } from "./contract.ts";
import { ConnectionError, type FailedRequest, StatusError } from "./errors.ts";

/** Parses an answer's body. A body that breaks off is a failure of the connection, not of the server. */
export function parseBody(text: string, request: FailedRequest): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConnectionError(
      `${request.method} ${request.path}: the answer is not whole JSON (${text.length} characters)`,
      "TRUNCATED",
      cause,
    );
  }
}

/** The error for an answer that is not 2xx, whether or not its body is a Status. */
export function refusalOf(response: TransportResponse, text: string, { method, path }: FailedRequest): StatusError {
  // Not the request as it is: its body may hold secrets, and errors are logged.
  const request = { method, path };
  let status: Status | undefined;
  try {
    const body = JSON.parse(text) as Status;
    if (body?.kind === "Status") status = body;
  } catch {}
  status ??= {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `${request.method} ${request.path}: HTTP ${response.status}${text ? `: ${text.trim().slice(0, 500)}` : ""}`,
    code: response.status,
  };
  const seconds = retryAfterSeconds(response);
  if (seconds !== undefined && !status.details?.retryAfterSeconds)
    status = { ...status, details: { ...status.details, retryAfterSeconds: seconds } };
  return StatusError.from(status.code === undefined ? { ...status, code: response.status } : status, request);
}

/** Seconds of a Retry-After header; undefined without one, or when it holds a date (Kubernetes sends none). */
export function retryAfterSeconds(response: TransportResponse): number | undefined {
  const value = response.headers["retry-after"];
  const seconds = typeof value === "string" && value !== "" ? Number(value) : Number.NaN;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
}
