/**
 * A typed client of one cluster as one identity, over long-lived connections.
 *
 * Guarantees
 * - One pool of keep-alive connections per client, and a second one for watches, so that watches never hold up requests.
 * - Objects are what the server sent, parsed once: no serializer, no field lost.
 * - Every refusal is a `StatusError` of the class that goes with its reason; every failure on the way is a `ConnectionError`.
 * - 429 with Retry-After is waited out and tried again, at most 10 times; the wait ends with the request's signal.
 * - `connect` reads the kubeconfig at once and names the file and the field of what is wrong with it.
 *
 * Caveats
 * - Nothing is throttled on this side: API priority and fairness on the server is what protects it.
 * - A write that broke off with a `ConnectionError` may have happened: read before writing again.
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
