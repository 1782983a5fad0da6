import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { startApiServer } from "../../test/api-server.ts";
import { createCa } from "../pki/index.ts";
import { inCluster } from "./in-cluster.ts";
import { connect, dynamicResource, KubeconfigError, loadKubeconfig, UnauthorizedError } from "./index.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const folder = mkdtempSync(join(tmpdir(), "outrigger-kubeconfig-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function file(content: string | object, name = `f${++files}`): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
function script(body: string): string {
  const path = file(`#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}
function config(user: object = { token: "t" }, cluster: object = { server: "https://a:1" }, context: object = {}): Record<string, unknown> {
  return {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", ...context } }],
    "current-context": "x",
  };
}

describe("a kubeconfig", () => {
  test("is merged from a list: the first file that names a thing counts, and missing files are passed over", () => {
    const first = file({ ...config({ token: "first" }), contexts: [] });
    const second = file({
      ...config({ token: "second", username: "no" }, { server: "https://b:1" }, { namespace: "n" }),
      "current-context": "other",
    });
    const access = loadKubeconfig({ env: { KUBECONFIG: [join(folder, "missing"), first, second].join(delimiter) } });
    expect(access).toMatchObject({ server: "https://a:1", namespace: "n", credentials: { token: "first" } });
    expect(access.credentials.username).toBeUndefined();
  });

  test("reads files relative to itself", () => {
    const ca = createCa({ commonName: "x" });
    file(ca.certificate, "ca.pem");
    const path = file(config({ tokenFile: "token" }, { server: "https://a:1", "certificate-authority": "ca.pem" }));
    expect(loadKubeconfig({ file: path })).toMatchObject({ ca: ca.certificate, credentials: { tokenFile: join(folder, "token") } });
  });
});

describe("a server without a scheme", () => {
  const { certificate, key } = createCa({ commonName: "c" });
  const data = (pem: string): string => Buffer.from(pem).toString("base64");
  test.each([
    ["127.0.0.1:8001", {}, {}, "http://127.0.0.1:8001"],
    ["localhost", {}, {}, "http://localhost"],
    ["cluster.example.com/", {}, {}, "http://cluster.example.com"],
    ["[::1]:6443", {}, {}, "http://[::1]:6443"],
    ["10.0.0.1:6443", { "insecure-skip-tls-verify": true }, {}, "https://10.0.0.1:6443"],
    ["10.0.0.1:6443", { "certificate-authority-data": data(certificate) }, {}, "https://10.0.0.1:6443"],
    ["10.0.0.1:6443", {}, { "client-certificate-data": data(certificate), "client-key-data": data(key) }, "https://10.0.0.1:6443"],
    ["HTTP://127.0.0.1:8001/", {}, {}, "HTTP://127.0.0.1:8001"],
    ["https://a:1/prefix/", {}, {}, "https://a:1/prefix"],
  ])("%s beside %o and %o is %4$s, as for kubectl", (server, cluster, user, url) => {
    expect(loadKubeconfig({ text: JSON.stringify(config(user, { server, ...cluster })) }).server).toBe(url);
  });

  test.each(["ftp://a", "a:1/path", "a b", "http://", "me:pw@a:1", "a?b", ":6443"])("%s is none", (server) => {
    expect(() => loadKubeconfig({ text: JSON.stringify(config({}, { server })) })).toThrow(/is no http or https URL, nor a host/);
  });

  test("is reached", async () => {
    const answering = createServer((_request, response) =>
      response
        .setHeader("content-type", "application/json")
        .end(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } })),
    ).listen(0, "127.0.0.1");
    onTestFinished(() => void answering.close());
    await once(answering, "listening");
    const { port } = answering.address() as AddressInfo;
    const client = connect({ text: JSON.stringify(config({}, { server: `127.0.0.1:${port}` })) });
    expect((await client.get(ConfigMap, { name: "a", namespace: "default" })).metadata.name).toBe("a");
    await client.close();
  });
});

test("inside a cluster the service account is used", () => {
  for (const [name, content] of [
    ["token", "abc"],
    ["ca.crt", "ca"],
    ["namespace", "mine"],
  ] as const)
    file(content, name);
  expect(inCluster({ KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" }, folder)).toEqual({
    server: "https://[fd00::1]:443",
    ca: "ca",
    namespace: "mine",
    credentials: { tokenFile: join(folder, "token") },
    source: "in-cluster",
  });
});

describe("a client says who it is", () => {
  test("by a client certificate", async () => {
    await using server = await startApiServer();
    server.put("a");
    const { certificate, key } = server.clientCertificate("alice");
    const data = (pem: string): string => Buffer.from(pem).toString("base64");
    const client = connect({ text: server.kubeconfig({ "client-certificate-data": data(certificate), "client-key-data": data(key) }) });
    await client.get(ConfigMap, { name: "a" });
    expect(server.requests[0]?.clientName).toBe("alice");
    await client.close();
  });

  test("by a token, and on behalf of another user", async () => {
    await using server = await startApiServer();
    server.put("a");
    const client = connect({
      text: server.kubeconfig({
        token: "secret",
        as: "bob",
        "as-uid": "uid-1",
        "as-groups": ["g1", "g2"],
        "as-user-extra": { "a/b": ["c", "d"], "X(%)": ["e"] },
      }),
    });
    await client.get(ConfigMap, { name: "a" });
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: "Bearer secret",
      "impersonate-user": "bob",
      "impersonate-group": "g1, g2",
      "impersonate-uid": "uid-1",
      "impersonate-extra-a%2fb": "c, d",
      "impersonate-extra-x%28%25%29": "e",
    });
    await client.close();
    const other = connect({ text: server.kubeconfig({ token: "secret", as: "bob" }) }, { impersonate: { user: "carol" } });
    await other.get(ConfigMap, { name: "a" });
    expect(server.requests[1]?.headers).toMatchObject({ "impersonate-user": "carol" });
    await other.close();
  });

  test("by a certificate in files, and by the next one when they were replaced", async () => {
    await using server = await startApiServer();
    server.put("a");
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const [first, second] = [server.clientCertificate("first"), server.clientCertificate("second")];
    const [cert, key] = [file(first.certificate), file(first.key)];
    const client = connect({ text: server.kubeconfig({ "client-certificate": cert, "client-key": key }) });
    const name = async (): Promise<string | undefined> => {
      await client.get(ConfigMap, { name: "a" });
      return server.requests.at(-1)?.clientName;
    };
    expect(await name()).toBe("first");
    writeFileSync(cert, second.certificate);
    vi.advanceTimersByTime(61_000);
    // The key is still the old one: half replaced is not replaced.
    expect(await name()).toBe("first");
    writeFileSync(key, second.key);
    vi.advanceTimersByTime(61_000);
    expect(await name()).toBe("second");
    await client.close();
  });

  test("by a certificate that a plugin gives, on new connections when it gives another", async () => {
    await using server = await startApiServer();
    server.put("a");
    const identities = ["one", "two"].map((name) => server.clientCertificate(name));
    const [count, ...bodies] = [
      file(""),
      ...identities.map(({ certificate, key }) =>
        file({
          kind: "ExecCredential",
          apiVersion: "client.authentication.k8s.io/v1beta1",
          status: { clientCertificateData: certificate, clientKeyData: key },
        }),
      ),
    ];
    const command = script(`if [ -s ${count} ]; then cat ${bodies[1]}; else echo 1 > ${count}; cat ${bodies[0]}; fi`);
    const client = connect({ text: server.kubeconfig({ exec: { apiVersion: "client.authentication.k8s.io/v1beta1", command } }) });
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    await client.get(ConfigMap, { name: "a" });
    vi.advanceTimersByTime(2000);
    server.interceptions.push(({ clientName }, response) => {
      if (clientName !== "one") return false;
      response.writeHead(401).end();
      return true;
    });
    await client.get(ConfigMap, { name: "a" });
    expect(server.requests.map(({ clientName }) => clientName)).toEqual(["one", "one", "two"]);
    await client.close();
  });

  test("by a token file", async () => {
    await using server = await startApiServer();
    server.put("a");
    const tokenFile = file("one");
    const client = connect({ text: server.kubeconfig({ tokenFile }) });
    await client.get(ConfigMap, { name: "a" });
    expect(server.requests[0]?.headers.authorization).toBe("Bearer one");
    await client.close();
  });

  test("by what a plugin prints, asked once for all who wait", async () => {
    await using server = await startApiServer();
    server.put("a");
    const count = file("");
    const plugin = script(
      `echo run >> ${count}; n=$(wc -l < ${count}); case "$KUBERNETES_EXEC_INFO" in *'"server":"${server.url}"'*) ;; *) exit 9;; esac; echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"status\\":{\\"token\\":\\"t$((n))\\",\\"expirationTimestamp\\":\\"2999-01-01T00:00:00Z\\"}}"`,
    );
    const client = connect({
      text: server.kubeconfig({
        exec: { apiVersion: "client.authentication.k8s.io/v1", command: plugin, provideClusterInfo: true, interactiveMode: "Never" },
      }),
    });
    await Promise.all([1, 2, 3].map(() => client.get(ConfigMap, { name: "a" })));
    expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(["Bearer t1"]));
    await client.close();
  });

  test("by a plugin that is told what it is for: the cluster where it shall know, its own environment, and that nobody can be asked", async () => {
    await using server = await startApiServer();
    server.put("a");
    const told = file("");
    const status = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t"}}';
    const command = script(`printf '%s %s' "$REGION:$1" "$KUBERNETES_EXEC_INFO" > ${told}; echo '${status}'`);
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command,
      args: ["login"],
      env: [{ name: "REGION", value: "eu" }],
      interactiveMode: "IfAvailable",
      provideClusterInfo: true,
    };
    const extensions = [{ name: "client.authentication.k8s.io/exec", extension: { audience: "x" } }];
    const client = connect({ text: server.kubeconfig({ exec }, { extensions, "tls-server-name": "localhost" }) });
    await client.get(ConfigMap, { name: "a" });
    const [words, ...info] = readFileSync(told, "utf8").split(" ");
    expect(words).toBe("eu:login");
    expect(JSON.parse(info.join(" "))).toEqual({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: {
        interactive: false,
        cluster: {
          server: server.url,
          "tls-server-name": "localhost",
          "certificate-authority-data": Buffer.from(server.ca).toString("base64"),
          config: { audience: "x" },
        },
      },
    });
    await client.close();
  });

  test.for<[string, string, RegExp]>([
    ["prints no JSON", "echo hello", /did not print JSON/],
    ["prints another object", "echo '{}'", /printed no ExecCredential/],
    [
      "gives nothing to log in with",
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}'`,
      /neither a token nor a certificate/,
    ],
    [
      "gives a time that is none",
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"t","expirationTimestamp":"soon"}}'`,
      /an expirationTimestamp that is no time: soon/,
    ],
    ["prints without end", "exec yes", /printed more than a megabyte/],
  ])("a plugin that %s is one clear error", async ([, body, message]) => {
    await using server = await startApiServer();
    const client = connect({
      text: server.kubeconfig({ exec: { apiVersion: "client.authentication.k8s.io/v1", command: script(body), interactiveMode: "Never" } }),
    });
    const error = await client.get(ConfigMap, { name: "a" }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(KubeconfigError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain("users[u].user.exec");
    expect(server.requests).toHaveLength(0);
    await client.close();
  });

  test("and a refusal is an UnauthorizedError", async () => {
    await using server = await startApiServer();
    server.interceptions.push((_, response) => {
      response.writeHead(401).end();
      return true;
    });
    const client = connect({ text: server.kubeconfig() });
    await expect(client.get(ConfigMap, { name: "a" })).rejects.toBeInstanceOf(UnauthorizedError);
    await client.close();
  });
});

describe("a server's certificate", () => {
  test("from another authority is refused, with a hint at the field", async () => {
    await using server = await startApiServer();
    const other = Buffer.from(createCa({ commonName: "other" }).certificate).toString("base64");
    const client = connect({ text: server.kubeconfig({}, { "certificate-authority-data": other }) });
    await expect(client.get(ConfigMap, { name: "a" })).rejects.toThrow(/certificate-authority-data/);
    expect(server.requests).toHaveLength(0);
    await client.close();
  });

  test("may be for the name that tls-server-name says", async () => {
    await using server = await startApiServer();
    server.put("a");
    const wrong = connect({ text: server.kubeconfig({}, { "tls-server-name": "other.example" }) });
    await expect(wrong.get(ConfigMap, { name: "a" })).rejects.toThrow(/tls-server-name/);
    const right = connect({ text: server.kubeconfig({}, { "tls-server-name": "localhost" }) });
    await right.get(ConfigMap, { name: "a" });
    await Promise.all([wrong.close(), right.close()]);
  });

  test("is not looked at when the kubeconfig says so", async () => {
    await using server = await startApiServer();
    server.put("a");
    const client = connect({ text: server.kubeconfig({}, { "certificate-authority-data": undefined, "insecure-skip-tls-verify": true }) });
    await client.get(ConfigMap, { name: "a" });
    await client.close();
  });
});
