import type { Desired, GroupVersionResource, KubeObject, ObjectKey, Observed, Resource, Status } from "../api/index.ts";
import type { autoscalingV1 } from "../kubernetes/index.ts";

/**
 * How requests reach an API server. Over the network it is a pool of keep-alive TLS connections; the devcluster gives
 * one that calls its server in the same process.
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  close(): Promise<void>;
}
/** One request as a transport sends it. */
export interface TransportRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** The answer is a stream that may stay silent for as long as it likes, before its first byte too, to be read with `lines`: only `signal` ends the wait. It has a connection of its own. A refusal must come as any other answer must. */
  readonly stream?: boolean;
  /** Of a stream that is answered at once, though it may have nothing to tell yet, as a watch: the headers must come in the time of any other answer. */
  readonly promptHeaders?: boolean;
}
/** One response as a transport hands it over. */
export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  text(): Promise<string>;
  /** The body line by line, as it comes; ends when the server ends it, throws when the connection breaks. */
  lines(): AsyncIterable<string>;
}

/** How one object is read. */
export interface GetOptions {
  readonly resourceVersion?: string;
  /** `status`, `scale`, … */
  readonly subresource?: string;
  /** Ask for `PartialObjectMetadata`: apiVersion, kind and metadata alone. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}
/** Which objects a list has, and how fresh it is. */
export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan";
  /** Ask for `PartialObjectMetadata`: apiVersion, kind and metadata alone. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}
/** Which objects are read, and how many a page. */
export interface PageOptions extends ListOptions {
  /**
   * When the continue token expires half-way (after 5 minutes at most), go on with the rest as it is by then, instead of
   * throwing `ExpiredError`: every object that was there all the time comes once, but no longer all from one moment.
   */
  readonly inconsistent?: boolean;
}
/** Which changes a watch sends, and from when. */
export interface WatchOptions extends ListOptions {
  /** Until the server ends the watch. */
  readonly timeoutSeconds?: number;
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  /** Called when the server has begun to answer, after whatever it took to reach it, or to wait as it asked to. */
  readonly onOpen?: () => void;
}
/** How an object is written. */
export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  /** `status`, `scale`, `binding`, `eviction`, … */
  readonly subresource?: string;
  readonly signal?: AbortSignal;
  /** How often a write is made again that the server asks to make later (Retry-After). Default 10; of evictions, none. */
  readonly maxRetries?: number;
}
/** How an object is applied. */
export interface ApplyOptions extends WriteOptions {
  readonly force?: boolean;
}
/** How an object is deleted, and what becomes of its dependents. */
export interface DeleteOptions extends Omit<WriteOptions, "subresource" | "fieldManager" | "fieldValidation"> {
  /** Seconds. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Delete even what cannot be read from the store any more, finalizers or not (Kubernetes 1.32; breaks what relies on them). */
  readonly ignoreStoreReadError?: boolean;
}
/** `v1.PodLogOptions`. */
export interface LogOptions {
  /** Needed where a pod has several. */
  readonly container?: string;
  /** Go on while the container runs. */
  readonly follow?: boolean;
  /** Of the run before the last restart. */
  readonly previous?: boolean;
  readonly sinceSeconds?: number;
  /** RFC 3339. */
  readonly sinceTime?: string;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
  readonly signal?: AbortSignal;
}
/** `authentication.k8s.io/v1.TokenRequestSpec`. */
export interface TokenOptions {
  readonly audiences?: readonly string[];
  /** Seconds, at least 600; the server may give another. */
  readonly expirationSeconds?: number;
  /** The token ends with this object. */
  readonly boundObjectRef?: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid?: string };
  readonly signal?: AbortSignal;
}
/** A token of a ServiceAccount, and when it expires. */
export interface ServiceAccountToken {
  readonly token: string;
  readonly expirationTimestamp: string;
}
/** A list of objects, and the resource version at which it was true. */
export interface ObjectList<T> {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
  readonly items: readonly T[];
}
/** One change, as a watch sends it. */
export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

/** A patch with its type. */
export type PatchBody =
  | { readonly type: "json"; readonly patch: readonly object[] }
  | { readonly type: "merge" | "strategic"; readonly patch: object };

/** Warnings that the server sent with an answer, deduplicated per client. */
export type WarningHandler = (text: string) => void;

/**
 * A typed client of one cluster as one identity.
 *
 * Every failure that the server explains is a `StatusError` (a subclass by reason: `NotFoundError`, `ConflictError`,
 * `AlreadyExistsError`, `InvalidError`, `ExpiredError`, `TooManyRequestsError`, …); every failure on the way is a
 * `ConnectionError`. 429 with Retry-After is waited out and retried (at most 10 times).
 *
 * Objects of a namespaced kind that name no namespace are meant to be in the client's own.
 */
export interface Client {
  get<R extends Resource>(resource: R, key: ObjectKey, options?: GetOptions): Promise<Observed<R>>;
  /** As `get`, but `undefined` where there is none. */
  find<R extends Resource>(resource: R, key: ObjectKey, options?: GetOptions): Promise<Observed<R> | undefined>;
  list<R extends Resource>(resource: R, options?: ListOptions): Promise<ObjectList<Observed<R>>>;
  /** All objects, page by page (500 at a time unless `limit` says otherwise). */
  pages<R extends Resource>(resource: R, options?: PageOptions): AsyncIterable<ObjectList<Observed<R>>>;
  /** One watch, until the server ends it. An ERROR event is thrown as its `StatusError`. */
  watch<R extends Resource>(resource: R, options?: WatchOptions): AsyncIterable<WatchEvent<Observed<R>>>;
  create<R extends Resource>(resource: R, object: Desired<R>, options?: WriteOptions): Promise<Observed<R>>;
  /** Replaces the object, or with `subresource: "status"` (`approval`, `finalize`, `resize`, `ephemeralcontainers`, …) that part of it. */
  update<R extends Resource>(resource: R, object: Observed<R>, options?: WriteOptions): Promise<Observed<R>>;
  patch<R extends Resource>(resource: R, key: ObjectKey, body: PatchBody, options?: WriteOptions): Promise<Observed<R>>;
  /** Server-side apply; `fieldManager` defaults to the client's. A field that another manager owns is a `ConflictError` naming it, unless `force`. */
  apply<R extends Resource>(resource: R, object: Desired<R>, options?: ApplyOptions): Promise<Observed<R>>;
  /** The object as it still is (it has finalizers, or a grace period), or a `Status` when it is gone. */
  delete<R extends Resource>(resource: R, key: ObjectKey, options?: DeleteOptions): Promise<KubeObject | Status>;
  deleteCollection<R extends Resource>(resource: R, options?: ListOptions & DeleteOptions): Promise<void>;

  /** The `scale` subresource: wanted and present replicas, and the selector of the pods. */
  getScale(resource: Resource, key: ObjectKey, options?: { readonly signal?: AbortSignal }): Promise<autoscalingV1.Scale>;
  scale(resource: Resource, key: ObjectKey, replicas: number, options?: Omit<WriteOptions, "subresource">): Promise<autoscalingV1.Scale>;
  /** Asks for a pod's eviction. While a disruption budget forbids it: `TooManyRequestsError` at once, no retry. */
  evict(pod: ObjectKey, options?: DeleteOptions): Promise<void>;
  /** Assigns a pod to a node, as schedulers do. */
  bind(pod: ObjectKey, nodeName: string, options?: Omit<WriteOptions, "subresource">): Promise<void>;
  /** A token of a service account (`token` subresource). */
  token(serviceAccount: ObjectKey, options?: TokenOptions): Promise<ServiceAccountToken>;
  /** A container's log, line by line. */
  logs(pod: ObjectKey, options?: LogOptions): AsyncIterable<string>;

  /** Any request, for what has no method here; throws as the others do. */
  request(request: TransportRequest): Promise<unknown>;
  /** Every resource that the server offers, by discovery: for garbage collection, `kubectl apply -f`-like work. */
  discover(options?: { readonly signal?: AbortSignal }): Promise<readonly DiscoveredResource[]>;
  readonly transport: Transport;
  /** The namespace of namespaced objects that name none: the kubeconfig context's, else `default`. */
  readonly namespace: string;
  close(): Promise<void>;
}

/** A resource as the API server's discovery names it. */
export interface DiscoveredResource extends GroupVersionResource {
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** The group's preferred version. */
  readonly preferred: boolean;
}
