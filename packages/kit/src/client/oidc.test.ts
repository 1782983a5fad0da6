import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { type ApiServer, startApiServer } from "../../test/api-server.ts";
import { type Issuer, idToken, startIssuer } from "../../test/oidc-issuer.ts";
import { connect, dynamicResource, KubeconfigError } from "./index.ts";
import { withTokens } from "./kubeconfig-write.ts";

const ConfigMap = dynamicResource("v1", "ConfigMap", "configmaps", "Namespaced");
const folder = mkdtempSync(join(tmpdir(), "outrigger-oidc-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const seconds = (): number => Math.floor(Date.now() / 1000);
const old = idToken(seconds() - 10, "old");
let files = 0;

/** A kubeconfig as a person has it, with comments. */
function kubeconfig(server: ApiServer, issuer: Issuer, config: Record<string, string | undefined> = {}): string {
  const all = {
    "idp-issuer-url": issuer.url,
    "client-id": "cli",
    "client-secret": "s:cret",
    "idp-certificate-authority-data": Buffer.from(issuer.ca).toString("base64"),
    "id-token": old,
    "refresh-token": "r0",
    ...config,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined);
  const file = join(folder, `config-${++files}`);
  writeFileSync(
    file,
    `# mine
apiVersion: v1
kind: Config
current-context: x   # the only one
clusters:
- {name: c, cluster: {server: "${server.url}", certificate-authority-data: ${Buffer.from(server.ca).toString("base64")}}}
contexts:
- name: x
  context: {cluster: c, user: "u"}
users:
- name: u
  user:
    auth-provider:
      name: oidc
      config:
${lines.map(([name, value]) => `        ${name}: ${value} # ${name}`).join("\n")}
# the end
`,
    { mode: 0o600 },
  );
  return file;
}
const bearers = (server: ApiServer): (string | undefined)[] => [...new Set(server.requests.map(({ headers }) => headers.authorization))];

test("an id token that has not ended is used as it is", async () => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  server.put("a");
  const good = idToken(seconds() + 60, "good");
  const client = connect({ file: kubeconfig(server, issuer, { "id-token": good }) });
  await client.get(ConfigMap, { name: "a" });
  expect(bearers(server)).toEqual([`Bearer ${good}`]);
  expect(issuer.refreshes).toEqual([]);
  await client.close();
});

test("one that has ended is replaced once for all who wait, and the new tokens stand in the kubeconfig, nothing else changed", async () => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  server.put("a");
  const file = kubeconfig(server, issuer);
  const before = readFileSync(file, "utf8");
  const client = connect({ file });
  await Promise.all([1, 2, 3].map(() => client.get(ConfigMap, { name: "a" })));
  expect(issuer.refreshes).toHaveLength(1);
  expect(issuer.refreshes[0]?.form).toEqual({ grant_type: "refresh_token", refresh_token: "r0" });
  const [bearer] = bearers(server);
  const token = bearer!.replace("Bearer ", "");
  expect(bearers(server)).toHaveLength(1);
  expect(JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString())).toMatchObject({ sub: "t1" });
  expect(readFileSync(file, "utf8")).toBe(
    before.replace(`id-token: ${old}`, `id-token: "${token}"`).replace("refresh-token: r0", 'refresh-token: "r1"'),
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(existsSync(`${file}.lock`)).toBe(false);
  await client.close();

  // The next program goes on with them.
  const next = connect({ file });
  await next.get(ConfigMap, { name: "a" });
  expect(issuer.refreshes).toHaveLength(1);
  await next.close();
});

test("a token that is refused is replaced and the request made again", async () => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  server.put("a");
  const revoked = idToken(seconds() + 600, "revoked");
  server.interceptions.push(({ headers }, response) => {
    if (headers.authorization !== `Bearer ${revoked}`) return false;
    response.writeHead(401).end();
    return true;
  });
  const client = connect({ file: kubeconfig(server, issuer, { "id-token": revoked }) });
  await client.get(ConfigMap, { name: "a" });
  expect(issuer.refreshes).toHaveLength(1);
  await client.close();
});

test("tokens that another program renewed in the same kubeconfig are taken over", async () => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  server.put("a");
  const file = kubeconfig(server, issuer);
  const client = connect({ file });
  const theirs = idToken(seconds() + 600, "theirs");
  writeFileSync(file, readFileSync(file, "utf8").replace(old, theirs).replace("r0", "r7"));
  await client.get(ConfigMap, { name: "a" });
  expect(bearers(server)).toEqual([`Bearer ${theirs}`]);
  expect(issuer.refreshes).toEqual([]);
  await client.close();
});

test("an issuer that takes the client's secret only in the body gets it there", async () => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  issuer.secretInBody = true;
  server.put("a");
  const client = connect({ file: kubeconfig(server, issuer, { "id-token": undefined }) });
  await client.get(ConfigMap, { name: "a" });
  expect(issuer.refreshes.at(-1)?.form).toMatchObject({ client_id: "cli", client_secret: "s:cret" });
  await client.close();
});

test("a kubeconfig that cannot be written costs a warning, not the request", async () => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  server.put("a");
  const file = kubeconfig(server, issuer);
  writeFileSync(`${file}.lock`, "");
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const client = connect({ file });
  await client.get(ConfigMap, { name: "a" });
  expect(String(warned.mock.calls[0]?.[0])).toContain(`${file}: the renewed tokens of user "u" could not be written`);
  warned.mockRestore();
  await client.close();
});

const field = "users[u].user.auth-provider.config";
test.for<[string, Record<string, string | undefined>, (issuer: Issuer) => void, string, RegExp]>([
  [
    "without a refresh token",
    { "refresh-token": undefined },
    () => {},
    "refresh-token",
    /is missing, and the id-token has ended; log in again/,
  ],
  [
    "a refresh token that was used up",
    { "refresh-token": "gone" },
    () => {},
    "refresh-token",
    /was refused by .*invalid_grant: it was used up; log in again/,
  ],
  ["a client that the issuer does not know", { "client-secret": "wrong" }, () => {}, "refresh-token", /was refused by .*invalid_client/],
  [
    "an issuer that gives no id token",
    {},
    (issuer) => {
      issuer.withoutIdToken = true;
    },
    "refresh-token",
    /gave no id_token for it; log in with the scope "openid"/,
  ],
  [
    "an issuer of another authority",
    { "idp-certificate-authority-data": undefined },
    () => {},
    "idp-issuer-url",
    /cannot reach https:.*certificate/,
  ],
  [
    "an issuer that is not there",
    { "idp-issuer-url": "https://127.0.0.1:1" },
    () => {},
    "idp-issuer-url",
    /cannot reach https:\/\/127\.0\.0\.1:1\/.*ECONNREFUSED/,
  ],
])("%s is one clear error, with file and field", async ([, config, arrange, name, message]) => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  arrange(issuer);
  const file = kubeconfig(server, issuer, config);
  const client = connect({ file });
  const error = await client.get(ConfigMap, { name: "a" }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(KubeconfigError);
  expect(error).toMatchObject({ file, field: `${field}.${name}`, message: expect.stringMatching(message) });
  expect(server.requests).toEqual([]);
  await client.close();
});

test.for<[string, Record<string, string | undefined>, string, RegExp]>([
  ["no issuer", { "idp-issuer-url": undefined }, "idp-issuer-url", /is missing/],
  ["an issuer that is no URL", { "idp-issuer-url": "issuer" }, "idp-issuer-url", /no https URL/],
  ["no client", { "client-id": undefined }, "client-id", /is missing/],
  ["an id token that is none", { "id-token": "abc" }, "id-token", /does not say when it ends/],
])("%s is refused when the kubeconfig is read", async ([, config, name, message]) => {
  await using server = await startApiServer();
  await using issuer = await startIssuer();
  const file = kubeconfig(server, issuer, config);
  expect(() => connect({ file })).toThrow(
    expect.objectContaining({ file, field: `${field}.${name}`, message: expect.stringMatching(message) }),
  );
});

test("tokens are put where there were none, in block and in flow style", () => {
  const tokens = { "id-token": "i", "refresh-token": "r" };
  const block = `users:\n- name: a\n  user:\n    auth-provider:\n      config:\n        client-id: x # c\n        id-token:\n`;
  expect(withTokens(block, "a", tokens)).toBe(
    block.replace("client-id", `refresh-token: "r"\n        client-id`).replace("id-token:\n", `id-token: "i"\n`),
  );
  const flow = `{"users": [{"name": "a", "user": {"auth-provider": {"config": {"client-id": "x"}}}}]}`;
  expect(JSON.parse(withTokens(flow, "a", tokens))).toEqual({
    users: [{ name: "a", user: { "auth-provider": { config: { ...tokens, "client-id": "x" } } } }],
  });
  expect(() => withTokens(flow, "b", tokens)).toThrow('there is no auth-provider.config of user "b"');
});
