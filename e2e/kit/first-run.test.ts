// What an operator says when something is missing at its first run, and how it runs in some namespaces with the rights of these alone.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ConfigMap,
  controller,
  defineResource,
  installDefinitions,
  type ManagerOptions,
  manager,
  Secret,
  StatusError,
  t,
} from "@outrigger/kit";
import type { Client } from "@outrigger/kit/client";
import { clusterRole, type Log, rbacRules } from "@outrigger/kit/controller";
import { ClusterRole, RoleBinding } from "@outrigger/kit/kinds";
import { eventually, startTestCluster, type TestCluster } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { repository } from "../outrigger.ts";

let cluster: TestCluster;
let folder: string;
const undo: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  cluster = await startTestCluster({ bare: true });
  folder = mkdtempSync(join(tmpdir(), "outrigger-first-run-"));
}, 120_000);
afterAll(async () => {
  for (const one of undo.reverse()) await one().catch(() => {});
  await cluster?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

interface Line {
  readonly text: string | undefined;
  readonly err?: unknown;
  readonly error?: string;
}
const lines: Line[] = [];
const record = (fields: object, text?: string): void => void lines.push({ ...fields, text });
const log: Log = { debug() {}, info: record, warn: record, error: record, child: () => log };
const said = (part: string): Promise<Line> => eventually(() => lines.find(({ text }) => text?.includes(part)), { what: part });

const running: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of running.splice(0)) await stop();
  lines.length = 0;
});
function start(client: Client, options: ManagerOptions): { readonly ready: Promise<void> } {
  const one = manager({ ...options, client, log });
  const stop = new AbortController();
  const done = one.run(stop.signal);
  running.push(async () => {
    stop.abort();
    await done;
  });
  return one;
}

const group = `first-run-${Date.now().toString(36)}.outrigger.dev`;
const kind = <K extends string>(name: K) =>
  defineResource({
    group,
    version: "v1",
    kind: name,
    spec: t.Object({ tags: t.Optional(t.Array(t.String())) }),
    status: t.Object({ seen: t.Integer(), parts: t.Optional(t.Array(t.Object({ name: t.String() }))) }),
  });

test("a kind that the cluster does not serve: says at once what to install, and goes on once it is installed", async () => {
  const Unknown = kind("Unknown");
  const { ready } = start(cluster.client, { controllers: [controller(Unknown).reconcile(async () => {})] });
  const { text } = await said("does not serve Unknown");
  expect(text).toContain(`the cluster does not serve Unknown (${group}/v1): install its CustomResourceDefinition unknowns.${group}`);
  expect(text).toContain("`outrigger install`");
  await installDefinitions(cluster.client, [Unknown]);
  await ready;
});

test("a right that is missing at the start: names the rule, and the declaration that needs it", async () => {
  const nobody = cluster.clientAs({ name: "nobody-in-particular" });
  const copies = controller(ConfigMap, { name: "copies" })
    .owns(Secret)
    .reconcile(async () => {});
  start(nobody, { controllers: [copies] });
  const { text, error } = await said('resources: ["secrets"]');
  expect(text).toBe(
    'missing RBAC rule: {apiGroups: [""], resources: ["secrets"], verbs: ["get","list","watch"]}; controller "copies" (owns Secret) needs it. ' +
      "Generate the rules anew (`outrigger manifests`, or rbacRules(controllers)), and apply the role and its binding",
  );
  expect(error).toContain('User "nobody-in-particular" cannot');
  expect((await said('resources: ["configmaps"]')).text).toContain('controller "copies" (for ConfigMap) needs it');
});

test("a Lease that may not be read: names the rules of leader election", async () => {
  const namespace = await cluster.namespace("first-run");
  start(cluster.clientAs({ name: "nobody-in-particular" }), { name: "boats", leaderElection: { namespace } });
  expect((await said("leaderElection")).text).toBe(
    `missing RBAC rule in namespace ${namespace}: {apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["boats"], verbs: ["get","update"]} ` +
      'and {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"]}; leaderElection needs them (leaseRules("boats"))',
  );
});

test("mistakes in a reconcile: a write to a frozen object, and a status field that the schema lacks", async () => {
  const Mistake = kind("Mistake");
  await installDefinitions(cluster.client, [Mistake]);
  const namespace = await cluster.namespace("first-run");
  const asks: string[] = [];
  const mistakes = controller(Mistake).reconcile(async (object, ctx) => {
    if (object.metadata.name === "frozen") (object.spec.tags as string[]).push("more");
    // A variable's own fields are not checked by the compiler.
    const next = { seen: 1, sean: 2, parts: [{ name: "a", nam: "b" }] };
    await ctx.status(next).finally(() => asks.push(object.metadata.name));
  });
  const { ready } = start(cluster.client, { controllers: [mistakes] });
  await ready;
  const create = (name: string) =>
    cluster.client.create(Mistake, { apiVersion: `${group}/v1`, kind: "Mistake", metadata: { namespace, name }, spec: { tags: ["a"] } });
  await create("frozen");
  const { err } = await eventually(() => lines.find(({ err }) => err instanceof TypeError));
  expect((err as Error).message).toBe(
    "Cannot add property 1, object is not extensible. Objects from the cache are frozen, since others read them too: copy it first, with structuredClone(object)",
  );
  expect((err as Error).stack).toMatch(/copy it first.*\n +at .*first-run\.test/s);
  await create("status");
  const refused = await eventually(() => lines.find(({ err }) => (err as { code?: string })?.code === "ERR_UNKNOWN_STATUS_FIELD"));
  expect(refused.err).not.toBeInstanceOf(StatusError);
  expect((refused.err as Error).message).toContain(
    `status.sean, status.parts[0].nam: the schema of Mistake (${group}/v1) has no such fields: add them to the status of its defineResource`,
  );
});

test("a wrong kubeconfig is one line, in an example's program and in a project's", async () => {
  const template = readFileSync(join(repository, "packages/cli/templates/project/src/main.ts.tmpl"), "utf8");
  const operator = readFileSync(join(repository, "packages/cli/templates/project/src/operator.ts.tmpl"), "utf8").replace(
    "<%name%>",
    "boats",
  );
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "main.ts"), template);
  writeFileSync(join(folder, "operator.ts"), operator);
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  const absent = join(folder, "absent");
  const wrong = join(folder, "wrong");
  writeFileSync(wrong, "clusters: [");
  const run = (args: readonly string[], kubeconfig: string) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const env = { ...process.env, KUBECONFIG: kubeconfig };
      execFile(process.execPath, ["--conditions=source", "--no-warnings", ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code, stdout, stderr }),
      );
    });
  const example = join(repository, "examples/07-index/main.ts");
  const [a, b, c, d] = await Promise.all([
    run([example, "--kubeconfig", absent], ""),
    run([example, "--kubeconfig", wrong], ""),
    run([join(folder, "main.ts")], absent),
    run([join(folder, "main.ts")], wrong),
  ]);
  expect(a).toEqual({ code: 1, stdout: "", stderr: `${absent}: no such file\n` });
  expect(b!.stderr).toMatch(/^\S+wrong: is not YAML: [^\n]*\n$/);
  expect(c!.stderr).toMatch(/^boats: [^\n]*absent[^\n]*\n$/);
  expect(d!.stderr).toMatch(/^boats: \S+wrong: is not YAML: [^\n]*\n$/);
  expect([b!.code, c!.code, d!.code]).toEqual([1, 1, 1]);
});

test("a manager of some namespaces needs rights in them alone, and sees nothing else", async () => {
  const [a, b, c] = [await cluster.namespace("some"), await cluster.namespace("some"), await cluster.namespace("some")];
  const user = `some-${a}`;
  const runs: string[] = [];
  const copies = controller(ConfigMap, { name: "copies", fieldManager: "copies" })
    .owns(Secret)
    .index("byColor", ({ data }) => data?.["color"])
    .reconcile(async ({ metadata, data }, ctx) => {
      if (data?.["color"] === undefined) return;
      const same = ctx.byIndex(ConfigMap, "byColor", data["color"]).map((one) => one.metadata.namespace);
      runs.push(`${metadata.namespace} ${same.length} ${ctx.byIndex(ConfigMap, "byColor", data["color"], { namespace: a! }).length}`);
      await ctx.apply({ apiVersion: "v1", kind: "Secret", metadata: { name: metadata.name }, stringData: data as Record<string, string> });
    });
  // An index of the same name is another controller's own; and this one watches but one of the namespaces.
  const only: string[] = [];
  const others = controller(ConfigMap, { name: "others", namespaces: [b!] })
    .index("byColor", () => "any")
    .reconcile(async ({ metadata }, ctx) => void only.push(`${metadata.namespace} ${ctx.byIndex(ConfigMap, "byColor", "any").length}`));

  await cluster.client.create(ClusterRole, clusterRole(user, rbacRules([copies, others])) as never);
  undo.push(() => cluster.client.delete(ClusterRole, { name: user }));
  for (const namespace of [a, b])
    await cluster.client.create(RoleBinding, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: user, namespace: namespace! },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: user },
      subjects: [{ kind: "User", name: user, apiGroup: "rbac.authorization.k8s.io" }],
    });
  const config = (namespace: string, data: Record<string, string>) =>
    cluster.client.apply(
      ConfigMap,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "red", namespace }, data },
      { fieldManager: "test" },
    );
  for (const namespace of [a, b, c]) await config(namespace!, { color: "red" });

  const { ready } = start(cluster.clientAs({ name: user }), { controllers: [copies, others], namespaces: [a!, b!] });
  await ready;
  const copied = async (namespace: string) => (await cluster.client.find(Secret, { namespace, name: "red" })) !== undefined;
  await eventually(async () => (await copied(a!)) && (await copied(b!)));
  expect(runs).toContain(`${a} 2 1`);
  expect(runs).toContain(`${b} 2 1`);
  // A change after its own writes: they were waited for by the namespace that they are in, not until every one moved.
  await config(a!, { color: "red", more: "yes" });
  await eventually(async () => (await cluster.client.get(Secret, { namespace: a!, name: "red" })).data?.["more"] !== undefined, {
    timeoutMs: 15_000,
  });
  expect(await copied(c!)).toBe(false);
  expect(runs.filter((run) => run.startsWith(c!))).toEqual([]);
  expect(new Set(only.map((run) => run.split(" ")[0]))).toEqual(new Set([b]));
  expect(lines.filter(({ text }) => text?.includes("missing RBAC rule"))).toEqual([]);
});

test("failed reconciles are retried by the controller's backoff", async () => {
  const namespace = await cluster.namespace("some");
  const times: number[] = [];
  const failing = controller(ConfigMap, {
    name: "failing",
    select: { namespace, fieldSelector: "metadata.name=x" },
    backoff: { base: "300ms", max: "400ms" },
  }).reconcile(async () => {
    times.push(performance.now());
    throw new Error("not yet");
  });
  const { ready } = start(cluster.client, { controllers: [failing] });
  await ready;
  await cluster.client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace } });
  await eventually(() => times.length >= 5);
  const waits = times.slice(1).map((time, index) => time - times[index]!);
  expect(waits[0]).toBeGreaterThanOrEqual(299);
  for (const wait of waits.slice(1)) expect(wait).toBeGreaterThanOrEqual(399);
});
