import { expect, test } from "vitest";
import { startApiServer } from "../../test/api-server.ts";
import { startHttpProxy, startSocksProxy, type TestProxy } from "../../test/proxies.ts";
import { createCa, issueCertificate } from "../pki/index.ts";
import { ConnectionError, connect, dynamicResource, loadKubeconfig } from "./index.ts";
import cases from "./proxy.data.json" with { type: "json" };
import { environmentProxy } from "./proxy.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");

test.for(cases)("$target with $env goes by $proxy, as with Go's net/http", ({ target, env, proxy }) => {
  expect(environmentProxy(new URL(target), env as Record<string, string>)?.url ?? null).toBe(proxy);
});

/** A kubeconfig whose server has a name that only the proxy can resolve. */
async function behind(
  proxy: TestProxy,
  act: (text: (cluster?: object) => string, url: string, seen: () => number) => Promise<void>,
): Promise<void> {
  await using server = await startApiServer();
  server.put("a");
  const url = `https://api.test:${server.port}`;
  const text = (cluster: object = {}): string =>
    server.kubeconfig({ token: "t" }, { server: url, "tls-server-name": "localhost", "proxy-url": proxy.url, ...cluster });
  await act(text, url, () => server.requests.length);
}
async function read(text: string, env?: Record<string, string>): Promise<void> {
  const client = connect(loadKubeconfig({ text, ...(env ? { env } : {}) }));
  try {
    for (let i = 0; i < 3; i++) expect((await client.get(ConfigMap, { name: "a" })).metadata.name).toBe("a");
    for await (const event of client.watch(ConfigMap)) {
      expect(event.type).toBe("ADDED");
      break;
    }
  } finally {
    await client.close();
  }
}

/** One tunnel for the watch; for requests one, or two where the next came before the last one's end was noticed. */
function expectTunnels({ asked }: TestProxy, url: string): void {
  expect(new Set(asked)).toEqual(new Set([`CONNECT ${new URL(url).host}`]));
  expect(asked.length).toBeGreaterThanOrEqual(2);
  expect(asked.length).toBeLessThanOrEqual(3);
}

test("proxy-url: requests and watches go through tunnels of an http proxy, which they keep", async () => {
  await using proxy = await startHttpProxy();
  await behind(proxy, async (text, url) => {
    await read(text());
    expectTunnels(proxy, url);
  });
});

test("proxy-url: an https proxy may have a certificate of the cluster's authority", async () => {
  await using server = await startApiServer();
  server.put("a");
  await using proxy = await startHttpProxy({ tls: server.certificate() });
  const url = `https://api.test:${server.port}`;
  await read(server.kubeconfig({}, { server: url, "tls-server-name": "localhost", "proxy-url": proxy.url }));
  expectTunnels(proxy, url);
});

test("proxy-url: an https proxy whose certificate nobody vouches for is refused", async () => {
  const other = createCa({ commonName: "other" });
  await using proxy = await startHttpProxy({
    tls: issueCertificate(other, { commonName: "proxy", ipAddresses: ["127.0.0.1"], usages: ["server auth"] }),
  });
  await behind(proxy, async (text) => {
    await expect(read(text())).rejects.toThrow(
      /proxy https:\/\/127\.0\.0\.1:\d+: .*\(kubeconfig text: clusters\[c\]\.cluster\.proxy-url\)/,
    );
    expect(proxy.asked).toEqual([]);
  });
});

test("proxy-url: a socks5 proxy is given the name, with user and password where the URL has them", async () => {
  await using open = await startSocksProxy();
  await behind(open, async (text, url) => {
    await read(text());
    expectTunnels(open, url);
  });
  await using closed = await startSocksProxy({ login: "me:s3cret%" });
  await behind(closed, async (text) => {
    await read(text({ "proxy-url": `socks5://me:s3cret%25@${closed.host}` }));
    await expect(read(text({ "proxy-url": `socks5://me:wrong@${closed.host}` }))).rejects.toThrow(/refused its user name and password/);
    await expect(read(text())).rejects.toThrow(/wants another way to log in/);
  });
});

test("proxy-url: what SOCKS cannot write is refused before anything is sent", async () => {
  await using proxy = await startSocksProxy();
  const [fits, long, wide] = ["x".repeat(255), "x".repeat(256), "%C3%A9".repeat(128)];
  await behind(proxy, async (text) => {
    await read(text({ "proxy-url": `socks5://${fits}:${fits}@${proxy.host}` }));
    for (const [login, problem] of [
      [`${long}:p`, "user name of 256 bytes"],
      [`u:${long}`, "password of 256 bytes"],
      [`u:${wide}`, "password of 256 bytes"],
      ["u:100%", "a password with a percent sign"],
    ])
      expect(() => loadKubeconfig({ text: text({ "proxy-url": `socks5://${login}@${proxy.host}` }) })).toThrow(problem);
    const before = proxy.asked.length;
    await expect(read(text({ server: `https://${"a.".repeat(130)}example:1` }))).rejects.toThrow(
      /host names of at most 255 bytes: that of the server has 267/,
    );
    expect(proxy.asked.length).toBe(before);
  });
});

test("user and password of an http proxy are sent to it, and are in no message", async () => {
  await using proxy = await startHttpProxy({ login: "me:s3cret" });
  await behind(proxy, async (text, _url, seen) => {
    await read(text({ "proxy-url": `http://me:s3cret@${proxy.host}` }));
    const before = seen();
    const error = await read(text({ "proxy-url": `http://me:hidden@${proxy.host}` })).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(String(error)).toMatch(
      /refused a tunnel to api\.test:\d+: 407 Proxy Authentication Required \(kubeconfig text: clusters\[c\]\.cluster\.proxy-url\)/,
    );
    expect(String(error)).not.toContain("hidden");
    expect(seen()).toBe(before);
  });
});

test("HTTPS_PROXY counts where the kubeconfig names no proxy, and NO_PROXY exempts from it", async () => {
  await using proxy = await startHttpProxy();
  await behind(proxy, async (text, url) => {
    const own = text({ "proxy-url": undefined });
    await read(own, { HTTPS_PROXY: proxy.url });
    expectTunnels(proxy, url);
    const before = proxy.asked.length;
    // Without the proxy nobody knows the host.
    await expect(read(own, { HTTPS_PROXY: proxy.url, NO_PROXY: ".test" })).rejects.toThrow(/there is no such host/);
    expect(proxy.asked).toHaveLength(before);
    await read(text(), { HTTPS_PROXY: "http://127.0.0.1:1" });
    expect(proxy.asked.length).toBeGreaterThan(before);
  });
});

test("a proxy that is not there is named with the variable or the field that says so", async () => {
  await using proxy = await startHttpProxy();
  await behind(proxy, async (text) => {
    const gone = "http://127.0.0.1:1";
    await expect(read(text({ "proxy-url": gone }))).rejects.toMatchObject({
      reason: "ECONNREFUSED",
      place: { file: "kubeconfig text", field: "clusters[c].cluster.proxy-url" },
      message: expect.stringContaining("proxy http://127.0.0.1:1: connect ECONNREFUSED"),
    });
    await expect(read(text({ "proxy-url": undefined }), { HTTPS_PROXY: gone })).rejects.toMatchObject({
      place: { file: "environment", field: "HTTPS_PROXY" },
    });
  });
});

test("a server without TLS is asked for by its whole URL", async () => {
  const { createServer } = await import("node:http");
  const hosts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.setHeader("content-type", "application/json").end(JSON.stringify({ metadata: { name: request.url } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await using proxy = await startHttpProxy();
  const client = connect({
    server: `http://api.test:${port}/sub`,
    proxyUrl: proxy.url,
    namespace: "n",
    credentials: {},
    source: "test",
  });
  const path = "/sub/api/v1/namespaces/n/configmaps/a";
  expect((await client.get(ConfigMap, { name: "a" })).metadata.name).toBe(path);
  expect(proxy.asked).toEqual([`GET http://api.test:${port}${path}`]);
  expect(hosts).toEqual([`api.test:${port}`]);
  await client.close();
  server.close();
});
