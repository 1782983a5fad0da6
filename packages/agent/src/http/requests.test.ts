import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { strangeWord } from "../../test/argv-grammar.ts";
import { hostileText, rightFault, wrongFault } from "../../test/fault-arbitraries.ts";
import { ModelKernel } from "../../test/model-kernel.ts";
import { Faults } from "../faults.ts";
import { Device } from "../kernel/index.ts";
import { StateFolder } from "../store/index.ts";
import { Api, serve } from "./index.ts";

const RUNS = 20_000;

const kernel = new ModelKernel();
// Every change is forced onto the disk: let that be memory where it can, for there are thousands.
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "agent-"));
const device = new Device({ name: "eth0", run: kernel.run, marks: true, spared: { port: 2332, addresses: [] } });
const faults = new Faults({ device, state: new StateFolder(folder) });
let server: Server;
let client: Connection;

beforeAll(async () => {
  const started = await serve({ api: new Api(faults, device), port: 0, host: "127.0.0.1" });
  server = started.server;
  client = new Connection(started.port);
});
afterAll(async () => {
  await faults.stop();
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

interface Request {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** The field that must be named, where it is known that the request is wrong. */
  readonly field?: string;
  /** It is right, though another fault may be in its way. */
  readonly right?: boolean;
}
const name = fc.integer({ min: 0, max: 9 }).map((number) => `fault-${number}`);
const asPath = (text: string): string => encodeURIComponent(text.toWellFormed());

const request: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(name, rightFault)
      .map(([one, spec]) => ({ method: "PUT", path: `/v1/faults/${one}`, body: JSON.stringify(spec), right: true })),
  },
  {
    weight: 8,
    arbitrary: fc
      .tuple(name, wrongFault)
      .map(([one, { field, spec }]) => ({ method: "PUT", path: `/v1/faults/${one}`, body: JSON.stringify(spec), field })),
  },
  {
    weight: 2,
    arbitrary: hostileText.map((text) => ({
      method: "GET",
      path: `/latency/${asPath(text)}`,
      ...(!/^(0|65536)$/.test(text) && { field: "time" }),
    })),
  },
  {
    weight: 2,
    arbitrary: hostileText.map((text) => ({
      method: "PUT",
      path: `/v1/faults/${asPath(text)}`,
      body: '{"partition":true}',
      ...(!(/^[a-z\d-]{1,63}$/.test(text) && !/^-|-$/.test(text)) && { field: "name" }),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(hostileText, hostileText).map(([key, value]) => ({
      method: "GET",
      path: `/latency/20ms?${asPath(key)}=${asPath(value)}`,
      field: `?${key}`,
    })),
  },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 999 }).map((ms) => ({ method: "GET", path: `/latency/${ms}ms`, right: true })) },
  { weight: 2, arbitrary: name.map((one) => ({ method: "DELETE", path: `/v1/faults/${one}`, right: true })) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 60 }).map((body) => ({ method: "PUT", path: "/v1/faults/x", body })) },
  { weight: 1, arbitrary: fc.jsonValue().map((json) => ({ method: "PUT", path: "/v1/faults/x", body: JSON.stringify(json) })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"),
        fc.array(fc.oneof(fc.constantFrom("v1", "faults", "latency", "state", "..", "", "%2e%2e", "%", "metrics", "healthz"), name), {
          maxLength: 5,
        }),
        hostileText,
      )
      .map(([method, segments, body]) => ({ method, path: `/${segments.join("/")}`, body })),
  },
);

/** Everything that a refused request must leave as it was. */
function everything(before?: { readonly kernel: string; readonly text: string }): { readonly kernel: string; readonly text: string } {
  let stored = "";
  for (const file of ["faults.json", "undo"]) {
    try {
      stored += readFileSync(join(folder, file), "utf8");
    } catch {
      stored += "none";
    }
  }
  // A kernel that was told nothing has not changed.
  const there = before !== undefined && kernel.log.length === 0 ? before.kernel : kernel.snapshot();
  return { kernel: there, text: `${there}${JSON.stringify(faults.active.map(({ name, spec, until }) => [name, spec, until]))}${stored}` };
}

describe("the API", () => {
  test(`${RUNS} random requests: no shell, no word of a request in a command, and a refusal says why and changes nothing`, {
    timeout: 120_000,
  }, async () => {
    const statuses = new Map<number, number>();
    let before = everything();
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, body, field, right }) => {
        kernel.log.length = 0;
        const answer = await client.ask(method, path, body);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        // Plain asserts: `expect` would take longer than the requests.
        assert.equal(
          kernel.log.map(strangeWord).find((word) => word !== undefined),
          undefined,
        );
        assert.ok(answer.status < 500, `${answer.status} ${answer.body["error"]}`);
        if (right) assert.ok([200, 201, 409].includes(answer.status), `${answer.status} ${answer.body["error"]}`);
        if (field !== undefined) assert.equal(`${answer.status} ${answer.body["field"]}`, `400 ${shownField(field)}`);
        if (answer.status === 400) assert.ok(typeof answer.body["field"] === "string" && answer.body["allowed"]);
        const after = everything(before);
        if (answer.status >= 400) assert.equal(after.text, before.text);
        before = after;
      }),
      { numRuns: RUNS },
    );
    // All kinds of answers came, else the generators test nothing.
    for (const status of [200, 201, 400, 404, 405, 409]) expect(statuses.get(status) ?? 0, `answers ${status}`).toBeGreaterThan(20);
    await faults.removeAll();
    expect(kernel.snapshot()).toBe(new ModelKernel().snapshot());
  });

  test("the one-word API says what is in force of it, and the command that does it", async () => {
    const command = "tc qdisc change dev eth0 parent 7a00:2 handle 7a18: netem limit 100000 delay 20000us 0us 0%";
    expect((await client.ask("GET", "/latency/20ms")).body["tc command"]).toContain(command.replace("change", "add"));
    expect((await client.ask("GET", "/latency/20ms")).body["tc command"]).toContain(command);
    const { status } = await client.ask("PUT", "/v1/faults/latency", JSON.stringify({ loss: { random: { percent: 5 } } }));
    expect([status, await client.ask("GET", "/latency")]).toEqual([200, { status: 200, body: { latency: null } }]);
    expect((await client.ask("DELETE", "/latency")).body["removed"]).toBe(true);
  });

  test("what is no HTTP at all is refused, and the next is served", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 80 }), async (text) => {
        kernel.log.length = 0;
        await client.raw(`x${text}\r\n\r\n`);
        expect(kernel.log).toEqual([]);
      }),
      { numRuns: 200 },
    );
    expect((await client.ask("GET", "/healthz")).status).toBe(200);
  });

  test("a body without end is cut off", async () => {
    expect((await client.ask("PUT", "/v1/faults/x", "1".repeat(100_000))).status).toBe(413);
  });
});

/** Long names are shortened in answers. */
function shownField(field: string): string {
  return field.length > 64 ? `${field.slice(0, 64)}…` : field;
}

/** One connection that asks one thing after the other, as it is told to and without the manners of `fetch`. */
class Connection {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  async ask(method: string, path: string, body?: string): Promise<{ status: number; body: Record<string, unknown> }> {
    const length = body === undefined ? "" : `content-length: ${Buffer.byteLength(body)}\r\n`;
    const text = await this.raw(`${method} ${path} HTTP/1.1\r\nhost: pod\r\n${length}\r\n${body ?? ""}`, method === "HEAD");
    const [head = "", ...rest] = text.split("\r\n\r\n");
    const content = rest.join("\r\n\r\n");
    return { status: Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]), body: content.startsWith("{") ? JSON.parse(content) : {} };
  }

  /** What the server says, until it has said one answer or closes. */
  raw(text: string, headOnly = false): Promise<string> {
    if (this.#socket === undefined || this.#socket.destroyed || this.#socket.readyState !== "open")
      this.#socket = connect(this.#port, "127.0.0.1");
    const socket = this.#socket;
    return new Promise((resolve) => {
      let got = "";
      const end = (keep: boolean): void => {
        socket.removeAllListeners("data").removeAllListeners("close").removeAllListeners("error");
        if (!keep || /connection: close/i.test(got)) {
          socket.on("error", () => {});
          socket.destroy();
          this.#socket = undefined;
        }
        resolve(got);
      };
      socket.on("data", (chunk: Buffer) => {
        got += chunk.toString("utf8");
        const split = got.indexOf("\r\n\r\n");
        if (split < 0) return;
        const length = headOnly ? 0 : Number(/content-length: (\d+)/i.exec(got.slice(0, split))?.[1] ?? 0);
        if (Buffer.byteLength(got.slice(split + 4)) >= length) end(true);
      });
      socket.on("close", () => end(false));
      socket.on("error", () => end(false));
      socket.write(text);
    });
  }
}
