import { once } from "node:events";
import type { ClientRequest } from "node:http";
import { request } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { createCa, issueCertificate } from "../pki/index.ts";
import { validate, type WebhookServer, type WebhookServerOptions, webhookServer } from "./index.ts";

const ca = createCa({ commonName: "load-test" });
const certificate = issueCertificate(ca, {
  commonName: "hook",
  dnsNames: ["localhost"],
  ipAddresses: ["127.0.0.1"],
  usages: ["server auth"],
});
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(options: Partial<WebhookServerOptions>): Promise<{ server: WebhookServer; port: number }> {
  const webhooks = [validate("/v", () => undefined)];
  const server = webhookServer({ webhooks, certificate, port: 0, host: "127.0.0.1", ...options });
  const port = await server.listen();
  cleanups.push(() => server.close());
  return { server, port };
}
const body = (bytes: number) =>
  JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: { uid: "u", operation: "CREATE", kind: {}, resource: {}, object: { padding: "x".repeat(bytes) } },
  });
interface Sent {
  readonly answer: Promise<number | string>;
  readonly request: ClientRequest;
}
/** Sends the head of a request, and of its body as much as is asked for; `end` sends the rest. */
function begin(port: number, text: string, part = text.length, identity: { cert?: string; key?: string } = {}): Sent & { end(): void } {
  const sent = request({ port, host: "127.0.0.1", path: "/v", method: "POST", ca: ca.certificate, agent: false, ...identity });
  sent.setHeader("content-type", "application/json");
  sent.setHeader("content-length", text.length);
  const answer = once(sent, "response").then(
    ([response]) => {
      response.resume();
      return response.statusCode as number;
    },
    (error: NodeJS.ErrnoException) => error.code ?? "error",
  );
  sent.on("error", () => {});
  sent.write(text.slice(0, part));
  return {
    answer,
    request: sent,
    end: () => void sent.end(text.slice(part)),
  };
}
const whole = (port: number, bytes = 10, identity = {}) => {
  const sent = begin(port, body(bytes), undefined, identity);
  sent.end();
  return sent.answer;
};
const MIB = 1024 * 1024;

describe("a server under a flood", () => {
  it("cuts off bodies that come slowly when all together are too large, and answers those that come at once", async () => {
    const { port } = await serve({ limits: { bytes: 4 * MIB } });
    const slow = Array.from({ length: 8 }, () => begin(port, body(MIB), MIB));
    const cut = slow.slice(0, 4).map(({ answer }) => answer);
    expect(new Set(await Promise.all(cut))).toEqual(new Set(["ECONNRESET"]));
    expect(await whole(port, MIB)).toBe(200);
    expect(await whole(port)).toBe(200);
    // What was cut off has given its bytes back.
    expect(await Promise.all(Array.from({ length: 3 }, () => whole(port, MIB)))).toEqual([200, 200, 200]);
    for (const { request: sent } of slow) sent.destroy();
  });

  it("refuses a body that is whole when those that wait for their answer leave no room for it", async () => {
    const waiting = Promise.withResolvers<undefined>();
    const called = Promise.withResolvers<void>();
    const handler = (): Promise<undefined> => {
      called.resolve();
      return waiting.promise;
    };
    const { port } = await serve({ limits: { bytes: 2 * MIB }, webhooks: [validate("/v", handler)] });
    const first = whole(port, 1.9 * MIB);
    await called.promise;
    const second = begin(port, body(MIB));
    second.end();
    expect(["ECONNRESET", 503]).toContain(await second.answer);
    waiting.resolve(undefined);
    expect(await first).toBe(200);
  });

  it("gives up silent connections before those on which reviews were answered", async () => {
    const { port } = await serve({ limits: { connections: 20 } });
    const open = async (): Promise<TLSSocket> => {
      const socket = connect({ port, host: "127.0.0.1", ca: ca.certificate });
      socket.on("error", () => {});
      cleanups.push(() => socket.destroy());
      await once(socket, "secureConnect");
      return socket;
    };
    const useful = await open();
    const text = body(1);
    const ask = async (): Promise<string> => {
      useful.write(`POST /v HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`);
      const [chunk] = (await once(useful, "data")) as [Buffer];
      return chunk.toString().slice(0, 15);
    };
    expect(await ask()).toBe("HTTP/1.1 200 OK");
    const silent: TLSSocket[] = [];
    for (let count = 0; count < 40; count++) silent.push(await open());
    await expect.poll(() => silent.filter(({ destroyed }) => destroyed).length, { timeout: 15_000 }).toBeGreaterThanOrEqual(20);
    expect(silent.at(-1)?.destroyed).toBe(false);
    expect(await ask()).toBe("HTTP/1.1 200 OK");
  });
});

describe("a server that knows the authority of API servers", () => {
  const clients = createCa({ commonName: "clients" });
  const identity = (authority: typeof clients) => {
    const { certificate: cert, key } = issueCertificate(authority, { commonName: "apiserver", dnsNames: [], usages: ["client auth"] });
    return { cert, key };
  };

  it("takes reviews from them alone, conversions and probes from everybody", async () => {
    const { port, server } = await serve({ clientCa: clients.certificate });
    expect(await whole(port, 1, identity(clients))).toBe(200);
    expect(await whole(port)).toBe(401);
    expect(await whole(port, 1, identity(createCa({ commonName: "others" })))).toBe(401);
    const probe = request({ port, host: "127.0.0.1", path: "/healthz", ca: ca.certificate, agent: false });
    probe.end();
    expect(((await once(probe, "response")) as [{ statusCode: number }])[0].statusCode).toBe(200);
    const next = createCa({ commonName: "next clients" });
    server.setClientCa(next.certificate);
    expect(await whole(port, 1, identity(next))).toBe(200);
    expect(await whole(port, 1, identity(clients))).toBe(401);
    server.setCertificate(issueCertificate(ca, { commonName: "hook", dnsNames: [], ipAddresses: ["127.0.0.1"], usages: ["server auth"] }));
    expect(await whole(port, 1, identity(next))).toBe(200);
    expect(await whole(port)).toBe(401);
  });
});
