import { createSecureServer } from "node:http2";
import { expect, test, vi } from "vitest";
import { answer, refuse, startApiServer, until } from "../../test/api-server.ts";
import { builtIn } from "../api/index.ts";
import { createCa, issueCertificate } from "../pki/index.ts";
import {
  AlreadyExistsError,
  ConflictError,
  ConnectionError,
  connect,
  dynamicResource,
  ExpiredError,
  InvalidError,
  NotFoundError,
  StatusError,
  TooManyRequestsError,
} from "./index.ts";

interface ConfigMapBody {
  apiVersion?: "v1";
  kind?: "ConfigMap";
  metadata?: object;
  data?: Record<string, string>;
}
const ConfigMap = builtIn<ConfigMapBody>()("v1", "ConfigMap", "configmaps", "Namespaced");
const map = (name: string, data: Record<string, string> = {}) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data }) as const;

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

test("creates, reads, changes and deletes an object over TLS", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  expect(await client.find(ConfigMap, { name: "a" })).toBeUndefined();
  const made = await client.create(ConfigMap, map("a", { x: "1" }));
  expect(made.metadata.namespace).toBe("default");
  const changed = await client.update(ConfigMap, { ...made, data: { x: "2" } });
  expect((await client.get(ConfigMap, { name: "a" })).data).toEqual({ x: "2" });
  await expect(client.update(ConfigMap, made)).rejects.toBeInstanceOf(ConflictError);
  await expect(client.create(ConfigMap, map("a"))).rejects.toBeInstanceOf(AlreadyExistsError);
  await client.delete(ConfigMap, { name: "a" }, { preconditions: { uid: changed.metadata.uid } });
  await expect(client.get(ConfigMap, { name: "a" })).rejects.toBeInstanceOf(NotFoundError);
  await client.close();
});

test("objects are what the server sent: no field lost, no number changed, nothing added", async () => {
  await using server = await startApiServer();
  const sent = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "a", namespace: "default", creationTimestamp: "2024-01-01T00:00:00.123456Z", "x-unknown": null },
    data: { "x-kubernetes-list-type": "map", empty: "", unicode: "größer 🚢" },
    binaryData: {},
    numbers: [9007199254740991, 0.1, -0, 1e21],
    __proto: [],
  };
  server.interceptions.push((_, response) => {
    answer(response, 200, sent);
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  expect(JSON.stringify(await client.get(ConfigMap, { name: "a" }))).toBe(JSON.stringify(sent));
  await client.close();
});

test("gives listed objects the kind that the server leaves out", async () => {
  await using server = await startApiServer();
  server.put("a");
  const client = connect({ text: server.kubeconfig() });
  const { items, resourceVersion } = await client.list(ConfigMap);
  expect(items.map(({ kind, apiVersion }) => [apiVersion, kind])).toEqual([["v1", "ConfigMap"]]);
  expect(resourceVersion).toBe(server.version);
  await client.close();
});

test("pages through a collection", async () => {
  await using server = await startApiServer();
  for (let i = 0; i < 7; i++) server.put(`a${i}`);
  const client = connect({ text: server.kubeconfig() });
  const sizes: number[] = [];
  const names: string[] = [];
  for await (const page of client.pages(ConfigMap, { limit: 3, namespace: "default" })) {
    sizes.push(page.items.length);
    names.push(...page.items.map(({ metadata }) => metadata.name));
  }
  expect(sizes).toEqual([3, 3, 1]);
  expect(names).toEqual(["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
  await client.close();
});

test("encodes options, namespaces and names into the request", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() }, { fieldManager: "me" });
  server.interceptions.push((_, response) => {
    answer(response, 200, { kind: "X", metadata: {}, items: [] });
    return true;
  });
  const Deployment = dynamicResource("apps/v1", "Deployment", "deployments", "Namespaced");
  const Node = dynamicResource("v1", "Node", "nodes", "Cluster");
  await client.list(Deployment, { namespace: "n", labelSelector: "a in (b,c)", limit: 5, resourceVersion: "0" });
  await client.list(Deployment);
  await client.patch(
    Deployment,
    { namespace: "n", name: "d" },
    { type: "strategic", patch: {} },
    { subresource: "scale", dryRun: true, fieldValidation: "Strict" },
  );
  await client.apply(Node, { apiVersion: "v1", kind: "Node", metadata: { name: "system:a" } }, { force: true, fieldManager: "other" });
  await client.deleteCollection(Deployment, { namespace: "n", labelSelector: "a" });
  expect(server.requests.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual([
    "GET /apis/apps/v1/namespaces/n/deployments?labelSelector=a%20in%20(b%2Cc)&limit=5&resourceVersion=0",
    "GET /apis/apps/v1/deployments",
    "PATCH /apis/apps/v1/namespaces/n/deployments/d/scale?dryRun=All&fieldManager=me&fieldValidation=Strict",
    "PATCH /api/v1/nodes/system%3Aa?fieldManager=other&force=true",
    "DELETE /apis/apps/v1/namespaces/n/deployments?labelSelector=a",
  ]);
  expect(server.requests[2]?.headers["content-type"]).toBe("application/strategic-merge-patch+json");
  expect(server.requests[3]?.headers["content-type"]).toBe("application/apply-patch+yaml");
  await client.close();
});

test("each subresource has its path and its body", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const bodies: unknown[] = [];
  server.interceptions.push(({ body }, response) => {
    bodies.push(body === "" ? "" : JSON.parse(body));
    answer(response, 200, {
      kind: "X",
      metadata: {},
      spec: { replicas: 2 },
      status: { token: "jwt", expirationTimestamp: "2030-01-01T00:00:00Z" },
    });
    return true;
  });
  const Deployment = dynamicResource("apps/v1", "Deployment", "deployments", "Namespaced");
  const Certificate = dynamicResource("certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests", "Cluster");
  const key = { namespace: "n", name: "a" };
  expect((await client.getScale(Deployment, key)).spec?.replicas).toBe(2);
  await client.scale(Deployment, key, 2, { dryRun: true });
  await client.evict(key, { gracePeriodSeconds: 0, preconditions: { uid: "u" } });
  await client.bind({ name: "a" }, "node-1");
  expect(await client.token(key, { audiences: ["x"], expirationSeconds: 600 })).toMatchObject({ token: "jwt" });
  const request = { apiVersion: "certificates.k8s.io/v1", kind: "CertificateSigningRequest", metadata: { name: "r" } };
  await client.update(Certificate, request as never, { subresource: "approval" });
  await client.get(Deployment, key, { subresource: "status", metadataOnly: true });
  await client.delete(Deployment, key, { ignoreStoreReadError: true, propagationPolicy: "Foreground" });
  expect(server.requests.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual([
    "GET /apis/apps/v1/namespaces/n/deployments/a/scale",
    "PATCH /apis/apps/v1/namespaces/n/deployments/a/scale?dryRun=All",
    "POST /api/v1/namespaces/n/pods/a/eviction",
    "POST /api/v1/namespaces/default/pods/a/binding",
    "POST /api/v1/namespaces/n/serviceaccounts/a/token",
    "PUT /apis/certificates.k8s.io/v1/certificatesigningrequests/r/approval",
    "GET /apis/apps/v1/namespaces/n/deployments/a/status",
    "DELETE /apis/apps/v1/namespaces/n/deployments/a",
  ]);
  expect(bodies[1]).toEqual({ spec: { replicas: 2 } });
  expect(bodies[2]).toMatchObject({
    apiVersion: "policy/v1",
    kind: "Eviction",
    metadata: key,
    deleteOptions: { gracePeriodSeconds: 0, preconditions: { uid: "u" } },
  });
  expect(bodies[3]).toMatchObject({ kind: "Binding", metadata: { name: "a" }, target: { kind: "Node", name: "node-1" } });
  expect(bodies[4]).toMatchObject({ kind: "TokenRequest", spec: { audiences: ["x"], expirationSeconds: 600 } });
  expect(server.requests[6]?.headers.accept).toContain("as=PartialObjectMetadata;");
  expect(bodies[7]).toMatchObject({ propagationPolicy: "Foreground", ignoreStoreReadErrorWithClusterBreakingPotential: true });
  await client.close();
});

test("a log is read line by line, and its refusal is the server's", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  server.interceptions.push(({ url }, response) => {
    if (url.searchParams.get("container") === "gone") refuse(response, 400, "BadRequest", "container gone is not valid for pod a");
    else response.writeHead(200, { "content-type": "text/plain" }).end("one\n\nthree\n");
    return true;
  });
  expect(await collect(client.logs({ name: "a" }, { tailLines: 3, follow: true, timestamps: false }))).toEqual(["one", "", "three"]);
  expect(server.requests[0]?.url.search).toBe("?tailLines=3&follow=true&timestamps=false");
  await expect(collect(client.logs({ name: "a" }, { container: "gone" }))).rejects.toThrow("container gone is not valid for pod a");
  await client.close();
});

test("an eviction that a budget forbids is refused at once, however long the server asks to wait", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  server.interceptions.push((_, response) => {
    refuse(response, 429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.", { "retry-after": "10" });
    return true;
  });
  await expect(client.evict({ name: "a" })).rejects.toMatchObject({ name: "TooManyRequestsError", retryAfterMs: 10_000 });
  expect(server.requests).toHaveLength(1);
  await client.close();
});

test("a refused apply says which managers own which fields", async () => {
  await using server = await startApiServer();
  const causes = [
    { reason: "FieldManagerConflict", message: 'conflict with "kubectl" using v1', field: ".data.x" },
    { reason: "FieldManagerConflict", message: 'conflict with "kubectl" using v1', field: ".data.y" },
    {
      reason: "FieldManagerConflict",
      message: 'conflict with "hpa" with subresource "scale" using v1 at 2024-01-01T00:00:00Z',
      field: ".spec.replicas",
    },
  ];
  server.interceptions.push((_, response) => {
    refuse(response, 409, "Conflict", "Apply failed with 3 conflicts", {}, { causes });
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  const error = await client.apply(ConfigMap, map("a")).catch((caught: unknown) => caught as ConflictError);
  expect(error).toBeInstanceOf(ConflictError);
  expect(Object.fromEntries((error as ConflictError).managers)).toEqual({ kubectl: [".data.x", ".data.y"], hpa: [".spec.replicas"] });
  await client.close();
});

test("a continue token that expired ends the pages, or with inconsistent goes on with the rest", async () => {
  await using server = await startApiServer();
  for (let i = 0; i < 5; i++) server.put(`a${i}`);
  const client = connect({ text: server.kubeconfig() });
  server.interceptions.push(({ url }, response) => {
    if (url.searchParams.get("continue") !== "2") return false;
    const status = { kind: "Status", status: "Failure", reason: "Expired", message: "too old", code: 410, metadata: { continue: "3" } };
    answer(response, 410, status);
    return true;
  });
  const names = async (inconsistent: boolean): Promise<string[]> =>
    (await collect(client.pages(ConfigMap, { limit: 2, inconsistent }))).flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
  await expect(names(false)).rejects.toBeInstanceOf(ExpiredError);
  expect(await names(true)).toEqual(["a0", "a1", "a3", "a4"]);
  await client.close();
});

test("a stream gives whole lines in order; while its reader is slow the server waits", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  const line = `${JSON.stringify({ type: "ADDED", object: { metadata: { name: "x".repeat(60_000) } } })}\n`;
  let written = 0;
  let blocked = false;
  server.interceptions.push(({ url }, response) => {
    if (!url.searchParams.has("watch")) return false;
    const write = (): void => {
      for (; written < 400; written++) {
        if (response.write(line)) continue;
        blocked = true;
        written++;
        response.once("drain", write);
        return;
      }
      response.end();
    };
    write();
    return true;
  });
  let seen = 0;
  for await (const event of client.watch(ConfigMap)) {
    expect(event.type).toBe("ADDED");
    if (++seen === 1) {
      await until(() => blocked);
      const before = written;
      // Nothing is read, so nothing more is written, whatever else happens on the connection.
      for (let i = 0; i < 50; i++) await client.request({ method: "GET", path: "/" }).catch(() => {});
      expect(written).toBeLessThan(400);
      expect(written - before).toBeLessThan(200);
    }
  }
  expect(seen).toBe(400);
  await client.close();
});

test("beyond maxConnections requests wait for their turn", async () => {
  await using server = await startApiServer();
  server.put("a");
  const ports = new Set<number | undefined>();
  server.interceptions.push((_, response) => {
    ports.add(response.socket?.remotePort);
    return false;
  });
  const client = connect({ text: server.kubeconfig() }, { maxConnections: 3 });
  await Promise.all(Array.from({ length: 30 }, () => client.get(ConfigMap, { name: "a" })));
  expect(server.requests).toHaveLength(30);
  expect(ports.size).toBeLessThanOrEqual(3);
  await client.close();
});

test("a read whose connection broke is made again, once; a write never is", async () => {
  await using server = await startApiServer();
  server.put("a");
  const client = connect({ text: server.kubeconfig() });
  let cut = 1;
  server.interceptions.push((_, response) => {
    if (cut-- <= 0) return false;
    response.socket?.destroy();
    return true;
  });
  expect((await client.get(ConfigMap, { name: "a" })).metadata.name).toBe("a");
  cut = 2;
  await expect(client.get(ConfigMap, { name: "a" })).rejects.toBeInstanceOf(ConnectionError);
  cut = 1;
  await expect(client.create(ConfigMap, map("b"))).rejects.toBeInstanceOf(ConnectionError);
  expect(server.get("b")).toBeUndefined();
  await client.close();
});

test("a request whose signal ends rejects with its reason, whether it waits for a connection or an answer", async () => {
  await using server = await startApiServer();
  server.interceptions.push(() => true);
  const client = connect({ text: server.kubeconfig() }, { maxConnections: 1 });
  const stop = new AbortController();
  const waiting = client.get(ConfigMap, { name: "a" }, { signal: stop.signal });
  const queued = client.get(ConfigMap, { name: "b" }, { signal: stop.signal });
  await until(() => server.requests.length === 1);
  stop.abort(new Error("no longer wanted"));
  await expect(waiting).rejects.toThrow("no longer wanted");
  await expect(queued).rejects.toThrow("no longer wanted");
  await expect(client.get(ConfigMap, { name: "a" }, { signal: stop.signal })).rejects.toThrow("no longer wanted");
  expect(server.requests).toHaveLength(1);
  await client.close();
});

test("a server that does not answer in time is a ConnectionError", async () => {
  await using server = await startApiServer();
  server.interceptions.push(() => true);
  const client = connect({ text: server.kubeconfig() }, { timeoutMs: 200 });
  await expect(client.get(ConfigMap, { name: "a" })).rejects.toMatchObject({ code: "ERR_CONNECTION", reason: "UND_ERR_HEADERS_TIMEOUT" });
  await client.close();
});

test("speaks HTTP/2 where it is asked to, requests and watches on one connection each", async () => {
  const ca = createCa({ commonName: "h2" });
  const { certificate, key } = issueCertificate(ca, { commonName: "api", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
  const sessions: unknown[] = [];
  const server = createSecureServer({ cert: certificate, key, allowHTTP1: true }, (request, response) => {
    response.setHeader("content-type", "application/json");
    if (request.url.includes("watch=true")) response.write(`${JSON.stringify({ type: "ADDED", object: { metadata: { name: "a" } } })}\n`);
    else response.end(JSON.stringify({ metadata: { name: request.httpVersion } }));
  });
  server.on("session", (session) => sessions.push(session));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const access = {
    server: `https://127.0.0.1:${(server.address() as { port: number }).port}`,
    namespace: "default",
    ca: ca.certificate,
    credentials: {},
    source: "test",
  };
  const [two, one] = [connect(access, { http2: true }), connect(access)];
  await two.get(ConfigMap, { name: "a" });
  const versions = await Promise.all([1, 2, 3].map(() => two.get(ConfigMap, { name: "a" })));
  expect(versions.map(({ metadata }) => metadata.name)).toEqual(["2.0", "2.0", "2.0"]);
  for await (const event of two.watch(ConfigMap)) {
    expect(event.type).toBe("ADDED");
    break;
  }
  expect(sessions).toHaveLength(2);
  expect((await one.get(ConfigMap, { name: "a" })).metadata.name).toBe("1.1");
  await Promise.all([two.close(), one.close()]);
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("an Invalid answer becomes an InvalidError with its causes", async () => {
  await using server = await startApiServer();
  const causes = [{ reason: "FieldValueRequired", message: "Required value", field: "spec.containers" }];
  server.interceptions.push((_, response) => {
    refuse(response, 422, "Invalid", "it is invalid", {}, { name: "a", causes });
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  const error = await client.create(ConfigMap, map("a")).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InvalidError);
  expect(error).toMatchObject({ statusCode: 422, reason: "Invalid", causes, message: "it is invalid", code: "ERR_INVALID" });
  // What was sent may be secret; errors are logged.
  expect((error as InvalidError).request).toEqual({ method: "POST", path: "/api/v1/namespaces/default/configmaps" });
  await client.close();
});

test("an answer that is no Status is still a StatusError that says what was asked", async () => {
  await using server = await startApiServer();
  server.interceptions.push((_, response) => {
    response.writeHead(502).end("bad gateway");
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  const error = await client.get(ConfigMap, { name: "a" }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(StatusError);
  expect(String(error)).toContain("GET /api/v1/namespaces/default/configmaps/a: HTTP 502: bad gateway");
  await client.close();
});

test("429 and 5xx with Retry-After are waited out and tried again, ten times at most", async () => {
  await using server = await startApiServer();
  server.put("a");
  let refusals = 3;
  server.interceptions.push((_, response) => {
    if (refusals-- <= 0) return false;
    if (refusals === 1) refuse(response, 503, "ServiceUnavailable", "not now", { "retry-after": "0" });
    else refuse(response, 429, "TooManyRequests", "slow down", { "retry-after": "0" });
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  expect((await client.get(ConfigMap, { name: "a" })).metadata.name).toBe("a");
  expect(server.requests).toHaveLength(4);
  refusals = Number.POSITIVE_INFINITY;
  await expect(client.get(ConfigMap, { name: "a" })).rejects.toBeInstanceOf(TooManyRequestsError);
  expect(server.requests).toHaveLength(4 + 11);
  await client.close();
});

test("a wait for Retry-After ends with the request's signal", async () => {
  await using server = await startApiServer();
  server.interceptions.push((_, response) => {
    refuse(response, 429, "TooManyRequests", "slow down", { "retry-after": "1000" });
    return true;
  });
  const client = connect({ text: server.kubeconfig() });
  const stop = new AbortController();
  const waiting = client.get(ConfigMap, { name: "a" }, { signal: stop.signal });
  await until(() => server.requests.length === 1);
  stop.abort(new Error("no longer wanted"));
  await expect(waiting).rejects.toThrow("no longer wanted");
  await client.close();
});

test("streams a watch: objects, bookmarks, then the server's end", async () => {
  await using server = await startApiServer();
  server.put("a");
  const client = connect({ text: server.kubeconfig() });
  const seen: string[] = [];
  const watching = (async () => {
    for await (const event of client.watch(ConfigMap, { namespace: "default", sendInitialEvents: true })) {
      seen.push(
        event.type === "BOOKMARK"
          ? `BOOKMARK ${event.initialEventsEnd}`
          : `${event.type} ${event.object.metadata.name} ${event.object.data?.["x"] ?? ""}`,
      );
    }
  })();
  await until(() => seen.length === 2);
  server.put("a", { data: { x: "größer".repeat(20_000) } });
  server.remove("a");
  server.bookmark();
  await until(() => seen.length === 5);
  server.endWatches();
  await watching;
  expect(seen).toEqual([
    "ADDED a ",
    "BOOKMARK true",
    `MODIFIED a ${"größer".repeat(20_000)}`,
    `DELETED a ${"größer".repeat(20_000)}`,
    "BOOKMARK false",
  ]);
  await client.close();
});

test("a watch of a version that is gone throws ExpiredError, as an answer and as an event", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  server.put("a");
  server.compact();
  await expect(collect(client.watch(ConfigMap, { resourceVersion: "1" }))).rejects.toBeInstanceOf(ExpiredError);
  server.interceptions.push((_, response) => {
    response.end(
      `${JSON.stringify({ type: "ERROR", object: { kind: "Status", status: "Failure", reason: "Expired", message: "too old", code: 410 } })}\n`,
    );
    return true;
  });
  await expect(collect(client.watch(ConfigMap, { resourceVersion: "1" }))).rejects.toBeInstanceOf(ExpiredError);
  await client.close();
});

test("a watch that breaks off is a ConnectionError, in the middle of a line too", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  for (const partial of [undefined, '{"type":"ADDED","obj', '{"type":"ADDED","obj\n']) {
    const watching = collect(client.watch(ConfigMap, { resourceVersion: server.version }));
    watching.catch(() => {});
    await until(() => server.watchers === 1);
    server.cutWatches(partial);
    await expect(watching).rejects.toBeInstanceOf(ConnectionError);
    await until(() => server.watchers === 0);
  }
  await client.close();
});

test("leaving a watch closes its connection; aborting ends it with the signal's reason", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  server.put("a");
  for await (const event of client.watch(ConfigMap)) {
    expect(event.type).toBe("ADDED");
    break;
  }
  await until(() => server.watchers === 0);
  const stop = new AbortController();
  const watching = collect(client.watch(ConfigMap, { signal: stop.signal }));
  await until(() => server.watchers === 1);
  stop.abort(new Error("enough"));
  await expect(watching).rejects.toThrow("enough");
  await until(() => server.watchers === 0);
  await client.close();
});

test("keeps its connections, and never sends a request on one that a watch has", async () => {
  await using server = await startApiServer();
  server.put("a");
  const client = connect({ text: server.kubeconfig() });
  const ports = { watch: new Set<number | undefined>(), requests: new Set<number | undefined>() };
  server.interceptions.push(({ url }, response) => {
    ports[url.searchParams.has("watch") ? "watch" : "requests"].add(response.socket?.remotePort);
    return false;
  });
  const stop = new AbortController();
  const watching = collect(client.watch(ConfigMap, { signal: stop.signal })).catch(() => {});
  await until(() => server.watchers === 1);
  for (let i = 0; i < 20; i++) await client.get(ConfigMap, { name: "a" });
  // A pool may open a second one when a request comes before the last one's end was noticed.
  expect(ports.requests.size).toBeLessThanOrEqual(2);
  expect(ports.watch.isDisjointFrom(ports.requests)).toBe(true);
  stop.abort();
  await watching;
  await client.close();
});

test("each warning of the server is passed on once", async () => {
  await using server = await startApiServer();
  server.put("a");
  server.interceptions.push((_, response) => {
    response.setHeader("Warning", ['299 - "v1 is \\"old\\""', '299 kube "other"']);
    return false;
  });
  const onWarning = vi.fn();
  const client = connect({ text: server.kubeconfig() }, { onWarning });
  await client.get(ConfigMap, { name: "a" });
  await client.get(ConfigMap, { name: "a" });
  expect(onWarning.mock.calls).toEqual([['v1 is "old"'], ["other"]]);
  await client.close();
});

test("a server that is not there is a ConnectionError that says so", async () => {
  const server = await startApiServer();
  const text = server.kubeconfig();
  await server.close();
  const client = connect({ text });
  await expect(client.get(ConfigMap, { name: "a" })).rejects.toMatchObject({ code: "ERR_CONNECTION", reason: "ECONNREFUSED" });
  await client.close();
});

test("discovers resources in one round where discovery is aggregated, and version by version where it is not", async () => {
  await using server = await startApiServer();
  const client = connect({ text: server.kubeconfig() });
  let aggregated = true;
  const group = (name: string, resource: string, kind: string, scope: string) => ({
    metadata: { name },
    versions: [{ version: "v1", resources: [{ resource, responseKind: { kind }, scope, verbs: ["get"] }] }],
  });
  server.interceptions.push(({ url }, response) => {
    const body = aggregated
      ? {
          "/api": { kind: "APIGroupDiscoveryList", items: [group("", "pods", "Pod", "Namespaced")] },
          "/apis": { kind: "APIGroupDiscoveryList", items: [group("g", "things", "Thing", "Cluster")] },
        }
      : {
          "/api": { kind: "APIVersions", versions: ["v1"] },
          "/apis": {
            kind: "APIGroupList",
            groups: [{ name: "g", versions: [{ groupVersion: "g/v1", version: "v1" }], preferredVersion: { version: "v1" } }],
          },
          "/api/v1": {
            resources: [
              { name: "pods", kind: "Pod", namespaced: true, verbs: ["get"] },
              { name: "pods/log", kind: "Pod", namespaced: true, verbs: ["get"] },
            ],
          },
          "/apis/g/v1": { resources: [{ name: "things", kind: "Thing", namespaced: false, verbs: ["get"] }] },
        };
    answer(response, 200, (body as Record<string, object>)[url.pathname] ?? {});
    return true;
  });
  const expected = [
    { group: "", version: "v1", resource: "pods", kind: "Pod", namespaced: true, verbs: ["get"], preferred: true },
    { group: "g", version: "v1", resource: "things", kind: "Thing", namespaced: false, verbs: ["get"], preferred: true },
  ];
  expect(await client.discover()).toEqual(expected);
  expect(server.requests).toHaveLength(2);
  aggregated = false;
  expect(await client.discover()).toEqual(expected);
  await client.close();
});
