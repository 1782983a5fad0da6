import { createSecureServer } from "node:http2";
import { expect, test } from "vitest";
import { startApiServer, until } from "../../test/api-server.ts";
import { ConfigMap } from "../kinds/index.ts";
import { createCa, issueCertificate } from "../pki/index.ts";
import { ConnectionError, connect } from "./index.ts";

const map = (name: string, data: Record<string, string> = {}) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data }) as const;

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

test("a stream may stay silent, before its first byte too; what is no stream, or is answered at once, may not", async () => {
  await using server = await startApiServer();
  let begin = (): void => {};
  server.interceptions.push(({ url }, response) => {
    if (url.pathname.endsWith("/log")) begin = () => void response.end("at last\n");
    return true;
  });
  const client = connect({ text: server.kubeconfig() }, { timeoutMs: 200 });
  const lines = Array.fromAsync(client.logs({ name: "p" }, { follow: true }));
  await until(() => server.requests.length === 1);
  // Both begin later, and are over before.
  const late = { code: "ERR_CONNECTION", reason: "UND_ERR_HEADERS_TIMEOUT" };
  await expect(client.get(ConfigMap, { name: "a" })).rejects.toMatchObject(late);
  await expect(Array.fromAsync(client.watch(ConfigMap))).rejects.toMatchObject(late);
  begin();
  expect(await lines).toEqual(["at last"]);
  await client.close();
});

test("a stream that waits for its first byte ends by its signal", async () => {
  await using server = await startApiServer();
  server.interceptions.push(() => true);
  const client = connect({ text: server.kubeconfig() });
  const stop = new AbortController();
  const lines = Array.fromAsync(client.logs({ name: "p" }, { follow: true, signal: stop.signal }));
  await until(() => server.requests.length === 1);
  stop.abort(new Error("enough"));
  await expect(lines).rejects.toThrow("enough");
  await client.close();
});

test("a refusal of a stream whose body stands still is a ConnectionError", async () => {
  await using server = await startApiServer();
  server.interceptions.push((_, response) => {
    response.writeHead(403, { "content-type": "application/json" }).write('{"kind":"Status",');
    return true;
  });
  const client = connect({ text: server.kubeconfig() }, { timeoutMs: 200 });
  const late = { code: "ERR_CONNECTION", reason: "UND_ERR_BODY_TIMEOUT" };
  await expect(Array.fromAsync(client.logs({ name: "p" }, { follow: true }))).rejects.toMatchObject(late);
  await expect(Array.fromAsync(client.watch(ConfigMap))).rejects.toMatchObject(late);
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
  const watching = Array.fromAsync(client.watch(ConfigMap, { signal: stop.signal })).catch(() => {});
  await until(() => server.watchers === 1);
  for (let i = 0; i < 20; i++) await client.get(ConfigMap, { name: "a" });
  // A pool may open a second one when a request comes before the last one's end was noticed.
  expect(ports.requests.size).toBeLessThanOrEqual(2);
  expect(ports.watch.isDisjointFrom(ports.requests)).toBe(true);
  stop.abort();
  await watching;
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
