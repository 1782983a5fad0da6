import { expect, test, vi } from "vitest";
import { answer, refuse, startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap } from "../kinds/index.ts";
import {
  AlreadyExistsError,
  ConflictError,
  connect,
  dynamicResource,
  ExpiredError,
  InvalidError,
  NotFoundError,
  StatusError,
  TooManyRequestsError,
} from "./index.ts";

const map = (name: string, data: Record<string, string> = {}) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data }) as const;

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
    (await Array.fromAsync(client.pages(ConfigMap, { limit: 2, inconsistent }))).flatMap(({ items }) =>
      items.map(({ metadata }) => metadata.name),
    );
  await expect(names(false)).rejects.toBeInstanceOf(ExpiredError);
  expect(await names(true)).toEqual(["a0", "a1", "a3", "a4"]);
  await client.close();
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
