import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { type Devcluster, startDevcluster } from "../index.ts";
import type { Handler } from "./handler.ts";
import { listen } from "./listen.ts";

let cluster: Devcluster;
let admin: ClientHttp2Session;
let anonymous: ClientHttp2Session;
beforeAll(async () => {
  cluster = await startDevcluster({ bare: true, tokens: [{ token: "alice-1", username: "alice", groups: ["developers"] }] });
  admin = session(identityOf());
  anonymous = session({});
});
afterAll(async () => {
  await cluster.close();
});

function session(identity: object): ClientHttp2Session {
  const one = connect(cluster.url, { ca: cluster.ca, ...identity });
  one.on("error", () => {});
  return one;
}

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

function call(over: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = over.request({ ":method": body === undefined ? "GET" : "POST", "content-type": "application/json", ...headers });
    let answered: IncomingHttpHeaders = {};
    let text = "";
    stream.on("response", (got) => {
      answered = got;
    });
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
    stream.on("error", reject);
    stream.on("close", () => resolve({ headers: answered, text }));
    stream.end(body);
  });
}
const json = (answer: Answer): Record<string, never> => JSON.parse(answer.text) as Record<string, never>;
const maps = "/api/v1/namespaces/default/configmaps";
const map = (name: string, value = ""): string =>
  JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, ...(value ? { data: { value } } : {}) });

test("a connection that asks for HTTP/2 gets it, with the identity of its certificate or of a token", async () => {
  expect((await call(admin, { ":path": "/version" })).headers[":status"]).toBe(200);
  expect(admin.alpnProtocol).toBe("h2");
  const who = JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" });
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const named = async (over: ClientHttp2Session, headers: OutgoingHttpHeaders = {}): Promise<unknown> =>
    (json(await call(over, { ":path": path, ...headers }, who)) as { status?: { userInfo: unknown } }).status?.userInfo;
  expect(await named(admin)).toMatchObject({ username: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] });
  expect(await named(anonymous, { authorization: "Bearer alice-1" })).toMatchObject({ username: "alice" });
  expect(await named(admin, { "impersonate-user": "bob", "impersonate-group": ["a,b", "c"] })).toMatchObject({
    username: "bob",
    groups: ["a,b", "c", "system:authenticated"],
  });
  expect((await call(anonymous, { ":path": maps })).headers[":status"]).toBe(403);
});

test("a hundred watches on one connection each see a change, beside lists and a HEAD", async () => {
  const seen = new Set<number>();
  const watches: ClientHttp2Stream[] = [];
  for (let index = 0; index < 100; index++) {
    const stream = admin.request({ ":path": `${maps}?watch=1` });
    stream.on("data", (chunk: Buffer) => {
      if (chunk.toString("utf8").includes('"watched"')) seen.add(index);
    });
    watches.push(stream);
  }
  expect((await call(admin, { ":path": maps }, map("watched"))).headers[":status"]).toBe(201);
  await eventually(() => seen.size === 100);
  const head = await call(admin, { ":path": "/readyz", ":method": "HEAD" });
  expect(head).toMatchObject({ headers: { ":status": 200 }, text: "" });
  for (const stream of watches) stream.close();
  expect((await call(admin, { ":path": `${maps}/watched` })).headers[":status"]).toBe(200);
});

test("a body beyond the limit is refused while it comes, and the connection goes on", async () => {
  const { headers } = await call(admin, { ":path": maps }, Buffer.alloc(4 << 20, "x"));
  expect(headers[":status"]).toBe(413);
  expect((await call(admin, { ":path": "/readyz" })).text).toBe("ok");
});

test("a client that does not read what is sent is cut off before it fills the memory, and holds up nobody", async () => {
  const ca = createCa({ commonName: "slow" });
  const { certificate, key } = issueCertificate(ca, { commonName: "server", ipAddresses: ["127.0.0.1"], usages: ["server auth"] });
  let written = 0;
  const endless: Handler = async ({ path }) => ({
    status: 200,
    headers: {},
    ...(path === "/quick"
      ? { body: "ok" }
      : {
          stream(sink) {
            const next = (): void => {
              sink.write(Buffer.alloc(1 << 20));
              if (++written < 200) setImmediate(next);
            };
            next();
          },
        }),
  });
  const listening = await listen(endless, { host: "127.0.0.1", port: 0, certificate, key, clientCa: [ca.certificate] });
  const slow = connect(`https://127.0.0.1:${listening.port}`, { ca: ca.certificate });
  slow.on("error", () => {});
  const stream = slow.request({ ":path": "/slow" });
  stream.on("error", () => {});
  const closed = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  stream.pause();
  await eventually(() => written === 200);
  const other = connect(`https://127.0.0.1:${listening.port}`, { ca: ca.certificate });
  expect((await call(other, { ":path": "/quick" })).text).toBe("ok");
  other.close();
  // The server's reset came while nothing was read.
  await closed;
  expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  slow.destroy();
  await listening.close();
});

/** The administrator's certificate, for a connection of its own. */
function identityOf(): object {
  const { users } = parse(cluster.kubeconfig) as { users: { user: Record<string, string> }[] };
  const { user } = users.find((one) => one.user["client-key-data"])!;
  return { cert: Buffer.from(user["client-certificate-data"]!, "base64"), key: Buffer.from(user["client-key-data"]!, "base64") };
}

test("streams that are reset at once, a thousand times, leave the server answering", async () => {
  const hasty = session(identityOf());
  for (let turn = 0; turn < 1000 && !hasty.destroyed; turn++) {
    const stream = hasty.request({ ":path": maps });
    stream.on("error", () => {});
    stream.close(8);
  }
  expect((await call(admin, { ":path": "/readyz" })).text).toBe("ok");
  hasty.destroy();
});
