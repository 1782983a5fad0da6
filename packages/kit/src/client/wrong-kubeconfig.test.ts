import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApiServer, until } from "../../test/api-server.ts";
import { type CertificateAuthority, createCa, issueCertificate } from "../pki/index.ts";
import { ConnectionError, connect, dynamicResource, loadKubeconfig } from "./index.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const folder = mkdtempSync(join(tmpdir(), "outrigger-wrong-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
function file(content: string | object): string {
  const path = join(folder, `f${++files}`);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}
function config(user: object = { token: "t" }, cluster: object = { server: "https://a:1" }): Record<string, unknown> {
  return {
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
}
const data = (pem: string): string => Buffer.from(pem).toString("base64");
const hour = 3600 * 1000;

let ca: CertificateAuthority;
let alice: { certificate: string; key: string };
let bob: { certificate: string; key: string };
beforeAll(() => {
  ca = createCa({ commonName: "ca" });
  alice = issueCertificate(ca, { commonName: "alice", usages: ["client auth"] });
  bob = issueCertificate(ca, { commonName: "bob", usages: ["client auth"] });
});

describe("a kubeconfig is one clear error, naming the file and the field, when", () => {
  function expectRefused(path: string, field: string, message: RegExp): void {
    expect(() => loadKubeconfig({ file: path })).toThrow(
      expect.objectContaining({
        name: "KubeconfigError",
        code: "ERR_KUBECONFIG",
        file: path,
        field,
        message: expect.stringMatching(message),
      }),
    );
    expect(() => loadKubeconfig({ file: path })).toThrow(path);
  }

  test("the file is missing", () => {
    const path = join(folder, "missing");
    expectRefused(path, "", /no such file/);
    // Missing ones of a list are passed over, unless all are.
    expect(() => loadKubeconfig({ env: { KUBECONFIG: [path, `${path}2`].join(delimiter) } })).toThrow(
      `${path}${delimiter}${path}2: no such file`,
    );
    expect(() => loadKubeconfig({ env: { HOME: folder } })).toThrow(join(folder, ".kube", "config"));
  });
  test("the file cannot be read", () => {
    // Root may read anything, but a link to itself.
    const path = join(folder, "loop");
    symlinkSync(path, path);
    expectRefused(path, "", /cannot be read: ELOOP/);
  });
  test("the file may not be read", ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may read it");
    const path = file(config());
    chmodSync(path, 0o000);
    expectRefused(path, "", /cannot be read: EACCES/);
  });
  test("it is a directory", () => {
    const path = join(folder, "directory");
    mkdirSync(path);
    expectRefused(path, "", /is a directory/);
  });
  test("the file is empty", () => {
    expectRefused(file(""), "", /is empty/);
    expectRefused(file("# nothing\n---\n"), "", /is empty/);
  });
  test("it is not YAML", () => expectRefused(file("clusters: [\n"), "", /is not YAML/));
  test("it is something else altogether", () => expectRefused(file("just text"), "", /no map/));
  test("a list is none", () => expectRefused(file({ ...config(), users: { a: 1 } }), "users", /must be a list/));
  test("an entry has no name", () => expectRefused(file({ ...config(), users: [{ user: {} }] }), "users[0].name", /is missing/));
  test("an entry is no map", () =>
    expectRefused(file({ ...config(), users: [{ name: "u", user: "token" }] }), "users[u].user", /must be a map/));
  test("there is no current context", () =>
    expectRefused(file({ ...config(), "current-context": "" }), "current-context", /names no context/));
  test("the context is unknown", () =>
    expectRefused(file({ ...config(), "current-context": "nope" }), "current-context", /there is no context "nope" \(contexts: x\)/));
  test("the context that was asked for is unknown", () => {
    const path = file(config());
    expect(() => loadKubeconfig({ file: path, context: "nope" })).toThrow(expect.objectContaining({ file: path, field: "contexts" }));
  });
  test("the cluster is missing", () =>
    expectRefused(file({ ...config(), clusters: [] }), "contexts[x].context.cluster", /there is no cluster "c"/));
  test("the user is missing", () => expectRefused(file({ ...config(), users: [] }), "contexts[x].context.user", /there is no user "u"/));
  test("it is the second of two files that is wrong", () => {
    const first = file({ ...config(), clusters: [] });
    const second = file({ clusters: [{ name: "c", cluster: { server: "ftp://b" } }] });
    expect(() => loadKubeconfig({ file: [first, second] })).toThrow(
      expect.objectContaining({ file: second, field: "clusters[c].cluster.server" }),
    );
  });
  test("there is no server", () => expectRefused(file(config({}, {})), "clusters[c].cluster.server", /is missing/));
  test("base64 is bad", () =>
    expectRefused(file(config({ "client-certificate-data": "%%%" })), "users[u].user.client-certificate-data", /is not base64/));
  test("base64 is cut off", () =>
    expectRefused(
      file(config({}, { server: "https://a", "certificate-authority-data": "LS0tLS1CRUdJT" })),
      "clusters[c].cluster.certificate-authority-data",
      /is not base64/,
    ));
  test("base64 holds no PEM", () =>
    expectRefused(
      file(config({}, { server: "https://a", "certificate-authority-data": "YWJj" })),
      "clusters[c].cluster.certificate-authority-data",
      /holds no PEM/,
    ));
  test("PEM holds no certificate", () =>
    expectRefused(
      file(
        config(
          {},
          { server: "https://a", "certificate-authority-data": data("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") },
        ),
      ),
      "clusters[c].cluster.certificate-authority-data",
      /is no certificate/,
    ));
  test("a certificate's file is missing", () =>
    expectRefused(
      file(config({ "client-certificate": "gone.pem", "client-key-data": data(alice.key) })),
      "users[u].user.client-certificate",
      /cannot read .*gone\.pem/,
    ));
  test("the certificate has no key", () =>
    expectRefused(file(config({ "client-certificate-data": data(alice.certificate) })), "users[u].user.client-key", /is missing/));
  test("the key does not match the certificate", () =>
    expectRefused(
      file(config({ "client-certificate-data": data(alice.certificate), "client-key-data": data(bob.key) })),
      "users[u].user.client-key-data",
      /is not the key of the certificate in client-certificate-data/,
    ));
  test("the key is none", () =>
    expectRefused(
      file(config({ "client-certificate-data": data(alice.certificate), "client-key-data": data(alice.certificate) })),
      "users[u].user.client-key-data",
      /is no private key/,
    ));
  test("the certificate has expired", () => {
    const past = issueCertificate(createCa({ commonName: "old", now: new Date("2020-01-01T00:00:00Z"), validity: 48 * hour }), {
      commonName: "alice",
      usages: ["client auth"],
      now: new Date("2020-01-01T00:00:00Z"),
      validity: 24 * hour,
    });
    expectRefused(
      file(config({ "client-certificate-data": data(past.certificate), "client-key-data": data(past.key) })),
      "users[u].user.client-certificate-data",
      /the certificate expired on 2020-01-02T/,
    );
  });
  test("an authority stands beside insecure-skip-tls-verify", () =>
    expectRefused(
      file(config({}, { server: "https://a", "certificate-authority-data": data(ca.certificate), "insecure-skip-tls-verify": true })),
      "clusters[c].cluster.insecure-skip-tls-verify",
      /not allowed beside certificate-authority-data/,
    ));
  test("the proxy is none", () =>
    expectRefused(
      file(config({}, { server: "https://a", "proxy-url": "ftp://a:pw@b" })),
      "clusters[c].cluster.proxy-url",
      /^(?!.*pw@).*no http, https or socks5 URL/,
    ));
  test("impersonation names no user", () =>
    expectRefused(file(config({ token: "t", "as-groups": ["g"] })), "users[u].user.as", /is missing/));
  test("there are two ways to log in", () =>
    expectRefused(file(config({ token: "t", username: "a", password: "b" })), "users[u].user.username", /only one way/));
  test.for<[string, object, RegExp]>([
    ["command", { apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never" }, /is missing/],
    ["apiVersion", { command: "a", interactiveMode: "Never" }, /is neither/],
    ["interactiveMode", { command: "a", apiVersion: "client.authentication.k8s.io/v1" }, /is missing; Never, IfAvailable or Always/],
    ["interactiveMode", { command: "a", apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Maybe" }, /"Maybe" is none of/],
    [
      "env[0].name",
      { command: "a", apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never", env: [{ value: "1" }] },
      /is missing/,
    ],
  ])("its plugin has a wrong %s", ([name, exec, message]) => expectRefused(file(config({ exec })), `users[u].user.exec.${name}`, message));
});

describe("the first request is one clear error, naming the file and the field, when", () => {
  async function failure(path: string): Promise<Error> {
    const client = connect({ file: path });
    try {
      await client.get(ConfigMap, { name: "a" });
    } catch (error) {
      return error as Error;
    } finally {
      await client.close();
    }
    return expect.fail("it went through");
  }
  function expectPlace(error: Error, path: string, field: string, message: RegExp): void {
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
    expect(error.message).toContain(field);
    if (error instanceof ConnectionError) expect(error.place).toEqual({ file: path, field });
    else expect(error).toMatchObject({ name: "KubeconfigError", file: path, field });
  }
  const plugin = (body: string, more: object = {}): object => {
    const command = file(`#!/bin/sh\n${body}\n`);
    chmodSync(command, 0o755);
    return { exec: { apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never", command, ...more } };
  };

  test("the token's file is missing", async () => {
    const path = file(config({ tokenFile: "gone" }));
    expectPlace(await failure(path), path, "users[u].user.tokenFile", /cannot read .*gone/);
  });
  test("the plugin fails", async () => {
    const path = file(config(plugin("echo 'log in first' >&2; exit 3")));
    expectPlace(await failure(path), path, "users[u].user.exec.command", /failed: log in first/);
  });
  test("the plugin is not installed", async () => {
    const path = file(config(plugin("", { command: "no-such-plugin", installHint: "get it\u001b[2J there" })));
    expectPlace(await failure(path), path, "users[u].user.exec.command", /no-such-plugin is not installed \(get it \[2J there\)/);
  });
  test("the plugin may not be run", async () => {
    const path = file(config(plugin("", { command: file("#!/bin/sh\n") })));
    expectPlace(await failure(path), path, "users[u].user.exec.command", /cannot be run: .*EACCES/);
  });
  test("the plugin wants a person, and there is none", async () => {
    const path = file(config(plugin("", { interactiveMode: "Always" })));
    expectPlace(await failure(path), path, "users[u].user.exec.interactiveMode", /standard input is no terminal/);
  });
  test("the plugin speaks another version", async () => {
    const path = file(
      config(plugin(`echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"t"}}'`)),
    );
    expectPlace(await failure(path), path, "users[u].user.exec", /of client\.authentication\.k8s\.io\/v1beta1, and apiVersion says client/);
  });
  test("the plugin hangs: it is ended with all that it started", async () => {
    const { ExecCredentials } = await import("./exec.ts");
    const pid = join(folder, "pid");
    const { exec } = plugin(`sleep 600 & echo $! > ${pid}; wait`) as { exec: { command: string } };
    const hanging = (timeoutMs: number) =>
      new ExecCredentials(
        {
          apiVersion: "client.authentication.k8s.io/v1",
          interactiveMode: "Never",
          args: [],
          env: {},
          folder,
          source: "file",
          field: "users[u].user.exec",
          command: exec.command,
        },
        {},
        timeoutMs,
      ).current();
    // As long as it takes this machine to start the plugin, and that to start something else.
    const started = (): boolean => existsSync(pid) && /^\d+\n$/.test(readFileSync(pid, "utf8"));
    let timeoutMs = 100;
    do {
      timeoutMs *= 2;
      await expect(hanging(timeoutMs)).rejects.toThrow(
        `file: users[u].user.exec.command: ${exec.command} gave no answer in ${timeoutMs / 1000} s`,
      );
    } while (!started());
    await until(() => !isRunning(Number(readFileSync(pid, "utf8"))));
  });
  test("nothing listens at the server's port", async () => {
    const path = file(config({}, { server: "https://127.0.0.1:1" }));
    expectPlace(await failure(path), path, "clusters[c].cluster.server", /ECONNREFUSED 127\.0\.0\.1:1: nothing listens there/);
  });
  test("the server's host is unknown", async () => {
    const path = file(config({}, { server: "https://no-such-host.invalid" }));
    expectPlace(await failure(path), path, "clusters[c].cluster.server", /no-such-host\.invalid: there is no such host/);
  });
  test("the proxy refuses the connection", async () => {
    const path = file(config({}, { server: "https://api.test", "proxy-url": "http://127.0.0.1:1" }));
    expectPlace(await failure(path), path, "clusters[c].cluster.proxy-url", /proxy http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/);
  });
  test("the server is of another authority", async () => {
    await using server = await startApiServer();
    const path = file(server.kubeconfig({}, { "certificate-authority-data": data(ca.certificate) }));
    expectPlace(await failure(path), path, "clusters[c].cluster.certificate-authority-data", /does not come from the authority/);
    expect(server.requests).toEqual([]);
  });
  test("the server's certificate is for another name", async () => {
    await using server = await startApiServer();
    const path = file(server.kubeconfig({}, { "tls-server-name": "other.example" }));
    expectPlace(await failure(path), path, "clusters[c].cluster.tls-server-name", /set tls-server-name/);
  });
  test("the server's certificate has expired", async () => {
    const now = new Date("2020-01-01T00:00:00Z");
    const { certificate, key } = issueCertificate(ca, {
      commonName: "api",
      ipAddresses: ["127.0.0.1"],
      usages: ["server auth"],
      now,
      validity: hour,
    });
    await using server = await startApiServer({ cert: certificate, key });
    const path = file(server.kubeconfig({}, { "certificate-authority-data": data(ca.certificate) }));
    expectPlace(await failure(path), path, "clusters[c].cluster.server", /the server's certificate, not yours, has expired/);
  });
  test("what listens there speaks no TLS", async () => {
    const plain = createServer((socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
    const path = file(config({}, { server: `https://127.0.0.1:${(plain.address() as { port: number }).port}` }));
    expectPlace(await failure(path), path, "clusters[c].cluster.server", /does not speak TLS/);
    plain.close();
  });
});

function isRunning(pid: number): boolean {
  // A process that has ended but was not waited for is a zombie.
  if (existsSync("/proc/self/stat")) return existsSync(`/proc/${pid}/stat`) && !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
