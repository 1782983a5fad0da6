// biome-ignore-all lint/suspicious/noExplicitAny: reviews of any shape
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { applyJsonPatch } from "@outrigger/machinery/patch";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { KubeObject } from "../api/index.ts";
import { ForbiddenError } from "../client/index.ts";
import { type CertificateAuthority, createCa, issueCertificate } from "../pki/index.ts";
import {
  allow,
  change,
  convert,
  deny,
  invalid,
  mutate,
  patch,
  validate,
  type WebhookServer,
  type WebhookServerOptions,
  webhookServer,
} from "./index.ts";

let ca: CertificateAuthority;
beforeAll(() => {
  ca = createCa({ commonName: "test" });
});
const leaf = () =>
  issueCertificate(ca, { commonName: "hook", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], usages: ["server auth"] });

let server: WebhookServer;
let port: number;
let agent: Agent;
async function start(options: Partial<WebhookServerOptions>): Promise<void> {
  server = webhookServer({ webhooks: [], certificate: leaf(), port: 0, host: "127.0.0.1", ...options });
  port = await server.listen();
  agent = new Agent({ keepAlive: true, ca: ca.certificate });
}
afterEach(async () => {
  agent.destroy();
  await server.close();
});

interface Answer {
  status: number;
  body: any;
  headers: Record<string, string | string[] | undefined>;
}
function send(path: string, body: string | Buffer | undefined, options: RequestOptions = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpsRequest(
    { host: "127.0.0.1", port, path, method: "POST", agent, headers: { "content-type": "application/json" }, ...options },
    (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          body: JSON.parse(Buffer.concat(chunks).toString() || "null"),
          headers: response.headers,
        }),
      );
    },
  );
  request.on("error", reject);
  request.end(body);
  return promise;
}
const pod = (metadata: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", ...metadata },
  spec: { containers: [{ name: "c", image: "i" }] },
});
const review = (object: unknown, version = "v1", request: object = {}) =>
  JSON.stringify({
    apiVersion: `admission.k8s.io/${version}`,
    kind: "AdmissionReview",
    request: { uid: "u-1", operation: "CREATE", object, ...request },
  });
const operations = (answer: Answer) => JSON.parse(Buffer.from(answer.body.response.patch, "base64").toString());

describe("a review", () => {
  it("is answered in its own version with its own uid", async () => {
    await start({ webhooks: [validate("/v", () => undefined)] });
    for (const version of ["v1", "v1beta1"]) {
      const { status, body } = await send("/v?timeout=5s", review(pod(), version));
      expect([status, body]).toEqual([
        200,
        { apiVersion: `admission.k8s.io/${version}`, kind: "AdmissionReview", response: { uid: "u-1", allowed: true } },
      ]);
    }
  });

  it("is answered with the smallest patch that makes the handler's object", async () => {
    const sent = pod({ labels: { "a/b~c": "1" }, managedFields: [{ manager: "m" }] });
    await start({
      webhooks: [
        mutate("/m", ({ object }) => {
          const copy = structuredClone(object) as any;
          copy.spec.containers.unshift({ name: "sidecar", image: "s" });
          copy.metadata.labels["a/b~c"] = "2";
          delete copy.metadata.managedFields;
          return change(copy, { warnings: ["changed"], auditAnnotations: { why: "because" } });
        }),
      ],
    });
    const answer = await send("/m", review(sent));
    expect(answer.body.response).toMatchObject({ patchType: "JSONPatch", warnings: ["changed"], auditAnnotations: { why: "because" } });
    expect(operations(answer)).toEqual([
      { op: "replace", path: "/metadata/labels/a~1b~0c", value: "2" },
      { op: "add", path: "/spec/containers/0", value: { name: "sidecar", image: "s" } },
    ]);
    expect(applyJsonPatch(sent, operations(answer))).toMatchObject({
      spec: { containers: [{ name: "sidecar" }, { name: "c" }] },
      metadata: { managedFields: [{ manager: "m" }] },
    });
  });

  it("may be changed in place", async () => {
    await start({
      webhooks: [
        mutate<{ metadata: { labels?: object } }>("/m", ({ object }) => {
          if (!object) return undefined;
          object.metadata.labels = { x: "y" };
          return change(object);
        }),
      ],
    });
    expect(operations(await send("/m", review(pod())))).toEqual([{ op: "add", path: "/metadata/labels", value: { x: "y" } }]);
  });

  it("has no patch where nothing changes", async () => {
    await start({ webhooks: [mutate("/same", ({ object }) => change(structuredClone(object) ?? {})), mutate("/none", () => patch([]))] });
    for (const path of ["/same", "/none"]) expect((await send(path, review(pod()))).body.response).toEqual({ uid: "u-1", allowed: true });
  });

  it("is refused with code, reason, message and causes", async () => {
    const causes = [{ reason: "FieldValueInvalid", message: "must be odd", field: "spec.replicas" }];
    await start({ webhooks: [validate("/deny", () => deny("no")), validate("/invalid", () => invalid(causes, { warnings: ["w"] }))] });
    expect((await send("/deny", review(pod()))).body.response).toEqual({
      uid: "u-1",
      allowed: false,
      status: { status: "Failure", message: "no", code: 403, reason: "Forbidden" },
    });
    expect((await send("/invalid", review(pod()))).body.response).toEqual({
      uid: "u-1",
      allowed: false,
      status: { status: "Failure", message: "spec.replicas: must be odd", code: 422, reason: "Invalid", details: { causes } },
      warnings: ["w"],
    });
  });

  it("is refused when the handler throws, and the error is reported", async () => {
    const errors: unknown[] = [];
    const forbidden = new ForbiddenError({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "not you",
      reason: "Forbidden",
      code: 403,
    });
    await start({
      webhooks: [
        validate("/sync", () => {
          throw new Error("broken");
        }),
        validate("/async", () => Promise.reject(forbidden)),
        validate("/changes", () => patch([{ op: "add", path: "/x", value: 1 }])),
      ],
      onError: (error) => errors.push(error),
    });
    expect((await send("/sync", review(pod()))).body.response).toMatchObject({
      uid: "u-1",
      allowed: false,
      status: { code: 500, message: "broken" },
    });
    expect((await send("/async", review(pod()))).body.response).toMatchObject({
      allowed: false,
      status: { code: 403, message: "not you" },
    });
    expect((await send("/changes", review(pod()))).body.response).toMatchObject({ allowed: false, status: { code: 500 } });
    expect(errors).toHaveLength(3);
  });

  it("tells its handler how long the API server waits, and when it has gone", async () => {
    const seen = Promise.withResolvers<number | undefined>();
    const gone = Promise.withResolvers<void>();
    await start({
      webhooks: [
        validate("/slow", async (_request, { timeoutMs, signal }) => {
          seen.resolve(timeoutMs);
          await once(signal, "abort");
          gone.resolve();
          return allow();
        }),
      ],
    });
    const abort = new AbortController();
    const lost = send("/slow?timeout=7s", review(pod()), { signal: abort.signal }).catch((error) => error.name);
    expect(await seen.promise).toBe(7000);
    abort.abort();
    await gone.promise;
    expect(await lost).toBe("AbortError");
  });
});

describe("a review's signal", () => {
  it("leaves nothing on the connection, which lives on", async () => {
    let early = 0;
    await start({
      webhooks: [
        validate("/reads", (_request, { signal }) => {
          if (signal.aborted) early++;
          return allow();
        }),
        validate("/late", async (_request, context) => {
          setImmediate(() => setImmediate(() => expect(context.signal.aborted).toBe(false)));
          return allow();
        }),
      ],
    });
    agent.maxSockets = 1;
    const sockets = new Set<Socket>();
    const see = (message: unknown): void => void sockets.add((message as { readonly socket: Socket }).socket);
    subscribe("http.server.request.start", see);
    try {
      await send("/reads?timeout=30s", review(pod()));
      const [socket] = sockets;
      const before = socket!.listenerCount("close");
      for (let call = 0; call < 30; call++) await send(call % 2 ? "/reads?timeout=30s" : "/late", review(pod()));
      await sleep(0);
      expect(socket!.listenerCount("close")).toBeLessThanOrEqual(before);
      expect([sockets.size, early]).toEqual([1, 0]);
    } finally {
      unsubscribe("http.server.request.start", see);
    }
  });

  it("ends when the time is up that began with the request, however late it is asked for", async () => {
    const seen = Promise.withResolvers<boolean>();
    await start({
      webhooks: [
        validate("/slow", async (_request, context) => {
          await sleep(1_100);
          seen.resolve(context.signal.aborted);
          return allow();
        }),
      ],
    });
    await send("/slow?timeout=1s", review(pod()));
    expect(await seen.promise).toBe(true);
  });
});

describe("a conversion", () => {
  it("converts each object that is in another version", async () => {
    await start({ webhooks: [convert("/convert", (object, apiVersion) => ({ ...object, apiVersion, from: object.apiVersion }))] });
    const objects = [
      { apiVersion: "g/v1", kind: "K", metadata: { name: "a" } },
      { apiVersion: "g/v2", kind: "K", metadata: { name: "b" } },
    ];
    for (const version of ["v1", "v1beta1"]) {
      const { body } = await send(
        "/convert",
        JSON.stringify({
          apiVersion: `apiextensions.k8s.io/${version}`,
          kind: "ConversionReview",
          request: { uid: "c", desiredAPIVersion: "g/v2", objects },
        }),
      );
      expect(body).toEqual({
        apiVersion: `apiextensions.k8s.io/${version}`,
        kind: "ConversionReview",
        response: {
          uid: "c",
          convertedObjects: [{ ...objects[0], apiVersion: "g/v2", from: "g/v1" }, objects[1]],
          result: { status: "Success" },
        },
      });
    }
  });

  it("fails with the handler's words", async () => {
    await start({
      webhooks: [
        convert("/convert", () => {
          throw new Error("no such version");
        }),
      ],
    });
    const { body } = await send(
      "/convert",
      JSON.stringify({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "ConversionReview",
        request: { uid: "c", desiredAPIVersion: "g/v2", objects: [{ apiVersion: "g/v1" }] },
      }),
    );
    expect(body.response).toEqual({ uid: "c", convertedObjects: [], result: { status: "Failure", message: "no such version" } });
  });
});

describe("a request that is no review", () => {
  it.each([
    ["another method", 405, { method: "PUT" }],
    ["another media type", 415, { headers: { "content-type": "application/yaml" } }],
    ["no media type", 415, { headers: {} }],
  ])("%s is refused with a Status", async (_what, code, options) => {
    await start({ webhooks: [validate("/v", () => undefined)] });
    const { status, body } = await send("/v", review(pod()), options);
    expect([status, body.kind, body.code]).toEqual([code, "Status", code]);
  });

  it.each([
    ["an empty body", ""],
    ["no JSON", "{"],
    ["another kind", JSON.stringify({ apiVersion: "v1", kind: "Pod" })],
    ["another version", review(pod(), "v2")],
    ["no request", JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" })],
    ["a uid that is a number", review(pod(), "v1", { uid: 7 })],
    ["an object that is a list", review([])],
  ])("%s is a 400 with a Status", async (_what, body) => {
    await start({ webhooks: [validate("/v", () => undefined)] });
    const answer = await send("/v", body);
    expect([answer.status, answer.body.kind, answer.body.reason]).toEqual([400, "Status", "BadRequest"]);
  });

  it("is a 404 under a path of nobody, and probes need no review", async () => {
    await start({ webhooks: [] });
    expect((await send("/v", review(pod()))).status).toBe(404);
    expect((await send("/healthz", undefined, { method: "GET" })).status).toBe(200);
  });

  it("is cut off when its body is too large, whether it says so or not", async () => {
    await start({ webhooks: [validate("/v", () => undefined)], maxBodyBytes: 1000 });
    expect((await send("/v", review(pod({ annotations: { a: "x".repeat(2000) } })))).status).toBe(413);
    const chunked = await send("/v", undefined, { headers: { "content-type": "application/json", "transfer-encoding": "chunked" } }).catch(
      (error) => error,
    );
    expect(chunked.status).toBe(400);
    const request = httpsRequest({
      host: "127.0.0.1",
      port,
      path: "/v",
      method: "POST",
      agent,
      headers: { "content-type": "application/json" },
    });
    request.on("error", () => {});
    for (let written = 0; written < 5; written++) request.write("x".repeat(500));
    const [response] = await once(request, "response");
    expect(response.statusCode).toBe(413);
    request.destroy();
  });

  it("takes a body of almost 7 MiB", async () => {
    await start({ webhooks: [validate("/v", () => undefined)] });
    expect((await send("/v", review(pod({ annotations: { a: "x".repeat(7_000_000) } })))).status).toBe(200);
  });
});

describe("the server", () => {
  it("answers 503 until it is ready", async () => {
    await start({ webhooks: [validate("/v", () => undefined)], ready: false });
    expect((await send("/v", review(pod()))).status).toBe(503);
    expect((await send("/readyz", undefined, { method: "GET" })).status).toBe(503);
    server.setReady(true);
    expect((await send("/v", review(pod()))).status).toBe(200);
    expect((await send("/readyz", undefined, { method: "GET" })).status).toBe(200);
  });

  it("speaks TLS 1.2 at least, and HTTP/1.1 to those who offer both", async () => {
    await start({ webhooks: [] });
    const modern = connect({ host: "127.0.0.1", port, ca: ca.certificate, ALPNProtocols: ["h2", "http/1.1"] });
    await once(modern, "secureConnect");
    expect(modern.alpnProtocol).toBe("http/1.1");
    modern.destroy();
    const old = connect({
      host: "127.0.0.1",
      port,
      ca: ca.certificate,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT:@SECLEVEL=0",
    });
    const [error] = await once(old, "error");
    expect(error.code).toMatch(/ERR_SSL|ECONNRESET/);
  });

  it("changes its certificate under load without a failed call", async () => {
    await start({ webhooks: [validate("/v", () => undefined)] });
    const serial = async () => {
      const socket = connect({ host: "127.0.0.1", port, ca: ca.certificate });
      await once(socket, "secureConnect");
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const before = await serial();
    let stop = false;
    const failures: unknown[] = [];
    let calls = 0;
    const load = Promise.all(
      Array.from({ length: 8 }, async () => {
        while (!stop) {
          calls++;
          await send("/v", review(pod())).then(
            ({ status }) => status === 200 || failures.push(status),
            (error) => failures.push(error),
          );
        }
      }),
    );
    while (calls < 100) await sleep(1);
    server.setCertificate(leaf());
    const changed = calls;
    while (calls < changed + 100) await sleep(1);
    stop = true;
    await load;
    expect(failures).toEqual([]);
    expect(await serial()).not.toBe(before);
  });

  it("keeps its certificate when it is given half of a pair", async () => {
    await start({ webhooks: [validate("/v", () => undefined)] });
    expect(() => server.setCertificate({ certificate: leaf().certificate, key: leaf().key })).toThrow("does not belong to the certificate");
    expect((await send("/v", review(pod()))).status).toBe(200);
  });

  it("goes on answering while it drains, until its callers have gone", async () => {
    const release = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    await start({
      webhooks: [
        validate("/slow", async () => {
          began.resolve();
          await release.promise;
          return allow();
        }),
      ],
    });
    const pending = send("/slow", review(pod()));
    await began.promise;
    const drained = server.drain(20_000);
    const [late, probe] = await Promise.all([
      send("/slow", "", { agent: false, ca: ca.certificate }),
      send("/readyz", undefined, { method: "GET", agent: false, ca: ca.certificate }),
    ]);
    expect([late.status, probe.status, probe.headers["connection"]]).toEqual([400, 503, "close"]);
    release.resolve();
    expect((await pending).status).toBe(200);
    await drained;
    await expect(send("/slow", "", { agent: false, ca: ca.certificate })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("does not wait for callers that stay longer than it is allowed to", async () => {
    await start({ webhooks: [validate("/v", () => undefined)] });
    await send("/v", review(pod()));
    await server.drain(50);
    await expect(send("/v", "", { agent: false, ca: ca.certificate })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});
