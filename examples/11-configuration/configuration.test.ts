import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { deployment } from "./deployment.ts";
import { settings } from "./settings.ts";

// Apollo's two endpoints, over HTTP.
let content = JSON.stringify({ server: { port: 7000 } });
let notificationId = 1;
const waiting = new Set<ServerResponse>();
let server: Server;
let address: string;
let folder: string;
const stopping = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outrigger-settings-"));
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", address);
    if (url.pathname === "/configs/bfe/default/application.json")
      return void response.end(
        JSON.stringify({ appId: "bfe", namespaceName: "application.json", configurations: { content }, releaseKey: "r" }),
      );
    const [known] = JSON.parse(url.searchParams.get("notifications") ?? "[]") as { notificationId: number }[];
    if (known?.notificationId === notificationId) return void waiting.add(response);
    response.end(JSON.stringify([{ namespaceName: "application.json", notificationId }]));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  stopping.abort();
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

test("the same middleware follows Apollo and a file, and a variable wins over either", async () => {
  const path = join(folder, "legacy-cm.json");
  await writeFile(path, '{"server": {"port": 9000}}');
  const fromFile = await settings({ CONFIG_PATH_LEGACY_CM: path }, stopping.signal);
  const fromApollo = await settings({ CONFIG_SOURCE: "apollo", APOLLO_SERVER: address }, stopping.signal);
  const forced = await settings({ CONFIG_PATH_LEGACY_CM: path, BFE_SERVER_PORT: "1234" }, stopping.signal);
  expect([fromFile, fromApollo, forced].map(({ value }) => value.server.port)).toEqual([9000, 7000, 1234]);

  await writeFile(path, '{"server": {"port": 9001}}');
  await vi.waitFor(() => expect(waiting.size).toBe(1), { timeout: 20_000 });
  content = JSON.stringify({ server: {}, routes: [{ prefix: "/old", to: "legacy" }] });
  notificationId++;
  for (const response of waiting) response.end(JSON.stringify([{ namespaceName: "application.json", notificationId }]));
  await vi.waitFor(() => expect(fromFile.value.server.port).toBe(9001), { timeout: 20_000 });
  await vi.waitFor(() => expect(fromApollo.value).toEqual({ server: { port: 8080 }, routes: [{ prefix: "/old", to: "legacy" }] }), {
    timeout: 20_000,
  });
});

test("the Deployment has each ConfigMap in a folder of its own, and tells the middleware where", () => {
  const { spec } = deployment("bfe:1", { REGION: "eu", DEPLOY_ENV: "test", AZ: "1", IDC: "a", HTTP_PROXY: "http://p" });
  const [container] = spec.template.spec.containers as { env?: { name: string; value: string }[] }[];
  expect(Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]))).toEqual({
    CONFIG_PATH_LEGACY_CM: "/etc/config/bfe/legacy-cm/legacy-cm.json",
    CONFIG_PATH_LEGACY_AS: "/etc/config/bfe/legacy-as/legacy-as.json",
    REGION: "eu",
    DEPLOY_ENV: "test",
    AZ: "1",
    IDC: "a",
    HTTP_PROXY: "http://p",
    http_proxy: "http://p",
    SERVICE_NAME: "bfe",
  });
});
