import { get } from "node:https";
import { type Client, connect } from "@outrigger/kit/client";
import { clusterRole, controller, type PolicyRule, REVIEW_RULES, type RunningController, rbacRules } from "@outrigger/kit/controller";
import { ClusterRole, ClusterRoleBinding, CustomResourceDefinition, Namespace, Pod, ServiceAccount } from "@outrigger/kit/kinds";
import { type Manager, manager } from "@outrigger/kit/manager";
import { defineResource, t } from "@outrigger/kit/schema";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startCluster } from "../outrigger.ts";

let cluster: TestCluster;
let admin: Client;
const namespace = `manager-${Date.now().toString(36)}`;
const CustomPod = defineResource({
  group: `${namespace}.example.com`,
  version: "v1",
  kind: "CustomPod",
  spec: t.Object({ replicas: t.Integer({ minimum: 0 }) }),
  status: t.Object({ replicas: t.Integer() }),
});
const made: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  admin = connect({ text: cluster.kubeconfig });
  await admin.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  await admin.create(CustomResourceDefinition, CustomPod.crd() as never);
  await eventually(() => admin.list(CustomPod, { namespace }));
});
afterAll(async () => {
  for (const undo of made.reverse()) await undo().catch(() => {});
  await admin?.delete(CustomResourceDefinition, { name: CustomPod.crd().metadata.name }).catch(() => {});
  await admin?.delete(Namespace, { name: namespace }).catch(() => {});
  await admin?.close();
  await cluster?.close();
});

/** A kubeconfig and a token of a new service account with these rights and no others. */
async function accountWith(name: string, rules: readonly object[]): Promise<{ kubeconfig: string; token: string }> {
  await admin.create(ServiceAccount, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } });
  const role = `${namespace}-${name}`;
  await admin.create(ClusterRole, clusterRole(role, rules as readonly PolicyRule[]) as never);
  made.push(() => admin.delete(ClusterRole, { name: role }));
  await admin.create(ClusterRoleBinding, {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: role },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  } as never);
  made.push(() => admin.delete(ClusterRoleBinding, { name: role }));
  const { token } = await admin.token({ namespace, name });
  const { parse, stringify } = await import("yaml");
  const config = parse(cluster.kubeconfig);
  config.users = config.users.map((entry: { name: string }) => ({ name: entry.name, user: { token } }));
  return { kubeconfig: stringify(config), token };
}

const pod = (owner: string, index: number) =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: `${owner}-${index}` },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: "registry.k8s.io/pause:3.10" }] },
  }) as const;
const customPods = controller(CustomPod, { select: { namespace } })
  .owns(Pod, { select: { namespace } })
  .cleanup(async () => {})
  .reconcile(async (object, ctx) => {
    const { name } = object.metadata;
    const { replicas } = object.spec;
    await ctx.apply(Array.from({ length: replicas }, (_, index) => pod(name, index)));
    for (const one of ctx.owned(Pod).slice(replicas)) await ctx.delete(one);
    await ctx.status({ replicas });
    ctx.event("Scaled", `to ${replicas}`);
  });

interface Run {
  readonly manager: Manager;
  readonly lines: string[];
  readonly done: Promise<void>;
  stop(): Promise<void>;
}
function run(kubeconfig: string, more: object = {}): Run {
  const lines: string[] = [];
  const write = (fields: object, text?: string): void =>
    void lines.push(`${text} ${(fields as { err?: Error }).err?.message ?? ""} ${JSON.stringify(fields)}`);
  const log = { debug() {}, info: write, warn: write, error: write, child: () => log };
  const one = manager({ kubeconfig: { text: kubeconfig }, name: namespace, log, ...more });
  const stop = new AbortController();
  const done = one.run(stop.signal);
  done.catch(() => {});
  return {
    manager: one,
    lines,
    done,
    async stop() {
      stop.abort();
      await done;
    },
  };
}

test("a manager with exactly the rights that its controllers declare brings its objects to their end, and may do nothing else", async () => {
  const { kubeconfig } = await accountWith("exact", rbacRules([customPods]));
  const running = run(kubeconfig, { controllers: [customPods] });
  await running.manager.ready;
  const apply = (replicas: number) =>
    admin.apply(
      CustomPod,
      { apiVersion: CustomPod.apiVersion, kind: "CustomPod", metadata: { name: "web", namespace }, spec: { replicas } } as never,
      { fieldManager: "test" },
    );
  for (const replicas of [1, 3, 1]) {
    await apply(replicas);
    await eventually(async () => {
      const now = (await admin.get(CustomPod, { namespace, name: "web" })) as { status?: { replicas?: number } };
      const pods = (await admin.list(Pod, { namespace })).items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      return now.status?.replicas === replicas && pods.length === replicas;
    });
  }
  await admin.delete(CustomPod, { namespace, name: "web" });
  await eventually(async () => (await admin.find(CustomPod, { namespace, name: "web" })) === undefined);
  const limited = connect({ text: kubeconfig });
  await expect(limited.list(Namespace)).rejects.toThrow(/cannot list resource "namespaces"/);
  await limited.close();
  await running.stop();
  expect(running.lines.filter((line) => /forbidden/.test(line))).toEqual([]);
});

const without = (resource: string, verb: string): PolicyRule[] =>
  rbacRules([customPods])
    .flatMap((rule) => rule.resources.map((one) => ({ ...rule, resources: [one] })))
    .map((rule) => ({ ...rule, verbs: rule.verbs.filter((some) => !(rule.resources[0] === resource && some === verb)) }))
    .filter(({ verbs }) => verbs.length > 0);

test("a right to watch that is missing ends the manager with an error that names verb and resource", async () => {
  const { kubeconfig } = await accountWith(
    "blind",
    without("pods", "list").filter(({ resources }) => resources[0] !== "pods"),
  );
  const running = run(kubeconfig, { controllers: [customPods], cacheSyncTimeoutMs: 8_000 });
  await expect(running.done).rejects.toThrow(/did not sync.*cannot (list|watch) resource "pods"/s);
});

test.each([
  ["pods", "create"],
  ["pods", "patch"],
  ["custompods", "patch"],
  ["custompods/status", "patch"],
] as const)("a right that a reconcile misses (%s, %s) is named in its error", async (resource, verb) => {
  const name = `no-${resource.replace("/", "-")}-${verb}`;
  const { kubeconfig } = await accountWith(name, without(resource, verb));
  const running = run(kubeconfig, { controllers: [customPods] });
  await running.manager.ready;
  const [one] = running.manager.controllers as [RunningController];
  const results = one.results()[Symbol.asyncIterator]();
  await admin.create(CustomPod, {
    apiVersion: CustomPod.apiVersion,
    kind: "CustomPod",
    metadata: { name, namespace },
    spec: { replicas: 1 },
  } as never);
  const { value } = await results.next();
  expect(value.result).toBe("error");
  expect(String(value.error)).toMatch(new RegExp(`cannot ${verb} resource "${resource}"`));
  expect(running.lines.find((line) => line.startsWith("reconcile failed"))).toMatch(new RegExp(`cannot ${verb} resource "${resource}"`));
  await running.stop();
  await admin.patch(CustomPod, { namespace, name }, { type: "merge", patch: { metadata: { finalizers: null } } });
  await admin.delete(CustomPod, { namespace, name });
});

test("metrics over HTTPS are for those whose token may get them: 401 without one, 403 without the right", async () => {
  const reader = await accountWith("reader", [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }]);
  const nobody = await accountWith("nobody", []);
  const serving = await accountWith("serving", REVIEW_RULES);
  const running = run(serving.kubeconfig, { secureMetrics: { port: 0, host: "127.0.0.1" }, probes: { port: 0, host: "127.0.0.1" } });
  await running.manager.ready;
  const ask = (token?: string): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      get(`${running.manager.metricsUrl}/metrics`, { rejectUnauthorized: false, headers }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString("utf8");
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      }).on("error", reject);
    });
  expect(await ask()).toEqual({ status: 401, text: "Unauthorized\n" });
  expect(await ask("no-such-token")).toEqual({ status: 401, text: "Unauthorized\n" });
  expect(await ask(nobody.token)).toEqual({
    status: 403,
    text: `Authorization denied for user system:serviceaccount:${namespace}:nobody\n`,
  });
  const reviews = (text: string) => Number(/rest_client_requests_total\{code="201",[^}]*method="POST"\} (\d+)/.exec(text)?.[1]);
  const first = await ask(reader.token);
  expect(first.status).toBe(200);
  const second = await ask(reader.token);
  // What the API server said is remembered for a while.
  expect(reviews(second.text)).toBe(reviews(first.text));
  // In the clear there are probes, and no figures.
  expect((await fetch(`${running.manager.probesUrl}/healthz`)).status).toBe(200);
  expect((await fetch(`${running.manager.probesUrl}/metrics`)).status).toBe(404);
  await running.stop();
});

test("who may not ask for reviews serves no metrics, and says why", async () => {
  const reader = await accountWith("reader-2", [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }]);
  const running = run(reader.kubeconfig, { secureMetrics: { port: 0, host: "127.0.0.1" } });
  await running.manager.ready;
  const status = await new Promise<string>((resolve, reject) => {
    const headers = { authorization: `Bearer ${reader.token}` };
    get(`${running.manager.metricsUrl}/metrics`, { rejectUnauthorized: false, headers }, (response) => {
      let text = `${response.statusCode} `;
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
      });
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
  expect(status).toMatch(/^500 Authentication failed: .*cannot create resource "tokenreviews"/);
  await running.stop();
});
