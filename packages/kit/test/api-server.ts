import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../src/api/index.ts";
import { type CertificateAndKey, type CertificateAuthority, createCa, issueCertificate } from "../src/pki/index.ts";

/** One request as the server got it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  /** Common name of the client's certificate. */
  readonly clientName: string | undefined;
  readonly body: string;
}
/** Answers a request in the server's place; returns false to leave it to the server. */
export type Interception = (request: SeenRequest, response: ServerResponse) => boolean | Promise<boolean>;

/** Kinds that it serves, by path segment. */
const KINDS: Readonly<Record<string, { readonly apiVersion: string; readonly kind: string }>> = {
  configmaps: { apiVersion: "v1", kind: "ConfigMap" },
  secrets: { apiVersion: "v1", kind: "Secret" },
  events: { apiVersion: "v1", kind: "Event" },
  leases: { apiVersion: "coordination.k8s.io/v1", kind: "Lease" },
};
const PATH = new RegExp(`^/(?:api/v1|apis/[^/]+/v1)(?:/namespaces/([^/]+))?/(${Object.keys(KINDS).join("|")})(?:/([^/]+))?(?:/(status))?$`);

interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly version: number;
  readonly plural: string;
}
interface Watcher {
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
}

let ca: CertificateAuthority | undefined;

/**
 * The part of a Kubernetes API that clients and caches lean on, over real TLS: a few kinds with versions, lists in pages, watches with bookmarks and initial events, and ways to fail.
 * For tests of the kit alone; operators test against a devcluster.
 */
export class ApiServer {
  readonly ca: string;
  readonly requests: SeenRequest[] = [];
  /** Asked in order before the server answers itself. */
  readonly interceptions: Interception[] = [];
  /** Without it `sendInitialEvents` is refused, as by a server of before 1.34. */
  watchList = true;
  readonly #authority: CertificateAuthority;
  readonly #server: Server;
  readonly #objects = new Map<string, KubeObject>();
  readonly #history: Change[] = [];
  readonly #watchers = new Set<Watcher>();
  #version = 100;
  #oldest = 0;
  #uids = 0;

  constructor(options: ServerOptions = {}) {
    ca ??= createCa({ commonName: "api-server-test" });
    this.#authority = ca;
    this.ca = ca.certificate;
    const { certificate, key } = issueCertificate(ca, {
      commonName: "api",
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1"],
      usages: ["server auth"],
    });
    this.#server = createServer(
      { cert: certificate, key, ca: ca.certificate, requestCert: true, rejectUnauthorized: false, ...options },
      (request, response) => void this.#handle(request, response).catch((error: unknown) => response.destroy(error as Error)),
    );
  }

  async listen(port = 0): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** A serving certificate of its authority, for what stands in front of it. */
  certificate(): CertificateAndKey {
    return issueCertificate(this.#authority, {
      commonName: "front",
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1"],
      usages: ["server auth"],
    });
  }
  clientCertificate(commonName: string): CertificateAndKey {
    return issueCertificate(this.#authority, { commonName, usages: ["client auth"] });
  }
  /** A kubeconfig for this server; `user` is the body of its one user. */
  kubeconfig(user: object = { token: "t" }, cluster: object = {}): string {
    return JSON.stringify({
      clusters: [
        { name: "c", cluster: { server: this.url, "certificate-authority-data": Buffer.from(this.ca).toString("base64"), ...cluster } },
      ],
      users: [{ name: "u", user }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
  }

  get version(): string {
    return String(this.#version);
  }
  get watchers(): number {
    return this.#watchers.size;
  }
  objects(plural = "configmaps"): readonly KubeObject[] {
    return [...this.#objects].filter(([key]) => key.startsWith(`${plural}/`)).map(([, object]) => object);
  }
  get(name: string, plural = "configmaps", namespace = "default"): KubeObject | undefined {
    return this.#objects.get(`${plural}/${namespace}/${name}`);
  }
  requestsOf(method: string, watch?: boolean): readonly SeenRequest[] {
    return this.requests.filter(
      (request) => request.method === method && (watch === undefined || request.url.searchParams.has("watch") === watch),
    );
  }

  /** Creates or replaces an object, as a client's write would. */
  put(name: string, fields: object = {}, namespace = "default", plural = "configmaps"): KubeObject {
    const key = `${plural}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    const version = ++this.#version;
    const { metadata, ...rest } = fields as { metadata?: object };
    const object: KubeObject = {
      ...rest,
      ...KINDS[plural]!,
      metadata: {
        ...metadata,
        name,
        namespace,
        uid: before?.metadata.uid ?? `uid-${++this.#uids}`,
        creationTimestamp: "2024-01-01T00:00:00Z",
        resourceVersion: String(version),
      },
    };
    this.#objects.set(key, object);
    this.#tell({ type: before ? "MODIFIED" : "ADDED", object, version, plural });
    return object;
  }
  remove(name: string, namespace = "default", plural = "configmaps"): boolean {
    const key = `${plural}/${namespace}/${name}`;
    const before = this.#objects.get(key);
    if (!before) return false;
    this.#objects.delete(key);
    const version = ++this.#version;
    this.#tell({
      type: "DELETED",
      object: { ...before, metadata: { ...before.metadata, resourceVersion: String(version) } },
      version,
      plural,
    });
    return true;
  }
  /** Time goes by elsewhere: the version grows, and watches may learn it by a bookmark. */
  bookmark(): void {
    const version = ++this.#version;
    for (const { response } of this.#watchers) response.write(bookmark(version));
  }
  /** Forgets the history: watches from before now get 410. */
  compact(): void {
    this.#oldest = this.#version;
  }
  /** Breaks every watch, in the middle of a line if `partial` is given. */
  cutWatches(partial?: string): void {
    for (const { response } of this.#watchers) {
      if (partial === undefined) response.destroy();
      else response.write(partial, () => response.destroy());
    }
    this.#watchers.clear();
  }
  /** Ends every watch in order. */
  endWatches(): void {
    for (const { response } of this.#watchers) response.end();
    this.#watchers.clear();
  }

  #tell(change: Change): void {
    this.#history.push(change);
    for (const watcher of this.#watchers)
      if (watcher.plural === change.plural && inNamespace(watcher.namespace, change.object)) watcher.response.write(line(change));
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { method = "GET", headers } = incoming;
    const certificate = (incoming.socket as TLSSocket).getPeerCertificate?.();
    const clientName =
      certificate && (incoming.socket as TLSSocket).authorized ? (certificate.subject?.CN as string | undefined) : undefined;
    let body = "";
    for await (const chunk of incoming) body += String(chunk);
    const seen: SeenRequest = { method, url: new URL(incoming.url ?? "/", this.url), headers, clientName, body };
    this.requests.push(seen);
    for (const interception of this.interceptions) if (await interception(seen, response)) return;
    const match = PATH.exec(seen.url.pathname);
    if (!match) return refuse(response, 404, "NotFound", "the server could not find the requested resource");
    const [, namespace = "default", plural = "", name, status] = match;
    const within = match[1];
    if (method === "GET" && name === undefined)
      return seen.url.searchParams.has("watch")
        ? this.#watch(seen.url, plural, within, response)
        : this.#list(seen.url, plural, within, response);
    const before = this.#objects.get(`${plural}/${namespace}/${name}`);
    const sent = body === "" ? undefined : (JSON.parse(body) as KubeObject);
    if (method === "POST") {
      if (this.#objects.has(`${plural}/${namespace}/${sent!.metadata.name}`))
        return refuse(response, 409, "AlreadyExists", `${plural} "${sent!.metadata.name}" already exists`);
      return answer(response, 201, this.put(sent!.metadata.name!, sent!, namespace, plural));
    }
    if (!before && !headers["content-type"]?.includes("apply")) return refuse(response, 404, "NotFound", `${plural} "${name}" not found`);
    if (method === "GET") return answer(response, 200, before!);
    if (method === "DELETE") {
      const { uid, resourceVersion } =
        (sent as { preconditions?: { uid?: string; resourceVersion?: string } } | undefined)?.preconditions ?? {};
      const { metadata } = before!;
      if ((uid ?? metadata.uid) !== metadata.uid || (resourceVersion ?? metadata.resourceVersion) !== metadata.resourceVersion)
        return refuse(response, 409, "Conflict", "the precondition does not match the record");
      if (!before!.metadata.finalizers?.length) {
        this.remove(name!, namespace, plural);
        return answer(response, 200, { kind: "Status", apiVersion: "v1", status: "Success" });
      }
      return answer(
        response,
        200,
        this.put(name!, { ...before, metadata: { ...before!.metadata, deletionTimestamp: "2024-01-01T00:00:01Z" } }, namespace, plural),
      );
    }
    const version = sent?.metadata?.resourceVersion;
    // An apply that names a version makes an object where there is none.
    if (before && version !== undefined && version !== before.metadata.resourceVersion)
      return refuse(response, 409, "Conflict", "the object has been modified");
    const next = { ...(method === "PUT" ? {} : before), ...sent, metadata: { ...before?.metadata, ...sent?.metadata } };
    // As the real one: what changes nothing leaves the version as it is.
    const after = status ? { ...before, status: sent?.["status"] } : next;
    if (
      before &&
      isDeepStrictEqual(
        { ...before, metadata: { ...before.metadata, resourceVersion: "" } },
        { ...after, metadata: { ...(after.metadata as object), resourceVersion: "" } },
      )
    )
      return answer(response, 200, before);
    const stored = this.put(name!, after, namespace, plural);
    if (stored.metadata.deletionTimestamp && !stored.metadata.finalizers?.length) this.remove(name!, namespace, plural);
    answer(response, 200, stored);
  }

  #list({ searchParams }: URL, plural: string, namespace: string | undefined, response: ServerResponse): unknown {
    const version = searchParams.get("resourceVersion") ?? "";
    if (version !== "" && version !== "0" && Number(version) < this.#oldest) return expired(response);
    const all = [...this.objects(plural)]
      .filter((object) => inNamespace(namespace, object))
      .sort((a, b) => (a.metadata.name! < b.metadata.name! ? -1 : 1));
    const start = Number(searchParams.get("continue") ?? 0);
    const limit = Number(searchParams.get("limit") ?? 0) || all.length;
    const rest = all.length - start - limit;
    // As the real one does for built-in kinds: items without their kind.
    const items = all.slice(start, start + limit).map(({ apiVersion: _, kind: __, ...item }) => item);
    const metadata = { resourceVersion: this.version, ...(rest > 0 ? { continue: String(start + limit), remainingItemCount: rest } : {}) };
    answer(response, 200, { apiVersion: "v1", kind: `${KINDS[plural]!.kind}List`, metadata, items });
  }

  #watch({ searchParams }: URL, plural: string, namespace: string | undefined, response: ServerResponse): unknown {
    const initial = searchParams.get("sendInitialEvents") === "true";
    if (initial && !this.watchList)
      return refuse(
        response,
        422,
        "Invalid",
        "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
      );
    const version = searchParams.get("resourceVersion") ?? "";
    if (version !== "" && version !== "0" && Number(version) < this.#oldest) return expired(response);
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (initial || version === "" || version === "0") {
      for (const object of this.objects(plural)) if (inNamespace(namespace, object)) response.write(line({ type: "ADDED", object }));
      if (initial) response.write(bookmark(this.#version, { "k8s.io/initial-events-end": "true" }));
    } else {
      for (const change of this.#history)
        if (change.plural === plural && change.version > Number(version) && inNamespace(namespace, change.object))
          response.write(line(change));
    }
    const watcher = { plural, namespace, response };
    this.#watchers.add(watcher);
    response.on("close", () => this.#watchers.delete(watcher));
  }
}

/** A server that listens, and goes when the test ends (`await using`). */
export async function startApiServer(options: ServerOptions = {}): Promise<ApiServer & AsyncDisposable> {
  const server = new ApiServer(options);
  await server.listen();
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

export function answer(response: ServerResponse, code: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
export function refuse(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {},
  details?: object,
): void {
  answer(
    response,
    code,
    { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, ...(details ? { details } : {}), code },
    headers,
  );
}
function expired(response: ServerResponse): void {
  refuse(response, 410, "Expired", "too old resource version");
}
function inNamespace(namespace: string | undefined, object: KubeObject): boolean {
  return namespace === undefined || object.metadata.namespace === namespace;
}
function line({ type, object }: { readonly type: string; readonly object: object }): string {
  return `${JSON.stringify({ type, object })}\n`;
}
function bookmark(version: number, annotations?: object): string {
  const object = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { resourceVersion: String(version), creationTimestamp: null, ...(annotations ? { annotations } : {}) },
  };
  return line({ type: "BOOKMARK", object });
}

/** How long `until` waits, milliseconds: as long as a busy machine may need for anything. */
const UNTIL_MS = 30_000;
// Where something never comes true in a test, it is `until` that says what.
if (process.env["VITEST"] !== undefined) (await import("vitest")).vi.setConfig({ testTimeout: 2 * UNTIL_MS });

/** Waits until the condition holds. */
export async function until(condition: () => boolean | Promise<boolean>, what = String(condition)): Promise<void> {
  const deadline = performance.now() + UNTIL_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not in ${UNTIL_MS / 1000} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
