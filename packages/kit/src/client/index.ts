/**
 * A typed client of one cluster as one identity, over long-lived connections.
 *
 * Guarantees
 * - One pool of keep-alive connections per client, and a second one for watches and logs, so that those never hold up
 *   requests. Beyond `maxConnections` requests wait for their turn.
 * - Objects are what the server sent, parsed once: no serializer, no field lost.
 * - Every refusal is a `StatusError` of the class that goes with its reason; every failure on the way is a
 *   `ConnectionError`, which for the common causes names the file and the field to look at.
 * - 429 and 5xx with Retry-After are waited out and tried again, at most 10 times; the wait ends with the request's signal.
 * - A read whose connection broke is made again, once; a write never is.
 * - A stream gives whole lines in order; while its reader is slow the server waits, and memory does not grow.
 * - A request whose signal ends rejects with the signal's reason, whether it waits for a connection, an answer or an event.
 * - Credentials that end are renewed before they do, and after a 401, once for all requests that wait.
 * - Each warning of the server is passed on once.
 * - `connect` reads the kubeconfig at once, and names the file and the field of what is wrong with it (`KubeconfigError`).
 *
 * Assumptions
 * - What is in the kubeconfig may be trusted: a plugin is a program that is run.
 *
 * Caveats
 * - Nothing is throttled on this side: API priority and fairness on the server is what protects it.
 * - A write that broke off with a `ConnectionError` may have happened: read before writing again.
 * - Renewed OIDC tokens are written back to the kubeconfig; where that fails, a process warning says so.
 */

export type { ClusterAccess, Credentials, Impersonation, Place } from "./access.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export type {
  ApplyOptions,
  Client,
  DeleteOptions,
  DiscoveredResource,
  GetOptions,
  ListOptions,
  LogOptions,
  ObjectList,
  PageOptions,
  PatchBody,
  ServiceAccountToken,
  TokenOptions,
  Transport,
  TransportRequest,
  TransportResponse,
  WarningHandler,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./contract.ts";
export {
  AlreadyExistsError,
  BadRequestError,
  ConflictError,
  ConnectionError,
  ExpiredError,
  type FailedRequest,
  ForbiddenError,
  InternalServerError,
  InvalidError,
  KubeconfigError,
  MethodNotAllowedError,
  NotAcceptableError,
  NotFoundError,
  RequestTooLargeError,
  ServerTimeoutError,
  ServiceUnavailableError,
  StatusError,
  TooManyRequestsError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
} from "./errors.ts";
export type { ExecCredentialSource } from "./exec-source.ts";
export { loadKubeconfig } from "./kubeconfig.ts";
export type { KubeconfigOptions } from "./kubeconfig-files.ts";
export { type NetworkOptions, networkTransport } from "./network.ts";
export type { OidcSource } from "./oidc-source.ts";
export { type DynamicResource, dynamicResource, resourcePath } from "./path.ts";
