import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ModelKernel } from "../../test/model-kernel.ts";
import { Faults } from "../faults.ts";
import { Device } from "../kernel/index.ts";
import { StateFolder } from "../store/index.ts";
import { Api, type ServerOptions, serve } from "./index.ts";

let folder: string;
let ends: (() => void)[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "agent-"));
  ends = [];
});
afterEach(() => {
  for (const end of ends) end();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<ServerOptions> = {}): Promise<{ port: number; faults: Faults }> {
  const kernel = new ModelKernel();
  const device = new Device({ name: "eth0", run: kernel.run, marks: true, spared: { port: 2332, addresses: [] } });
  const faults = new Faults({ device, state: new StateFolder(folder) });
  const { server, port } = await serve({ api: new Api(faults, device), port: 0, host: "127.0.0.1", ...options });
  ends.push(() => {
    server.close();
    server.closeAllConnections();
    void faults.stop();
  });
  return { port, faults };
}

function ask(
  port: number,
  method: string,
  path: string,
  { headers = {}, body, agent }: { headers?: Record<string, string>; body?: string; agent?: Agent } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path, headers, ...(agent ? { agent } : {}) }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

describe("an agent without a token", () => {
  test.each([
    ["a page's script", { origin: "http://evil.example" }],
    ["a page's own origin, by a name that was pointed here", { origin: "http://127.0.0.1:2332" }],
    ["an image in a page", { referer: "http://evil.example/" }],
    ["a page, as newer browsers say", { "sec-fetch-site": "cross-site" }],
    ["an image whose page hides where it is", { "user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0" }],
    ["a name of the internet", { host: "evil.example:2332" }],
  ])("changes nothing for %s", async (_, headers) => {
    const { port, faults } = await start();
    expect(await ask(port, "GET", "/latency/60s", { headers })).toBe(403);
    expect(await ask(port, "PUT", "/v1/faults/cut", { headers, body: '{"partition":true}' })).toBe(403);
    expect(faults.active).toEqual([]);
  });

  test.each([
    "127.0.0.1:2332",
    "10.1.2.3",
    "[fd00::1]:2332",
    "localhost",
    "web-0",
    "web-0.web.shop.svc",
    "web-0.web.shop.svc.cluster.local:2332",
  ])("answers programs that ask %s", async (host) => {
    const { port } = await start();
    expect(await ask(port, "GET", "/latency/20ms", { headers: { host, "user-agent": "curl/8.5.0" } })).toBe(200);
  });

  test("asks for a token from the moment that there is one", async () => {
    let token: string | undefined;
    const { port } = await start({ token: () => token });
    expect(await ask(port, "GET", "/v1/faults")).toBe(200);
    token = "a-long-secret";
    expect(await ask(port, "GET", "/v1/faults")).toBe(401);
    expect(
      await ask(port, "GET", "/v1/faults", { headers: { authorization: "Bearer a-long-secret", origin: "http://evil.example" } }),
    ).toBe(200);
  });
});

test("headers that do not end are waited for as long as is configured, not until the next of Node's looks half a minute later", {
  timeout: 25_000,
}, async () => {
  const { port } = await start({ headersTimeoutMs: 300 });
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /healthz HTTP/1.1\r\nhost: pod\r\nx-slow: ");
  socket.resume();
  await once(socket, "close");
});

test("bodies that are under way at one time are bounded in sum, and the room is given back", async () => {
  const { port } = await start();
  const held = Array.from({ length: 60 }, () => {
    const socket = connect(port, "127.0.0.1");
    socket.write(`PUT /v1/faults/x HTTP/1.1\r\nhost: pod\r\ncontent-length: 64000\r\n\r\n${" ".repeat(60_000)}`);
    return socket;
  });
  const answers = held.map(async (socket) => String((await once(socket, "data"))[0]).slice(9, 12));
  // 60 bodies of 60 kB are 3.6 MB, and the agent keeps 2 MiB.
  const refused = await Promise.race([
    Promise.any(answers),
    new Promise<string>((resolve) => setTimeout(() => resolve("none"), 15_000).unref()),
  ]);
  expect(refused).toBe("503");
  for (const socket of held) socket.destroy();
  await expect.poll(() => ask(port, "PUT", "/v1/faults/x", { body: '{"delay":{"time":"1ms"}}' }), { timeout: 10_000 }).toBe(201);
});

test("1,000 requests of 65 kB over 200 connections leave the agent below the 128 MiB of its container", { timeout: 120_000 }, async () => {
  const flags =
    /"node", (.*), "[^"]*outrigger-agent.js"/.exec(readFileSync(join(import.meta.dirname, "../../Dockerfile"), "utf8"))?.[1] ?? "";
  expect(flags).toContain("--max-old-space-size=");
  const child: ChildProcess = spawn(
    process.execPath,
    [...(JSON.parse(`[${flags}]`) as string[]), "--conditions=source", join(import.meta.dirname, "../../test/serving-agent.ts"), folder],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  ends.push(() => child.kill("SIGKILL"));
  const [line] = (await once(createInterface({ input: child.stdout! }), "line")) as [string];
  const agent = new Agent({ keepAlive: true, maxSockets: 200 });
  ends.push(() => agent.destroy());
  const body = JSON.stringify({ delay: { time: "20ms" } }).padEnd(65_000);
  const statuses = new Map<number, number>();
  await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      // A refused request's connection is closed while its body is still being sent.
      const status = await ask(Number(line), "PUT", `/v1/faults/f${index % 3}`, { body, agent }).catch(() => 0);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }),
  );
  expect(child.exitCode).toBe(null);
  const peak = Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]);
  expect(peak / 1024).toBeLessThan(128);
  expect((statuses.get(200) ?? 0) + (statuses.get(409) ?? 0) + (statuses.get(201) ?? 0)).toBeGreaterThan(50);
});
