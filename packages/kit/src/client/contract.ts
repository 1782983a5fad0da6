import type { Desired, GroupVersionResource, KubeObject, ObjectKey, Observed, Resource, Status } from "../api/index.ts";

/**
 * How requests reach an API server. Over the network it is a pool of keep-alive TLS connections; the devcluster gives
 * one that calls its server in the same process.
 */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  close(): Promise<void>;
}
export interface TransportRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** The answer is a stream that may stay silent for long: no body timeout applies and `lines` is used. */
  readonly stream?: boolean;
}
export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  text(): Promise<string>;
  /** The body line by line, as it comes; ends when the server ends it, throws when the connection breaks. */
  lines(): AsyncIterable<string>;
}

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
export interface WatchOptions extends ListOptions {
  readonly timeoutSeconds?: number;
  readonly allowBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
}
export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly fieldValidation?: "Strict" | "Warn" | "Ignore";
  /** `status`, `scale`, `binding`, `eviction`, … */
  readonly subresource?: string;
  readonly signal?: AbortSignal;
}
export interface ApplyOptions extends WriteOptions {
  readonly force?: boolean;
}
export interface DeleteOptions extends Omit<WriteOptions, "subresource" | "fieldManager" | "fieldValidation"> {
  /** Seconds. */
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Background" | "Foreground" | "Orphan";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}
export interface ObjectList<T> {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
  readonly items: readonly T[];
}
export type WatchEvent<T> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string; readonly initialEventsEnd: boolean };

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
 */
export interface Client {
  get<R extends Resource>(
    resource: R,
    key: ObjectKey,
    options?: { readonly resourceVersion?: string; readonly subresource?: string; readonly signal?: AbortSignal },
  ): Promise<Observed<R>>;
  /** As `get`, but `undefined` where there is none. */
  find<R extends Resource>(resource: R, key: ObjectKey, options?: { readonly signal?: AbortSignal }): Promise<Observed<R> | undefined>;
  list<R extends Resource>(resource: R, options?: ListOptions): Promise<ObjectList<Observed<R>>>;
  /** All objects, page by page (500 at a time unless `limit` says otherwise). */
  pages<R extends Resource>(resource: R, options?: ListOptions): AsyncIterable<ObjectList<Observed<R>>>;
  /** One watch, until the server ends it. An ERROR event is thrown as its `StatusError`. */
  watch<R extends Resource>(resource: R, options?: WatchOptions): AsyncIterable<WatchEvent<Observed<R>>>;
  create<R extends Resource>(resource: R, object: Desired<R>, options?: WriteOptions): Promise<Observed<R>>;
  update<R extends Resource>(resource: R, object: Observed<R>, options?: WriteOptions): Promise<Observed<R>>;
  patch<R extends Resource>(resource: R, key: ObjectKey, body: PatchBody, options?: WriteOptions): Promise<Observed<R>>;
  /** Server-side apply; `fieldManager` defaults to the client's. */
  apply<R extends Resource>(resource: R, object: Desired<R>, options?: ApplyOptions): Promise<Observed<R>>;
  delete<R extends Resource>(resource: R, key: ObjectKey, options?: DeleteOptions): Promise<KubeObject | Status>;
  deleteCollection<R extends Resource>(resource: R, options?: ListOptions & DeleteOptions): Promise<void>;
  /** Any request, for what has no method here; throws as the others do. */
  request(request: TransportRequest): Promise<unknown>;
  /** Every resource that the server offers, by discovery: for garbage collection, `kubectl apply -f`-like work. */
  discover(options?: { readonly signal?: AbortSignal }): Promise<readonly DiscoveredResource[]>;
  readonly transport: Transport;
  /** The namespace of namespaced objects that name none: the kubeconfig context's, else `default`. */
  readonly namespace: string;
  close(): Promise<void>;
}

export interface DiscoveredResource extends GroupVersionResource {
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** The group's preferred version. */
  readonly preferred: boolean;
}
