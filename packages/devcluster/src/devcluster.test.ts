import { mkdtempSync, rmSync, statSync } from "node:fs";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Devcluster, PortInUseError, startDevcluster } from "./index.ts";

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of any kind are read here.
  readonly body: any;
}

/** Requests over real TLS sockets, as a bearer of `token`. */
class Http {
  readonly #agent: Agent;
  readonly #port: number;
  constructor({ ca, port }: Devcluster) {
    this.#agent = new Agent({ keepAlive: true, ca });
    this.#port = port;
  }
  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.#agent,
          host: "127.0.0.1",
          port: this.#port,
          method,
          path,
          headers: { authorization: "Bearer admin", "content-type": "application/json", ...headers },
        },
        (incoming) => {
          let text = "";
          incoming.on("data", (chunk: Buffer) => (text += chunk.toString()));
          incoming.on("end", () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: /json/.test(incoming.headers["content-type"] ?? "") ? JSON.parse(text) : text,
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
    });
  }
  async *watch(path: string): AsyncGenerator<{ type: string; object: Answer["body"] }> {
    const incoming = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
      request({ agent: this.#agent, host: "127.0.0.1", port: this.#port, path, headers: { authorization: "Bearer admin" } }, resolve)
        .on("error", reject)
        .end();
    });
    try {
      for await (const line of createInterface(incoming)) yield JSON.parse(line);
    } finally {
      incoming.destroy();
    }
  }
  close(): void {
    this.#agent.destroy();
  }
}

const folder = mkdtempSync(join(tmpdir(), "devcluster-test-"));
const kubeconfigFile = join(folder, "kubeconfig");
let cluster: Devcluster;
let http: Http;
const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, data: Record<string, string> = {}): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

beforeAll(async () => {
  cluster = await startDevcluster({
    bare: true,
    kubeconfigFile,
    tokens: [
      { token: "admin", username: "admin", groups: ["system:masters"] },
      { token: "carol", username: "carol", groups: ["developers"] },
    ],
  });
  http = new Http(cluster);
});
afterAll(async () => {
  http.close();
  await cluster.close();
  rmSync(folder, { recursive: true });
});

describe("a devcluster over TLS", () => {
  it("writes a kubeconfig that its owner alone can read, with an administrator and alice", () => {
    expect(statSync(kubeconfigFile).mode & 0o777).toBe(0o600);
    expect(cluster.kubeconfig).toMatch(/current-context: admin\n/);
    expect(cluster.kubeconfig).toMatch(/- name: alice\n/);
  });

  it("keeps a watch open for as long as the client wants, which may be longer than a timer of Node holds", async () => {
    for (const timeoutSeconds of [2_147_484, 3_000_000, 4_294_968]) {
      const name = `long-${timeoutSeconds}`;
      const events = http.watch(
        `${configMaps}?watch=1&allowWatchBookmarks=true&timeoutSeconds=${timeoutSeconds}&fieldSelector=metadata.name=${name}`,
      );
      // Before anything happens the watch has said that there is nothing yet.
      const next = async () => (await events.next()).value as { type: string; object: Answer["body"] } | undefined;
      expect((await next())?.type).toBe("BOOKMARK");
      await http.send("POST", configMaps, configMap(name));
      expect(await next()).toMatchObject({ type: "ADDED", object: { metadata: { name } } });
      await events.return(undefined);
    }
  });

  it("says in one line that a port is taken", async () => {
    const failure = await startDevcluster({ bare: true, port: cluster.port }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PortInUseError);
    expect((failure as Error).message).toMatch(/^port \d+ on 127\.0\.0\.1 is in use: [^\n]+$/);
  });

  it("gives every new object its identity, and refuses a second of its name", async () => {
    const made = await http.send("POST", configMaps, configMap("identity"));
    expect(made.status).toBe(201);
    expect(made.body.metadata).toMatchObject({
      namespace: "default",
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: expect.any(String),
    });
    const again = await http.send("POST", configMaps, configMap("identity"));
    expect([again.status, again.body.reason]).toEqual([409, "AlreadyExists"]);
  });

  it("lets only one of two writers of the same version win", async () => {
    const { body } = await http.send("POST", configMaps, configMap("race"));
    const write = (value: string): Promise<Answer> => http.send("PUT", `${configMaps}/race`, { ...body, data: { value } });
    const statuses = (await Promise.all([write("1"), write("2")])).map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 409]);
  });

  it("loses no update of writers that name no version", async () => {
    await http.send("POST", configMaps, configMap("merge"));
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await Promise.all(
      keys.map((key) =>
        http.send("PATCH", `${configMaps}/merge`, { data: { [key]: "1" } }, { "content-type": "application/merge-patch+json" }),
      ),
    );
    const { body } = await http.send("GET", `${configMaps}/merge`);
    expect(Object.keys(body.data).sort()).toEqual([...keys].sort());
  });

  it("writes nothing when nothing changes", async () => {
    const { body } = await http.send("POST", configMaps, configMap("same", { a: "1" }));
    const again = await http.send("PATCH", `${configMaps}/same`, { data: { a: "1" } }, { "content-type": "application/merge-patch+json" });
    expect(again.body.metadata.resourceVersion).toBe(body.metadata.resourceVersion);
  });

  it("keeps an object until its finalizers are gone", async () => {
    await http.send("POST", configMaps, { ...configMap("kept"), metadata: { name: "kept", finalizers: ["example.com/f"] } });
    const { body } = await http.send("DELETE", `${configMaps}/kept`);
    expect(body.metadata.deletionTimestamp).toBeDefined();
    expect((await http.send("GET", `${configMaps}/kept`)).status).toBe(200);
    await http.send("PATCH", `${configMaps}/kept`, { metadata: { finalizers: null } }, { "content-type": "application/merge-patch+json" });
    expect((await http.send("GET", `${configMaps}/kept`)).status).toBe(404);
  });

  it("pages through a list at one revision, whatever is written meanwhile", async () => {
    const path = "/api/v1/namespaces/paging/configmaps";
    await http.send("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "paging" } });
    for (const name of ["a", "b", "c"]) await http.send("POST", path, configMap(name));
    const first = await http.send("GET", `${path}?limit=2`);
    expect(first.body.metadata.remainingItemCount).toBe(1);
    await http.send("POST", path, configMap("bb"));
    await http.send("DELETE", `${path}/c`);
    const second = await http.send("GET", `${path}?limit=2&continue=${first.body.metadata.continue}`);
    expect(second.body.items.map((item: Answer["body"]) => item.metadata.name)).toEqual(["c"]);
    expect(second.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
  });

  it("tells a watch of every write in order, after what is there already", async () => {
    const path = "/api/v1/namespaces/watching/configmaps";
    await http.send("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "watching" } });
    await http.send("POST", path, configMap("there"));
    const events = http.watch(`${path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`);
    const seen: string[] = [];
    const next = async (): Promise<void> => {
      const { value } = await events.next();
      seen.push(`${value!.type} ${value!.object.metadata.name ?? ""}`);
    };
    await next();
    await next();
    await http.send("POST", path, configMap("new"));
    await http.send("PATCH", `${path}/new`, { data: { a: "1" } }, { "content-type": "application/merge-patch+json" });
    await http.send("DELETE", `${path}/new`);
    for (let count = 0; count < 3; count++) await next();
    await events.return(undefined);
    expect(seen).toEqual(["ADDED there", "BOOKMARK ", "ADDED new", "MODIFIED new", "DELETED new"]);
  });

  it("allows nobody what no role allows, and what a role allows", async () => {
    const as = { authorization: "Bearer carol" };
    const denied = await http.send("GET", configMaps, undefined, as);
    expect([denied.status, denied.body.message]).toEqual([
      403,
      'configmaps is forbidden: User "carol" cannot list resource "configmaps" in API group "" in the namespace "default"',
    ]);
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default";
    const apiVersion = "rbac.authorization.k8s.io/v1";
    await http.send("POST", `${rbac}/roles`, {
      apiVersion,
      kind: "Role",
      metadata: { name: "r" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["list"] }],
    });
    const subjects = [{ kind: "Group", name: "developers", apiGroup: "rbac.authorization.k8s.io" }];
    await http.send("POST", `${rbac}/rolebindings`, {
      apiVersion,
      kind: "RoleBinding",
      metadata: { name: "r" },
      roleRef: { kind: "Role", name: "r", apiGroup: "rbac.authorization.k8s.io" },
      subjects,
    });
    expect((await http.send("GET", configMaps, undefined, as)).status).toBe(200);
    expect((await http.send("POST", configMaps, configMap("no"), as)).status).toBe(403);
    expect((await http.send("GET", configMaps, undefined, { authorization: "Bearer wrong" })).status).toBe(401);
  });

  it("serves a custom resource once its definition is established, and nothing of it afterwards", async () => {
    const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    const schema = {
      openAPIV3Schema: {
        type: "object",
        properties: { spec: { type: "object", properties: { size: { type: "integer", minimum: 1, default: 3 } } } },
      },
    };
    const made = await http.send("POST", definitions, {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "boats.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "boats", kind: "Boat" },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    });
    expect(made.status).toBe(201);
    const boats = "/apis/example.com/v1/namespaces/default/boats";
    await until(async () => (await http.send("GET", boats)).status === 200);
    const boat = (name: string, spec: object): object => ({ apiVersion: "example.com/v1", kind: "Boat", metadata: { name }, spec });
    const answer = await http.send("POST", boats, boat("a", { colour: "red" }));
    expect(answer.body.spec).toEqual({ size: 3 });
    expect(answer.headers["warning"]).toBe('299 - "unknown field \\"spec.colour\\""');
    expect((await http.send("POST", boats, boat("b", { size: 0 }))).status).toBe(422);
    await http.send("DELETE", `${definitions}/boats.example.com`);
    await until(async () => (await http.send("GET", boats)).status === 404);
    expect((await http.send("GET", `${definitions}/boats.example.com`)).status).toBe(404);
  });

  it("answers the same in its own process", async () => {
    const transport = cluster.transport();
    const inside = await transport.request({ method: "GET", path: `${configMaps}/none` });
    const outside = await http.send("GET", `${configMaps}/none`);
    expect(inside.status).toBe(outside.status);
    expect(JSON.parse(await inside.text())).toEqual(outside.body);
    await transport.close();
  });

  it("closes while watches are open, and frees its port", async () => {
    const other = await startDevcluster({ bare: true, tokens: [{ token: "admin", username: "admin", groups: ["system:masters"] }] });
    const theirs = new Http(other);
    const events = theirs.watch("/api/v1/namespaces?watch=true");
    await events.next();
    await other.close();
    const rest: unknown[] = [];
    try {
      for await (const event of events) rest.push(event);
    } catch {
      // The connection broke: that is an end too.
    }
    theirs.close();
    const again = await startDevcluster({ bare: true, port: other.port });
    expect(again.port).toBe(other.port);
    await again.close();
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not come to pass within 5 s");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
