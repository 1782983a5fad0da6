import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, fetch as fetchWith } from "undici";
import { expect, test } from "vitest";
import { startApiServer, until } from "../../test/api-server.ts";
import { startIssuer } from "../../test/oidc-issuer.ts";
import { startHttpProxy } from "../../test/proxies.ts";
import { builtIn } from "../api/index.ts";
import { loadKubeconfig } from "../client/index.ts";
import { controller, type Log, silentLog } from "../controller/index.ts";
import { createCa, issueCertificate } from "../pki/index.ts";
import { allow, convert, validate, webhookService } from "../webhook/index.ts";
import { manager, workerManager } from "./index.ts";

const ConfigMap = builtIn<{ apiVersion?: "v1"; kind?: "ConfigMap"; metadata?: object }>()("v1", "ConfigMap", "configmaps", "Namespaced");
const module = new URL("../../test/thread-controllers.ts", import.meta.url);
const ca = createCa({ commonName: "threads-test" });
const certificate = issueCertificate(ca, { commonName: "hook", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });

test("conversions are answered before the caches have synced, admission with 503, and both are counted", async () => {
  await using server = await startApiServer();
  server.put("a");
  let open = false;
  server.interceptions.push(async ({ url }) => {
    if (url.pathname.endsWith("/configmaps")) await until(() => open);
    return false;
  });
  let port = 0;
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    controllers: [controller(ConfigMap).reconcile(async () => {})],
    webhooks: [
      webhookService({
        certificate,
        port: 0,
        host: "127.0.0.1",
        drainMs: 0,
        webhooks: [validate("/validate", () => allow()), convert("/convert", (object, apiVersion) => ({ ...object, apiVersion }))],
        onListening: (_server, at) => {
          port = at;
        },
      }),
    ],
    probes: { port: 0, host: "127.0.0.1" },
    log: false,
  });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await until(() => port > 0);
  const dispatcher = new Agent({ connect: { ca: ca.certificate } });
  const post = async (path: string, body: object): Promise<{ status: number; body: unknown }> => {
    const response = await fetchWith(`https://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      dispatcher,
    });
    return { status: response.status, body: await response.json() };
  };
  const object = { apiVersion: "g/v1", kind: "K", metadata: { name: "a" } };
  const conversion = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "ConversionReview",
    request: { uid: "1", desiredAPIVersion: "g/v2", objects: [object] },
  };
  const admission = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "2", operation: "CREATE", kind: { group: "", version: "v1", kind: "Pod" }, object },
  };
  expect(await post("/convert", conversion)).toMatchObject({
    status: 200,
    body: { response: { convertedObjects: [{ apiVersion: "g/v2" }] } },
  });
  expect((await post("/validate", admission)).status).toBe(503);
  open = true;
  await running.ready;
  expect(await post("/validate", admission)).toMatchObject({ status: 200, body: { response: { allowed: true } } });
  const metrics = await (await fetch(`${running.probesUrl}/metrics`)).text();
  for (const line of [
    'controller_runtime_webhook_requests_total{webhook="/convert",code="200"} 1',
    'controller_runtime_webhook_requests_total{webhook="/convert",code="500"} 0',
    'controller_runtime_webhook_requests_total{webhook="/validate",code="503"} 1',
    'controller_runtime_webhook_requests_total{webhook="/validate",code="200"} 1',
    'controller_runtime_webhook_requests_in_flight{webhook="/validate"} 0',
    'controller_runtime_webhook_latency_seconds_count{webhook="/validate"} 2',
  ])
    expect(metrics).toContain(line);
  await dispatcher.close();
  stop.abort();
  await done;
});

test("a manager in a thread of its own reconciles there, and shows its lines and figures here", async () => {
  await using server = await startApiServer();
  server.put("a");
  const lines: string[] = [];
  const log: Log = { ...silentLog, info: (fields, text) => void lines.push(`${text} ${JSON.stringify(fields)}`), child: () => log };
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    webhooks: [workerManager({ name: "thread", module })],
    probes: { port: 0, host: "127.0.0.1" },
    log,
  });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await running.ready;
  await until(() => lines.some((line) => /^reconciled in a thread .*"controller":"threaded".*"name":"a".*"reconcileId"/.test(line)));
  await until(async () =>
    (await (await fetch(`${running.probesUrl}/metrics`)).text()).includes(
      'controller_runtime_reconcile_total{controller="threaded",result="success"} 1',
    ),
  );
  stop.abort();
  await done;
  await until(() => server.watchers === 0);
});

test("what fails in a thread ends the manager with its error", async () => {
  await using server = await startApiServer();
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    webhooks: [workerManager({ name: "thread", module, data: { fail: true } })],
    log: false,
  });
  await expect(running.run()).rejects.toThrow("the thread's own failure");
});

test("told to stop, a manager does not wait for a thread whose caches have not synced, or whose webhooks do not serve yet", async () => {
  await using server = await startApiServer();
  // Caches wait for an answer that does not come.
  server.interceptions.push(({ url }) => url.pathname.endsWith("/configmaps"));
  for (const slow of [false, true]) {
    const lines: string[] = [];
    const take: Log["info"] = (_, text) => void lines.push(text ?? "");
    const log: Log = { ...silentLog, info: take, warn: take, error: take, child: () => log };
    const thread = workerManager({ name: "thread", module, data: { slow } });
    const running = manager({ kubeconfig: { text: server.kubeconfig() }, webhooks: [thread], log });
    const stop = new AbortController();
    const done = running.run(stop.signal);
    await until(() =>
      slow ? lines.includes("does not serve yet") : server.requests.some(({ url }) => url.pathname.endsWith("/configmaps")),
    );
    stop.abort();
    await done;
    expect(lines).not.toContain("did not stop in time");
  }
});

test("a thread that does not end by the end of the grace period is ended, so that it does not keep the process", async () => {
  await using server = await startApiServer();
  const connections = new Set<Socket>();
  const listener = createServer((socket) => {
    connections.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => connections.delete(socket));
  });
  await once(listener.listen(0, "127.0.0.1"), "listening");
  const { port } = listener.address() as AddressInfo;
  const thread = workerManager({ name: "thread", module, data: { stuck: port } });
  const running = manager({ kubeconfig: { text: server.kubeconfig() }, webhooks: [thread], gracePeriodMs: 1, log: false });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await until(() => connections.size === 1);
  stop.abort();
  await done;
  await until(() => connections.size === 0);
  listener.close();
});

test("a webhook's own start hears of the wish to stop, and what it fails with then is logged", async () => {
  await using server = await startApiServer();
  const lines: string[] = [];
  const log: Log = {
    ...silentLog,
    warn: (fields, text) => void lines.push(`${text}: ${(fields as { err: unknown }).err}`),
    child: () => log,
  };
  const stop = new AbortController();
  const running = manager({
    kubeconfig: { text: server.kubeconfig() },
    webhooks: [
      webhookService({
        certificate,
        port: 0,
        host: "127.0.0.1",
        webhooks: [validate("/validate", () => allow())],
        onListening: async (_server, _port, signal) => {
          const stopped = once(signal, "abort");
          stop.abort();
          await stopped;
          throw new Error("half done");
        },
      }),
    ],
    log,
  });
  await running.run(stop.signal);
  expect(lines).toEqual(["failed to start while it was to stop: Error: half done"]);
});

test("the lease's thread gets credentials of its own, from a plugin or a token file", async () => {
  await using server = await startApiServer();
  const folder = mkdtempSync(join(tmpdir(), "lease-credentials-"));
  const tokenFile = join(folder, "token");
  writeFileSync(tokenFile, "from-file");
  const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token: "from-plugin" } };
  const exec = {
    apiVersion: credential.apiVersion,
    command: process.execPath,
    args: ["-e", `console.log(${JSON.stringify(JSON.stringify(credential))})`],
    interactiveMode: "IfAvailable",
  };
  for (const [user, token] of [
    [{ exec }, "from-plugin"],
    [{ tokenFile }, "from-file"],
  ] as const) {
    const running = manager({ kubeconfig: { text: server.kubeconfig(user) }, name: token, leaderElection: {}, log: false });
    const stop = new AbortController();
    const done = running.run(stop.signal);
    await running.ready;
    stop.abort();
    await done;
    const leases = server.requests.filter(({ url }) => url.pathname.endsWith(`/leases/${token}`));
    expect(leases.length).toBeGreaterThan(0);
    expect(new Set(leases.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${token}`]));
  }
  rmSync(folder, { recursive: true, force: true });
});

test("the lease's thread renews an OpenID Connect token through the proxy of the environment that the cluster was read in", async () => {
  await using server = await startApiServer();
  await using issuer = await startIssuer("issuer.test");
  await using proxy = await startHttpProxy();
  const config = {
    "idp-issuer-url": issuer.url,
    "client-id": "cli",
    "client-secret": "s:cret",
    "idp-certificate-authority-data": Buffer.from(issuer.ca).toString("base64"),
    "refresh-token": "r0",
  };
  const kubeconfig = loadKubeconfig({
    text: server.kubeconfig({ "auth-provider": { name: "oidc", config } }),
    env: { HTTPS_PROXY: proxy.url },
  });
  const running = manager({ kubeconfig, leaderElection: {}, log: false });
  const stop = new AbortController();
  const done = running.run(stop.signal);
  await running.ready;
  stop.abort();
  await done;
  expect(issuer.refreshes).toHaveLength(1);
  expect(proxy.asked).toContain(`CONNECT ${new URL(issuer.url).host}`);
});
