import { expect, test } from "vitest";
import { answer, refuse, startApiServer } from "../../test/api-server.ts";
import { connect, dynamicResource } from "./index.ts";

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
  expect(await Array.fromAsync(client.logs({ name: "a" }, { tailLines: 3, follow: true, timestamps: false }))).toEqual([
    "one",
    "",
    "three",
  ]);
  expect(server.requests[0]?.url.search).toBe("?tailLines=3&follow=true&timestamps=false");
  await expect(Array.fromAsync(client.logs({ name: "a" }, { container: "gone" }))).rejects.toThrow("container gone is not valid for pod a");
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
