import type { Desired, KubeObject, ObjectKey, Observed, Resource, Status } from "../api/index.ts";
import type { autoscalingV1 } from "../kubernetes/index.ts";
import { parseBody } from "./answer.ts";
import { bindingBody, deleteBody, evictionBody, PODS, SERVICE_ACCOUNTS, tokenBody } from "./bodies.ts";
import type {
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
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./contract.ts";
import { discover } from "./discovery.ts";
import { ExpiredError, NotFoundError, StatusError } from "./errors.ts";
import { METADATA, METADATA_LIST, PATCH_HEADERS, PLAIN, WITH_BODY } from "./media-types.ts";
import { resourcePath } from "./path.ts";
import { listQuery, logQuery, query, watchQuery, writeQuery } from "./query.ts";
import { Sender, type SenderOptions } from "./sender.ts";

/** Evictions: a 429 is the result; do not retry. */
const NO_RETRY = 0;
const PAGE = 500;

export interface ApiClientOptions extends SenderOptions {
  readonly namespace: string;
  /** Sent with every write when the caller chose one; apply needs one always. */
  readonly fieldManager: string | undefined;
}

/** The client over any transport. */
export class ApiClient implements Client {
  readonly transport: Transport;
  readonly namespace: string;
  readonly #fieldManager: string | undefined;
  readonly #sender: Sender;

  constructor(options: ApiClientOptions) {
    this.#fieldManager = options.fieldManager;
    this.#sender = new Sender(options);
    this.transport = options.transport;
    this.namespace = options.namespace;
  }

  async get<R extends Resource>(
    resource: R,
    key: ObjectKey,
    { resourceVersion, subresource, metadataOnly, signal }: GetOptions = {},
  ): Promise<Observed<R>> {
    const path = this.#path(resource, key, subresource) + (resourceVersion === undefined ? "" : query({ resourceVersion }));
    if (!metadataOnly) return (await this.#sender.call("GET", path, PLAIN, undefined, signal)) as Observed<R>;
    const object = (await this.#sender.call("GET", path, METADATA, undefined, signal)) as KubeObject;
    object.apiVersion = resource.apiVersion;
    object.kind = resource.kind;
    return object as unknown as Observed<R>;
  }

  async find<R extends Resource>(resource: R, key: ObjectKey, options: GetOptions = {}): Promise<Observed<R> | undefined> {
    try {
      return await this.get(resource, key, options);
    } catch (error) {
      if (error instanceof NotFoundError) return undefined;
      throw error;
    }
  }

  async list<R extends Resource>(resource: R, options: ListOptions = {}): Promise<ObjectList<Observed<R>>> {
    const path = resourcePath(resource, options.namespace === undefined ? {} : { namespace: options.namespace }) + listQuery(options);
    const body = (await this.#sender.call("GET", path, options.metadataOnly ? METADATA_LIST : PLAIN, undefined, options.signal)) as {
      metadata?: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
      items?: KubeObject[] | null;
    };
    const items = body.items ?? [];
    // Items of built-in kinds come without their kind, which every object here has.
    for (const item of items) {
      item.apiVersion = resource.apiVersion;
      item.kind = resource.kind;
    }
    const { resourceVersion = "", continue: token, remainingItemCount } = body.metadata ?? {};
    return {
      resourceVersion,
      ...(token ? { continue: token } : {}),
      ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
      items: items as unknown as Observed<R>[],
    };
  }

  async *pages<R extends Resource>(resource: R, options: PageOptions = {}): AsyncGenerator<ObjectList<Observed<R>>, void, undefined> {
    const { inconsistent, ...first } = { limit: PAGE, ...options };
    // The token carries the version; naming one beside it is refused.
    const { resourceVersion, resourceVersionMatch, ...next } = first;
    let token = options.continue;
    do {
      let page: ObjectList<Observed<R>>;
      try {
        page = await this.list(resource, token ? { ...next, continue: token } : first);
      } catch (error) {
        // The refusal holds a token for the rest at the present version.
        const rest = inconsistent && error instanceof ExpiredError ? error.status.metadata?.continue : undefined;
        if (!rest || rest === token) throw error;
        token = rest;
        continue;
      }
      yield page;
      token = page.continue;
    } while (token);
  }

  async *watch<R extends Resource>(resource: R, options: WatchOptions = {}): AsyncGenerator<WatchEvent<Observed<R>>, void, undefined> {
    const path = resourcePath(resource, options.namespace === undefined ? {} : { namespace: options.namespace }) + watchQuery(options);
    const response = await this.#sender.send({
      method: "GET",
      path,
      headers: options.metadataOnly ? METADATA : PLAIN,
      stream: true,
      promptHeaders: true,
      ...(options.signal ? { signal: options.signal } : {}),
    });
    options.onOpen?.();
    const request = { method: "GET", path };
    for await (const line of response.lines()) {
      if (line === "") continue;
      const event = parseBody(line, request) as { type: string; object: KubeObject };
      switch (event.type) {
        case "ADDED":
        case "MODIFIED":
        case "DELETED":
          if (options.metadataOnly) {
            event.object.apiVersion = resource.apiVersion;
            event.object.kind = resource.kind;
          }
          yield event as unknown as WatchEvent<Observed<R>>;
          break;
        case "BOOKMARK": {
          const { resourceVersion = "", annotations } = event.object.metadata;
          yield { type: "BOOKMARK", resourceVersion, initialEventsEnd: annotations?.["k8s.io/initial-events-end"] === "true" };
          break;
        }
        case "ERROR":
          throw StatusError.from(event.object as unknown as Status, request);
      }
    }
  }

  async create<R extends Resource>(resource: R, object: Desired<R>, options: WriteOptions = {}): Promise<Observed<R>> {
    const { metadata } = object as unknown as KubeObject;
    // A subresource is created at its object (`pods/x/binding`), an object at its collection.
    const key = { namespace: metadata.namespace ?? this.namespace, ...(options.subresource ? { name: metadata.name ?? "" } : {}) };
    const path = resourcePath(resource, key, options.subresource) + writeQuery(options, this.#fieldManager);
    return (await this.#sender.call("POST", path, WITH_BODY, JSON.stringify(object), options.signal, options.maxRetries)) as Observed<R>;
  }

  async update<R extends Resource>(resource: R, object: Observed<R>, options: WriteOptions = {}): Promise<Observed<R>> {
    const path = this.#path(resource, keyOf(object), options.subresource) + writeQuery(options, this.#fieldManager);
    return (await this.#sender.call("PUT", path, WITH_BODY, JSON.stringify(object), options.signal, options.maxRetries)) as Observed<R>;
  }

  async patch<R extends Resource>(resource: R, key: ObjectKey, body: PatchBody, options: WriteOptions = {}): Promise<Observed<R>> {
    const path = this.#path(resource, key, options.subresource) + writeQuery(options, this.#fieldManager);
    return (await this.#sender.call(
      "PATCH",
      path,
      PATCH_HEADERS[body.type],
      JSON.stringify(body.patch),
      options.signal,
      options.maxRetries,
    )) as Observed<R>;
  }

  async apply<R extends Resource>(resource: R, object: Desired<R>, options: ApplyOptions = {}): Promise<Observed<R>> {
    const path = this.#path(resource, keyOf(object), options.subresource) + writeQuery(options, this.#fieldManager ?? "outrigger");
    return (await this.#sender.call(
      "PATCH",
      path,
      PATCH_HEADERS.apply,
      JSON.stringify(object),
      options.signal,
      options.maxRetries,
    )) as Observed<R>;
  }

  async delete<R extends Resource>(resource: R, key: ObjectKey, options: DeleteOptions = {}): Promise<KubeObject | Status> {
    return (await this.#sender.call(
      "DELETE",
      this.#path(resource, key),
      WITH_BODY,
      deleteBody(options),
      options.signal,
      options.maxRetries,
    )) as KubeObject | Status;
  }

  async deleteCollection<R extends Resource>(resource: R, options: ListOptions & DeleteOptions = {}): Promise<void> {
    const path = resourcePath(resource, options.namespace === undefined ? {} : { namespace: options.namespace }) + listQuery(options);
    await this.#sender.call("DELETE", path, WITH_BODY, deleteBody(options), options.signal, options.maxRetries);
  }

  getScale(resource: Resource, key: ObjectKey, { signal }: { readonly signal?: AbortSignal } = {}): Promise<autoscalingV1.Scale> {
    return this.#sender.call("GET", this.#path(resource, key, "scale"), PLAIN, undefined, signal) as Promise<autoscalingV1.Scale>;
  }

  scale(
    resource: Resource,
    key: ObjectKey,
    replicas: number,
    options: Omit<WriteOptions, "subresource"> = {},
  ): Promise<autoscalingV1.Scale> {
    const path = this.#path(resource, key, "scale") + writeQuery(options, this.#fieldManager);
    return this.#sender.call(
      "PATCH",
      path,
      PATCH_HEADERS.merge,
      JSON.stringify({ spec: { replicas } }),
      options.signal,
      options.maxRetries,
    ) as Promise<autoscalingV1.Scale>;
  }

  async evict(pod: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const path = this.#path(PODS, pod, "eviction") + query({ dryRun: options.dryRun ? "All" : undefined });
    await this.#sender.call(
      "POST",
      path,
      WITH_BODY,
      evictionBody(this.#keyOf(pod), options),
      options.signal,
      options.maxRetries ?? NO_RETRY,
    );
  }

  async bind(pod: ObjectKey, nodeName: string, options: Omit<WriteOptions, "subresource"> = {}): Promise<void> {
    const path = this.#path(PODS, pod, "binding") + writeQuery(options, this.#fieldManager);
    await this.#sender.call("POST", path, WITH_BODY, bindingBody(this.#keyOf(pod), nodeName), options.signal, options.maxRetries);
  }

  async token(serviceAccount: ObjectKey, { signal, ...spec }: TokenOptions = {}): Promise<ServiceAccountToken> {
    const path = this.#path(SERVICE_ACCOUNTS, serviceAccount, "token");
    const { status } = (await this.#sender.call("POST", path, WITH_BODY, tokenBody(spec), signal)) as { status: ServiceAccountToken };
    return status;
  }

  async *logs(pod: ObjectKey, options: LogOptions = {}): AsyncGenerator<string, void, undefined> {
    const path = this.#path(PODS, pod, "log") + logQuery(options);
    const response = await this.#sender.send({ method: "GET", path, stream: true, ...(options.signal ? { signal: options.signal } : {}) });
    yield* response.lines();
  }

  async request(request: TransportRequest): Promise<unknown> {
    const response = await this.#sender.send(request);
    const text = await response.text();
    const type = response.headers["content-type"];
    return text !== "" && typeof type === "string" && type.includes("json") ? parseBody(text, request) : text;
  }

  discover(options: { readonly signal?: AbortSignal } = {}): Promise<readonly DiscoveredResource[]> {
    return discover((path, accept) => this.#sender.call("GET", path, { accept }, undefined, options.signal));
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  #keyOf({ namespace = this.namespace, name }: ObjectKey): Required<ObjectKey> {
    return { namespace, name };
  }
  #path(resource: Pick<Resource, "apiVersion" | "plural" | "scope">, key: ObjectKey, subresource?: string): string {
    return resourcePath(resource, this.#keyOf(key), subresource);
  }
}

function keyOf(object: object): ObjectKey {
  const { namespace, name } = (object as KubeObject).metadata;
  if (!name) throw new TypeError(`the ${(object as KubeObject).kind} to write has no metadata.name`);
  return namespace === undefined ? { name } : { namespace, name };
}
