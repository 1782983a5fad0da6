// Webhooks in the builder's way, by URL: on the devcluster, and on a real API server.
import {
  ConfigMap,
  connect,
  defineResource,
  formerVersion,
  installDefinitions,
  type ManagerOptions,
  manager,
  type ResourceWebhook,
  Secret,
  t,
  webhook,
  withVersions,
} from "@outrigger/kit";
import type { KubeObject } from "@outrigger/kit/api";
import { type Client, dynamicResource, type InvalidError, StatusError } from "@outrigger/kit/client";
import type { Log } from "@outrigger/kit/controller";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

const MUTATING = dynamicResource(
  "admissionregistration.k8s.io/v1",
  "MutatingWebhookConfiguration",
  "mutatingwebhookconfigurations",
  "Cluster",
);
const VALIDATING = dynamicResource(
  "admissionregistration.k8s.io/v1",
  "ValidatingWebhookConfiguration",
  "validatingwebhookconfigurations",
  "Cluster",
);
const DEFINITIONS = dynamicResource("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster");

const BookV1 = defineResource({
  group: "hooks.outrigger.dev",
  version: "v1",
  kind: "Book",
  spec: t.Object({ pages: t.Integer(), title: t.Optional(t.String()) }),
});
const BookV1beta1 = defineResource({
  group: "hooks.outrigger.dev",
  version: "v1beta1",
  kind: "Book",
  spec: t.Object({ length: t.Integer() }),
});
const Book = withVersions(BookV1, [
  formerVersion(BookV1beta1, BookV1, {
    upgrade: ({ spec }) => ({ spec: { pages: spec.length } }),
    downgrade: ({ spec }) => ({ spec: { length: spec.pages } }),
  }),
]);

let cluster: TestCluster;
let client: Client;
let namespace: string;
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  client = connect({ text: cluster.kubeconfig });
  namespace = await cluster.namespace("hooks");
}, 120_000);
afterAll(async () => {
  await client?.close();
  await cluster?.close();
});

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
});
const lines: { text: string | undefined; err?: unknown }[] = [];
const log: Log = {
  debug() {},
  info: (fields, text) => void lines.push({ ...fields, text }),
  warn: (fields, text) => void lines.push({ ...fields, text }),
  error: (fields, text) => void lines.push({ ...fields, text }),
  child: () => log,
};
function run(name: string, ...webhooks: ResourceWebhook[]): Promise<() => Promise<void>> {
  return start({ name, webhooks });
}
async function start(options: ManagerOptions): Promise<() => Promise<void>> {
  const one = manager({ ...options, kubeconfig: { text: cluster.kubeconfig }, log });
  const stop = new AbortController();
  const done = one.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  running.push(end);
  await Promise.race([one.ready, done]);
  return end;
}
const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = { hooked: "yes" }) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data }) as const;
const hooked = { objectSelector: { matchLabels: { hooked: "yes" } } } as const;
const find = (resource: typeof MUTATING, name: string) => client.find(resource, { name }) as Promise<KubeObject | undefined>;

test("a kind's hooks are registered, called, put right when somebody edits them, and gone at the end", async () => {
  const hooks = webhook(ConfigMap, hooked)
    .default((object, ctx) => {
      object.data = { ...object.data, by: ctx.user.username ?? "?" };
      if (ctx.operation === "CREATE") ctx.warn("a recipe was filled in");
    })
    .validate((object, { old }) => [
      ...(object.data?.["heat"] === "high" ? [{ field: "data.heat", message: "is too hot" }] : []),
      ...(old && old.data?.["heat"] !== object.data?.["heat"] ? ["the heat may not change"] : []),
    ]);
  const end = await run("hooked", hooks);
  const made = await client.create(ConfigMap, configMap("a", { heat: "low" }));
  expect(made.data).toMatchObject({ heat: "low", by: expect.stringMatching(/./) });
  const refusal = await client.create(ConfigMap, configMap("b", { heat: "high" })).catch((error: unknown) => error as InvalidError);
  expect(refusal).toBeInstanceOf(StatusError);
  expect(refusal).toMatchObject({
    statusCode: 422,
    message: expect.stringContaining('admission webhook "validate.configmaps.core" denied the request: data.heat: is too hot'),
  });
  await expect(client.patch(ConfigMap, { name: "a", namespace }, { type: "merge", patch: { data: { heat: "warm" } } })).rejects.toThrow(
    "the heat may not change",
  );
  // Nothing that does not match is sent.
  await client.create(ConfigMap, configMap("c", { heat: "high" }, {}));

  await client.patch(MUTATING, { name: "hooked" }, { type: "json", patch: [{ op: "replace", path: "/webhooks", value: [] }] });
  await eventually(async () => ((await find(MUTATING, "hooked"))?.["webhooks"] as object[] | undefined)?.length === 1);
  await eventually(() => lines.some(({ text }) => /somebody changed the registration/.test(text ?? "")));
  await end();
  expect([await find(MUTATING, "hooked"), await find(VALIDATING, "hooked")]).toEqual([undefined, undefined]);
  await client.create(ConfigMap, configMap("d", { heat: "high" }));
});

test("what a hook throws refuses the request with 500, and is in the log with its path", async () => {
  await run(
    "broken",
    webhook(ConfigMap, hooked).validate(() => {
      throw new TypeError("the recipe book is missing");
    }),
  );
  await expect(client.create(ConfigMap, configMap("e"))).rejects.toThrow("the recipe book is missing");
  expect(lines).toContainEqual(expect.objectContaining({ webhook: "/validate--v1-configmap", err: expect.any(TypeError) }));
});

test("a program that has no more hooks of a kind takes their former registration away", async () => {
  const both = webhook(ConfigMap, hooked)
    .default(() => undefined)
    .validate(() => undefined);
  await run("former", both);
  const left = await find(MUTATING, "former");
  await running.pop()!();
  // As a process that was killed leaves it.
  const { name, labels } = left!.metadata;
  await client.create(MUTATING, {
    apiVersion: left!.apiVersion,
    kind: left!.kind,
    metadata: { name, labels },
    webhooks: left!["webhooks"],
  } as never);
  await run(
    "former",
    webhook(ConfigMap, hooked).validate(() => undefined),
  );
  expect(await find(MUTATING, "former")).toBeUndefined();
  expect(await find(VALIDATING, "former")).toBeDefined();
});

test("by Service the certificate is kept in Secrets, and the registration outlives a replica", async () => {
  const ignoring = webhook(ConfigMap, { ...hooked, failurePolicy: "Ignore" }).validate(() => undefined);
  const end = await start({ name: "served", webhooks: [ignoring], webhookServer: { port: 0, service: { namespace } } });
  const registered = await find(VALIDATING, "served");
  const [entry] = registered!["webhooks"] as { clientConfig: object; namespaceSelector: object }[];
  const { data } = (await client.get(Secret, { namespace, name: "served-webhook-tls" })) as { data?: Readonly<Record<string, string>> };
  expect(entry).toMatchObject({
    clientConfig: { service: { namespace, name: "served-webhook", path: "/validate--v1-configmap" }, caBundle: data?.["ca.crt"] },
    // So that the operator's pods can start while nobody answers.
    namespaceSelector: {
      matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system", namespace].sort() }],
    },
  });
  await end();
  expect((await find(VALIDATING, "served"))?.metadata.uid).toBe(registered?.metadata.uid);
  await client.delete(VALIDATING, { name: "served" });
});

test("a kind with versions is converted while the manager runs, and its definition is left as it was", async () => {
  await installDefinitions(client, [Book]);
  const conversion = async () =>
    ((await client.get(DEFINITIONS, { name: "books.hooks.outrigger.dev" })) as unknown as { spec: { conversion: { strategy: string } } })
      .spec.conversion;
  const end = await run(
    "books",
    webhook(Book).validate((book) => (book.spec.pages < 1 ? "a book has a page" : undefined)),
  );
  expect(await conversion()).toMatchObject({ strategy: "Webhook" });
  // A CRD's handler takes a changed conversion up a moment after it is stored.
  await eventually(async () => {
    const name = `old-${Date.now()}`;
    await client.create(BookV1beta1, {
      apiVersion: "hooks.outrigger.dev/v1beta1",
      kind: "Book",
      metadata: { name, namespace },
      spec: { length: 7 },
    });
    return (await client.get(Book, { name, namespace })).spec.pages === 7;
  });
  // Hooks are shown the version that they were written for.
  await expect(
    client.create(BookV1beta1, {
      apiVersion: "hooks.outrigger.dev/v1beta1",
      kind: "Book",
      metadata: { name: "none", namespace },
      spec: { length: 0 },
    }),
  ).rejects.toThrow("a book has a page");
  await end();
  expect(await conversion()).toMatchObject({ strategy: "None" });
});
