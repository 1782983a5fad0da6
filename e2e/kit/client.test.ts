import { readFileSync } from "node:fs";
import type { KubeObject, ManagedFieldsEntry, Observed } from "@outrigger/kit/api";
import {
  AlreadyExistsError,
  BadRequestError,
  type Client,
  ConflictError,
  connect,
  dynamicResource,
  ExpiredError,
  ForbiddenError,
  InvalidError,
  loadKubeconfig,
  NotFoundError,
  UnsupportedMediaTypeError,
  type WatchEvent,
} from "@outrigger/kit/client";
import {
  CertificateSigningRequest,
  ConfigMap,
  CustomResourceDefinition,
  Deployment,
  Namespace,
  Pod,
  PodDisruptionBudget,
  Secret,
  ServiceAccount,
} from "@outrigger/kit/kinds";
import { createCsr } from "@outrigger/kit/pki";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startCluster } from "../outrigger.ts";
import { forget } from "./forget.ts";

let cluster: TestCluster;
let client: Client;
let text: string;
const warnings: string[] = [];
const namespace = `client-${Date.now().toString(36)}`;
const key = (name: string) => ({ namespace, name });
const map = (name: string, data: Record<string, string> = {}, labels?: Record<string, string>) =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, ...(labels ? { labels } : {}) }, data }) as const;
const pod = (name: string, labels: Record<string, string> = {}) =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, labels },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: "main", image: "registry.k8s.io/pause:3.10" }] },
  }) as const;
const deployment = (name: string, replicas: number) =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: pod(name).spec } },
  }) as const;
const managedFields = (object: unknown): readonly ManagedFieldsEntry[] => (object as KubeObject).metadata.managedFields ?? [];
/** A kind of this file's own, whose history begins with it. */
const Gadget = dynamicResource("client.example.com/v1", "Gadget", "gadgets", "Namespaced");
const gadgets = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "gadgets.client.example.com" },
  spec: {
    group: "client.example.com",
    names: { plural: "gadgets", kind: "Gadget", listKind: "GadgetList", singular: "gadget" },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
} as const;
async function failure<E extends Error>(doing: Promise<unknown>): Promise<E> {
  try {
    await doing;
  } catch (error) {
    return error as E;
  }
  return expect.fail("it went through");
}

beforeAll(async () => {
  cluster = await startCluster();
  text = readFileSync(cluster.kubeconfigFile, "utf8");
  client = connect({ text }, { onWarning: (warning) => warnings.push(warning), fieldManager: "e2e" });
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace }, spec: {} });
  await client.create(CustomResourceDefinition, gadgets as never);
  await eventually(async () => (await client.list(Gadget, { namespace })).items.length === 0);
  // Pods can be made once the namespace has its service account.
  await eventually(() => client.find(ServiceAccount, key("default")));
});
afterAll(async () => {
  await client?.delete(CustomResourceDefinition, gadgets.metadata).catch(() => {});
  await client?.delete(Namespace, { name: namespace }).catch(() => {});
  await client?.close();
  await cluster?.close();
});

describe("objects", () => {
  test("are created, read, replaced, patched and deleted", async () => {
    expect(await client.find(ConfigMap, key("crud"))).toBeUndefined();
    const made = await client.create(ConfigMap, map("crud", { a: "1" }));
    expect(made.metadata).toMatchObject({ name: "crud", namespace, uid: expect.any(String), resourceVersion: expect.any(String) });
    const changed = await client.update(ConfigMap, { ...made, data: { a: "2" } });
    expect((await client.get(ConfigMap, key("crud"))).data).toEqual({ a: "2" });
    expect((await client.patch(ConfigMap, key("crud"), { type: "merge", patch: { data: { b: "3" } } })).data).toEqual({ a: "2", b: "3" });
    const json = [
      { op: "test", path: "/data/b", value: "3" },
      { op: "remove", path: "/data/a" },
    ];
    expect((await client.patch(ConfigMap, key("crud"), { type: "json", patch: json })).data).toEqual({ b: "3" });
    expect((await client.patch(ConfigMap, key("crud"), { type: "strategic", patch: { data: { b: null, c: "4" } } })).data).toEqual({
      c: "4",
    });
    const wrongUid = await failure(client.delete(ConfigMap, key("crud"), { preconditions: { uid: "another" } }));
    expect(wrongUid).toBeInstanceOf(ConflictError);
    await client.delete(ConfigMap, key("crud"), { preconditions: { uid: changed.metadata.uid } });
    expect(await failure(client.get(ConfigMap, key("crud")))).toBeInstanceOf(NotFoundError);
  });

  test("that have finalizers are answered as they still are, and go when those do", async () => {
    const made = await client.create(ConfigMap, { ...map("final"), metadata: { name: "final", namespace, finalizers: ["example.com/a"] } });
    const answer = await client.delete(ConfigMap, key("final"));
    expect(answer).toMatchObject({ kind: "ConfigMap", metadata: { uid: made.metadata.uid, deletionTimestamp: expect.any(String) } });
    await client.patch(ConfigMap, key("final"), { type: "merge", patch: { metadata: { finalizers: null } } });
    expect(await client.find(ConfigMap, key("final"))).toBeUndefined();
  });

  test("get a name from generateName", async () => {
    const made = await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { generateName: "gen-", namespace },
    } as never);
    expect(made.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
  });

  test("come as metadata alone where that is asked for", async () => {
    await client.create(ConfigMap, map("meta", { a: "1" }, { form: "metadata" }));
    const one = await client.get(ConfigMap, key("meta"), { metadataOnly: true });
    const { items } = await client.list(ConfigMap, { namespace, labelSelector: "form=metadata", metadataOnly: true });
    for (const object of [one, items[0]!]) {
      expect(object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "meta" } });
      expect(object.data).toBeUndefined();
    }
  });

  test("are deleted as a collection, by selector", async () => {
    for (const [name, group] of [
      ["x", "gone"],
      ["y", "gone"],
      ["z", "stays"],
    ] as const)
      await client.create(ConfigMap, map(name, {}, { group }));
    await client.deleteCollection(ConfigMap, { namespace, labelSelector: "group", dryRun: true });
    expect((await client.list(ConfigMap, { namespace, labelSelector: "group" })).items).toHaveLength(3);
    await client.deleteCollection(ConfigMap, { namespace, labelSelector: "group=gone" });
    expect((await client.list(ConfigMap, { namespace, labelSelector: "group" })).items.map(({ metadata }) => metadata.name)).toEqual(["z"]);
  });
});

describe("refusals", () => {
  test("are errors by reason, with the server's message", async () => {
    await client.create(ConfigMap, map("there"));
    expect(await failure(client.create(ConfigMap, map("there")))).toBeInstanceOf(AlreadyExistsError);
    const invalid = await failure<InvalidError>(client.create(ConfigMap, map("Not_A_Name")));
    expect(invalid).toBeInstanceOf(InvalidError);
    expect(invalid.causes).toEqual([expect.objectContaining({ field: "metadata.name", reason: "FieldValueInvalid" })]);
    const Widget = dynamicResource("example.com/v1", "Widget", "widgets", "Namespaced");
    expect(await failure(client.list(Widget))).toBeInstanceOf(NotFoundError);
    const stale = await client.get(ConfigMap, key("there"));
    await client.update(ConfigMap, { ...stale, data: { now: "newer" } });
    expect(await failure(client.update(ConfigMap, { ...stale, data: { now: "older" } }))).toBeInstanceOf(ConflictError);
    expect(await failure(client.list(ConfigMap, { labelSelector: "a in (" }))).toBeInstanceOf(BadRequestError);
  });

  test("of a strategic merge patch of a custom resource are by media type", async () => {
    const gadget = { apiVersion: "client.example.com/v1", kind: "Gadget", metadata: { name: "a", namespace } };
    await client.create(Gadget, gadget);
    expect(await failure(client.patch(Gadget, key("a"), { type: "strategic", patch: {} }))).toBeInstanceOf(UnsupportedMediaTypeError);
    expect((await client.list(Gadget, { namespace })).items.map(({ kind }) => kind)).toEqual(["Gadget"]);
    await client.delete(Gadget, key("a"));
  });
});

describe("lists", () => {
  test("come in pages of one moment, whatever changes meanwhile", async () => {
    for (let i = 0; i < 7; i++) await client.create(ConfigMap, map(`page-${i}`, {}, { paged: "yes" }));
    const names: string[] = [];
    const versions = new Set<string>();
    for await (const { items, resourceVersion } of client.pages(ConfigMap, { namespace, labelSelector: "paged", limit: 3 })) {
      names.push(...items.map(({ metadata }) => metadata.name));
      versions.add(resourceVersion);
      await client.create(ConfigMap, map(`page-9${names.length}`, {}, { paged: "yes" }));
    }
    expect(names).toEqual(Array.from({ length: 7 }, (_, i) => `page-${i}`));
    expect(versions.size).toBe(1);
  });

  test("whose continue token is none are refused", async () => {
    expect(await failure(client.list(ConfigMap, { namespace, limit: 1, continue: "nonsense" }))).toBeInstanceOf(BadRequestError);
  });

  test("select by label and by field", async () => {
    await client.create(Secret, { apiVersion: "v1", kind: "Secret", metadata: { name: "typed", namespace }, type: "example.com/a" });
    const { items } = await client.list(Secret, { namespace, fieldSelector: "type=example.com/a" });
    expect(items.map(({ metadata, kind, apiVersion }) => [apiVersion, kind, metadata.name])).toEqual([["v1", "Secret", "typed"]]);
  });
});

describe("watches", () => {
  test("give each change in order from a version on, and end in time", async () => {
    const { resourceVersion } = await client.list(ConfigMap, { namespace });
    const selection = { namespace, labelSelector: "watched", resourceVersion };
    const events: string[] = [];
    const watching = (async () => {
      for await (const event of client.watch(ConfigMap, selection)) {
        if (event.type === "BOOKMARK") continue;
        events.push(`${event.type} ${event.object.metadata.name} ${event.object.data?.["n"] ?? ""}`);
        if (event.type === "DELETED") return;
      }
    })();
    await client.create(ConfigMap, map("w", { n: "1" }, { watched: "yes" }));
    await client.patch(ConfigMap, key("w"), { type: "merge", patch: { data: { n: "2" } } });
    await client.delete(ConfigMap, key("w"));
    await watching;
    expect(events).toEqual(["ADDED w 1", "MODIFIED w 2", "DELETED w 2"]);
    // Of itself the server ends a watch after half an hour.
    for await (const _ of client.watch(ConfigMap, { ...selection, timeoutSeconds: 1, labelSelector: "nothing" }));
  });

  test("begin with what is there, and say when that was all", async () => {
    const events: WatchEvent<unknown>["type"][] = [];
    for await (const event of client.watch(ConfigMap, {
      namespace,
      labelSelector: "paged",
      sendInitialEvents: true,
      resourceVersion: "",
    })) {
      events.push(event.type);
      if (event.type === "BOOKMARK" && event.initialEventsEnd) break;
    }
    expect(new Set(events)).toEqual(new Set(["ADDED", "BOOKMARK"]));
    expect(events.length).toBeGreaterThan(7);
  });
});

describe("what the server has forgotten", () => {
  const make = (name: string): Promise<unknown> =>
    client.create(Gadget, { apiVersion: Gadget.apiVersion, kind: "Gadget", metadata: { name, namespace } });
  beforeAll(async () => {
    for (const name of ["a", "b", "c", "d", "e"]) await make(name);
    await forget(cluster, client, Gadget, namespace);
  });
  const names = async (lists: AsyncIterable<{ readonly items: readonly Observed<typeof Gadget>[] }>): Promise<string[]> =>
    (await Array.fromAsync(lists)).flatMap(({ items }) => items.map(({ metadata }) => metadata.name));

  test("a continue token of then ends the pages with ExpiredError, whose token goes on with the rest", async () => {
    const { continue: token = "" } = await client.list(Gadget, { namespace, limit: 2 });
    // The same place, at a version that is gone.
    const old = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(token, "base64url").toString()), rv: 1 })).toString("base64url");
    const error = await failure<ExpiredError>(names(client.pages(Gadget, { namespace, limit: 2, continue: old })));
    expect(error).toBeInstanceOf(ExpiredError);
    expect(error.message).toContain("The provided continue parameter is too old");
    expect(await names(client.pages(Gadget, { namespace, limit: 2, continue: old, inconsistent: true }))).toEqual(["c", "d", "e"]);
  });

  test("a watch from then throws ExpiredError", async () => {
    const watching = Array.fromAsync(client.watch(Gadget, { namespace, resourceVersion: "1", timeoutSeconds: 5 }));
    expect(await failure(watching)).toBeInstanceOf(ExpiredError);
  });
});

describe("server-side apply", () => {
  test("names the manager of each field in conflict, and takes it when forced", async () => {
    await client.apply(ConfigMap, map("applied", { a: "1", b: "1" }), { fieldManager: "first" });
    const mine = await client.apply(ConfigMap, map("applied", { c: "2" }), { fieldManager: "second" });
    expect(mine.data).toEqual({ a: "1", b: "1", c: "2" });
    const error = await failure<ConflictError>(client.apply(ConfigMap, map("applied", { a: "2", b: "2" }), { fieldManager: "second" }));
    expect(error).toBeInstanceOf(ConflictError);
    expect(Object.fromEntries(error.managers)).toEqual({ first: [".data.a", ".data.b"] });
    const forced = await client.apply(ConfigMap, map("applied", { a: "2", b: "2" }), { fieldManager: "second", force: true });
    expect(forced.data).toEqual({ a: "2", b: "2" });
    expect(managedFields(forced).map(({ manager }) => manager)).toContain("second");
  });

  test("of an object that is meant by its uid or its version is refused when that is no more", async () => {
    const { metadata, ...rest } = map("meant", { a: "1" });
    const meant = (more: object) => ({ ...rest, metadata: { ...metadata, ...more } }) as never;
    const absent = await failure<ConflictError>(client.apply(ConfigMap, meant({ uid: "gone" })));
    expect(absent).toBeInstanceOf(ConflictError);
    expect(absent.message).toContain("uid mismatch: the provided object specified uid gone, and no existing object was found");
    const { resourceVersion } = (await client.apply(ConfigMap, meant({}))).metadata;
    await client.apply(ConfigMap, map("meant", { a: "2" }));
    expect(await failure(client.apply(ConfigMap, meant({ resourceVersion })))).toBeInstanceOf(ConflictError);
  });

  test("uses the client's field manager unless the call has its own", async () => {
    const made = await client.apply(ConfigMap, map("managed", { a: "1" }));
    expect(managedFields(made)).toEqual([expect.objectContaining({ manager: "e2e", operation: "Apply" })]);
  });

  test("writes the status apart from the rest", async () => {
    await client.apply(Deployment, deployment("status", 0));
    const status = { ...deployment("status", 5), status: { observedGeneration: 7 } };
    const after = await client.apply(Deployment, status as never, { subresource: "status", fieldManager: "status-writer", force: true });
    expect(after.spec.replicas).toBe(0);
    await client.delete(Deployment, key("status"));
  });
});

describe("subresources:", () => {
  test("scale", async () => {
    await client.create(Deployment, deployment("scaled", 0));
    expect(await client.getScale(Deployment, key("scaled"))).toMatchObject({ kind: "Scale", spec: {} });
    expect((await client.scale(Deployment, key("scaled"), 2, { dryRun: true })).spec?.replicas).toBe(2);
    expect((await client.get(Deployment, key("scaled"))).spec.replicas).toBe(0);
    expect((await client.scale(Deployment, key("scaled"), 1)).spec?.replicas).toBe(1);
    expect((await client.get(Deployment, key("scaled"))).spec.replicas).toBe(1);
    await client.delete(Deployment, key("scaled"));
  });

  test("status by update leaves the spec alone", async () => {
    const made = await client.create(Deployment, deployment("updated", 0));
    const after = await client
      .update(
        Deployment,
        { ...made, spec: { ...made.spec, replicas: 3 }, status: { ...made.status, observedGeneration: 1 } },
        { subresource: "status" },
      )
      .catch((error: unknown) => {
        // The controller may have been quicker.
        expect(error).toBeInstanceOf(ConflictError);
      });
    if (after) expect(after.spec.replicas).toBe(0);
    expect((await client.get(Deployment, key("updated"), { subresource: "status" })).spec.replicas).toBe(0);
    await client.delete(Deployment, key("updated"));
  });

  test("binding assigns a pod to a node", async () => {
    await client.create(Pod, { ...pod("bound"), spec: { ...pod("bound").spec, schedulerName: "nobody" } });
    await client.bind(key("bound"), "node-of-no-name");
    expect((await client.get(Pod, key("bound"))).spec.nodeName).toBe("node-of-no-name");
    await client.delete(Pod, key("bound"), { gracePeriodSeconds: 0 });
  });

  test("eviction deletes a pod, unless a budget forbids it", async () => {
    await client.create(Pod, pod("evicted", { app: "free" }));
    await client.evict(key("evicted"), { gracePeriodSeconds: 0 });
    await eventually(async () => (await client.find(Pod, key("evicted"))) === undefined);

    await client.create(PodDisruptionBudget, {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "none", namespace },
      spec: { maxUnavailable: 0, selector: { matchLabels: { app: "kept" } } },
    });
    await client.create(Pod, pod("kept", { app: "kept" }));
    await eventually(async () => (await client.get(Pod, key("kept"))).status?.phase === "Running", { timeoutMs: 60_000 });
    const error = await failure(client.evict(key("kept")));
    expect(error).toMatchObject({ name: "TooManyRequestsError", message: expect.stringContaining("disruption budget") });
    expect(await client.find(Pod, key("kept"))).toBeDefined();
    await client.delete(PodDisruptionBudget, key("none"));
    await client.delete(Pod, key("kept"), { gracePeriodSeconds: 0 });
  });

  test("token gives one that the server knows its holder by", async () => {
    const { token, expirationTimestamp } = await client.token(key("default"), { expirationSeconds: 600 });
    expect(Date.parse(expirationTimestamp)).toBeGreaterThan(Date.now());
    const { credentials: _, ...access } = loadKubeconfig({ text });
    const holder = connect({ ...access, credentials: { token } });
    const error = await failure(holder.list(Secret, { namespace }));
    expect(error).toBeInstanceOf(ForbiddenError);
    expect(error.message).toContain(`system:serviceaccount:${namespace}:default`);
    await holder.close();
  });

  test("ephemeralcontainers and resize change a running pod", async () => {
    await client.create(Pod, pod("running"));
    await eventually(async () => (await client.get(Pod, key("running"))).status?.phase === "Running", { timeoutMs: 60_000 });
    const ephemeral = { spec: { ephemeralContainers: [{ name: "debug", image: "busybox", targetContainerName: "main" }] } };
    const after = await client.patch(Pod, key("running"), { type: "strategic", patch: ephemeral }, { subresource: "ephemeralcontainers" });
    expect(after.spec.ephemeralContainers?.map(({ name }) => name)).toEqual(["debug"]);
    const resources = { requests: { cpu: "50m" } };
    const resized = await failure<Error>(
      client
        .patch(
          Pod,
          key("running"),
          { type: "strategic", patch: { spec: { containers: [{ name: "main", resources }] } } },
          { subresource: "resize" },
        )
        .then((object) => {
          throw Object.assign(new Error("went"), { object });
        }),
    );
    // A pod of the quality BestEffort must stay one.
    expect(resized).toBeInstanceOf(InvalidError);
    await client.delete(Pod, key("running"), { gracePeriodSeconds: 0 });
  });

  test("log gives lines, and its refusals", async () => {
    await client.create(Pod, pod("logging"));
    await eventually(async () => (await client.get(Pod, key("logging"))).status?.phase === "Running", { timeoutMs: 60_000 });
    const error = await failure(
      (async () => {
        for await (const _ of client.logs(key("logging"), { container: "other" }));
      })(),
    );
    expect(error.message).toContain("container other is not valid for pod logging");
    expect(error).toBeInstanceOf(BadRequestError);
    await client.delete(Pod, key("logging"), { gracePeriodSeconds: 0 });
  });

  test("approval of a certificate request", async () => {
    const { csr } = createCsr({ commonName: "someone" });
    const name = `someone-${namespace}`;
    const made = await client.create(CertificateSigningRequest, {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      metadata: { name },
      spec: { request: Buffer.from(csr).toString("base64"), signerName: "example.com/none", usages: ["client auth"] },
    });
    const condition = { type: "Approved", status: "True", reason: "Test", message: "by a test" } as const;
    const approved = await client.update(CertificateSigningRequest, { ...made, status: { conditions: [condition] } } as never, {
      subresource: "approval",
    });
    expect(approved.status?.conditions).toEqual([expect.objectContaining(condition)]);
    await client.delete(CertificateSigningRequest, { name });
  });

  test("finalize lets a namespace go", async () => {
    const name = `${namespace}-final`;
    await client.create(Namespace, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name },
      spec: { finalizers: ["kubernetes", "example.com/mine"] },
    });
    await client.delete(Namespace, { name });
    await eventually(async () => {
      const now = await client.find(Namespace, { name });
      if (now) await client.update(Namespace, { ...now, spec: { finalizers: [] } }, { subresource: "finalize" });
      return now === undefined;
    });
  });
});

describe("options of writes:", () => {
  test("a dry run changes nothing", async () => {
    const made = await client.create(ConfigMap, map("dry"), { dryRun: true });
    expect(made.metadata.uid).toEqual(expect.any(String));
    expect(await client.find(ConfigMap, key("dry"))).toBeUndefined();
    await client.create(ConfigMap, map("dry", { a: "1" }));
    await client.patch(ConfigMap, key("dry"), { type: "merge", patch: { data: { a: "2" } } }, { dryRun: true });
    await client.delete(ConfigMap, key("dry"), { dryRun: true });
    expect((await client.get(ConfigMap, key("dry"))).data).toEqual({ a: "1" });
  });

  test("unknown fields are refused, warned of, or dropped, as asked", async () => {
    const body = (name: string): never => ({ ...map(name), nonsense: 1 }) as never;
    expect(await failure(client.create(ConfigMap, body("strict"), { fieldValidation: "Strict" }))).toMatchObject({
      name: "BadRequestError",
      message: expect.stringContaining('unknown field "nonsense"'),
    });
    warnings.length = 0;
    await client.create(ConfigMap, body("warn"), { fieldValidation: "Warn" });
    expect(warnings).toEqual(['unknown field "nonsense"']);
    const ignored = await client.create(ConfigMap, body("ignore"), { fieldValidation: "Ignore" });
    expect("nonsense" in ignored).toBe(false);
    expect(warnings).toHaveLength(1);
  });

  test("the field manager is remembered", async () => {
    const made = await client.create(ConfigMap, map("by", { a: "1" }), { fieldManager: "someone" });
    expect(managedFields(made)).toEqual([expect.objectContaining({ manager: "someone", operation: "Update" })]);
  });
});

test("warnings of the server are heard, each once", async () => {
  warnings.length = 0;
  const Endpoints = dynamicResource("v1", "Endpoints", "endpoints", "Namespaced");
  await client.list(Endpoints, { namespace });
  await client.list(Endpoints, { namespace });
  expect(warnings).toEqual(["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"]);
});

test("requests may be made as another: user, groups, uid and extra", async () => {
  const who = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const other = connect(
    { text },
    { impersonate: { user: "alice", uid: "u-1", groups: ["devs", "ops"], extra: { "example.com/Scope": ["a", "b"] } } },
  );
  const review = (await other.request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(who),
  })) as { status: { userInfo: object } };
  expect(review.status.userInfo).toEqual({
    username: "alice",
    uid: "u-1",
    groups: ["devs", "ops", "system:authenticated"],
    extra: { "example.com/scope": ["a", "b"] },
  });
  expect(await failure(other.list(Secret, { namespace }))).toMatchObject({
    name: "ForbiddenError",
    message: expect.stringContaining('User "alice"'),
  });
  await other.close();
});

test("what the server offers is discovered", async () => {
  const all = await client.discover();
  expect(all).toContainEqual(
    expect.objectContaining({
      group: "apps",
      version: "v1",
      resource: "deployments",
      kind: "Deployment",
      namespaced: true,
      preferred: true,
    }),
  );
  expect(all.every(({ resource }) => !resource.includes("/"))).toBe(true);
});

test("a hundred requests at once share a few connections, and all come back", async () => {
  const few = connect({ text }, { maxConnections: 4 });
  const all = await Promise.all(Array.from({ length: 100 }, () => few.get(Namespace, { name: namespace })));
  expect(new Set(all.map(({ metadata }) => metadata.uid)).size).toBe(1);
  await few.close();
});

test("HTTP/2 gives the same answers, watches too", async () => {
  const two = connect({ text }, { http2: true });
  expect((await two.get(Namespace, { name: namespace })).metadata.name).toBe(namespace);
  for await (const event of two.watch(Namespace, { fieldSelector: `metadata.name=${namespace}` })) {
    expect(event.type).toBe("ADDED");
    break;
  }
  await two.close();
});
