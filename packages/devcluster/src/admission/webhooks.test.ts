import type { KubeObject } from "@outrigger/kit/api";
import type { StatusError } from "@outrigger/kit/client";
import { createCa } from "@outrigger/kit/pki";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServedResource } from "../registry/index.ts";
import { type AdmissionChain, type AdmissionChainOptions, admissionChain, convertByWebhook } from "./index.ts";
import { attributesOf, configMap, jsonPatch, Objects, TestWebhook } from "./testing/cluster.ts";

const GROUP = "admissionregistration.k8s.io";
let hook: TestWebhook;
let objects: Objects;
let chain: AdmissionChain;
beforeEach(async () => {
  hook = await new TestWebhook().listen();
  objects = new Objects();
  objects.put("", "namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "ns", labels: { team: "x" } } });
  open();
});
afterEach(async () => {
  chain.close();
  await hook.close();
});
function open(options: Partial<AdmissionChainOptions> = {}): void {
  chain?.close();
  chain = admissionChain({ reader: objects, served: () => [], disabled: ["ServiceAccount"], ...options });
}
const entry = (name: string, more: object = {}) => ({
  name: `${name}.example.com`,
  clientConfig: { url: `${hook.url}/${name}`, caBundle: hook.caBundle },
  rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["*"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  timeoutSeconds: 5,
  ...more,
});
function configure(kind: "mutating" | "validating", name: string, ...webhooks: object[]): void {
  objects.put(GROUP, `${kind}webhookconfigurations`, {
    apiVersion: `${GROUP}/v1`,
    kind: "",
    metadata: { name },
    webhooks,
  } as unknown as KubeObject);
}
const paths = () => hook.calls.map(({ path }) => path.slice(1).split("?")[0]);
const refusal = async (attributes: ReturnType<typeof attributesOf>) =>
  (
    (await chain
      .mutate(attributes)
      .then(() => chain.validate(attributes))
      .catch((error) => error)) as StatusError | undefined
  )?.status;

describe("which requests are sent", () => {
  const asked = async (more: object, overrides: Parameters<typeof attributesOf>[0] = { object: configMap("c") }) => {
    hook.calls.length = 0;
    configure("mutating", "m", entry("a", more));
    await chain.mutate(attributesOf(overrides));
    return hook.calls.length === 1;
  };
  const rule = (fields: object) => ({
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"], ...fields }],
  });

  it("is said by rules, with wildcards for everything and stars that leave subresources out", async () => {
    expect(await asked(rule({}))).toBe(true);
    expect(await asked(rule({ operations: ["DELETE"] }))).toBe(false);
    expect(await asked(rule({ apiGroups: ["apps"] }))).toBe(false);
    expect(await asked(rule({ resources: ["configmaps/*"] }))).toBe(true);
    expect(await asked(rule({ resources: ["*/status"] }))).toBe(false);
    expect(await asked(rule({ scope: "Cluster" }))).toBe(false);
    expect(await asked(rule({ scope: "Namespaced" }))).toBe(true);
    const status = { object: configMap("c"), subresource: "status" };
    expect(await asked(rule({ resources: ["*"] }), status)).toBe(false);
    expect(await asked(rule({ resources: ["*/*"] }), status)).toBe(true);
    expect(await asked(rule({ resources: ["configmaps/status"] }), status)).toBe(true);
  });

  it("never includes webhook configurations themselves", async () => {
    const resource = { group: GROUP, version: "v1", resource: "mutatingwebhookconfigurations" };
    const all = { rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/*"] }] };
    expect(await asked(all, { object: configMap("c"), resource, scope: "Cluster", namespace: "" })).toBe(false);
    expect(await asked(all)).toBe(true);
  });

  it("is said by the labels of the namespace, and of a namespace by its own", async () => {
    const selector = { namespaceSelector: { matchLabels: { team: "x" } } };
    expect(await asked(selector)).toBe(true);
    expect(await asked({ namespaceSelector: { matchExpressions: [{ key: "team", operator: "NotIn", values: ["x"] }] } })).toBe(false);
    const namespaces = {
      resource: { group: "", version: "v1", resource: "namespaces" },
      kind: { group: "", version: "v1", kind: "Namespace" },
      scope: "Cluster" as const,
      name: "new",
      namespace: "new",
    };
    const made = (labels: Record<string, string>): KubeObject => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "new", labels },
    });
    expect(await asked(selector, { ...namespaces, object: made({ team: "x" }) })).toBe(true);
    expect(await asked(selector, { ...namespaces, object: made({}) })).toBe(false);
    const nodes = {
      resource: { group: "", version: "v1", resource: "nodes" },
      kind: { group: "", version: "v1", kind: "Node" },
      scope: "Cluster" as const,
      namespace: "",
    };
    expect(await asked(selector, { ...nodes, object: { apiVersion: "v1", kind: "Node", metadata: { name: "n" } } })).toBe(true);
  });

  it("is said by the labels of the object, new or old", async () => {
    const selector = { objectSelector: { matchLabels: { inject: "yes" } } };
    const labelled = configMap("c", {}, { inject: "yes" });
    expect(await asked(selector)).toBe(false);
    expect(await asked(selector, { object: labelled })).toBe(true);
    expect(await asked(selector, { object: configMap("c"), oldObject: labelled, operation: "UPDATE" })).toBe(true);
    expect(await asked(selector, { operation: "DELETE", name: "c", oldObject: labelled })).toBe(true);
  });

  it("follows configurations as they change", async () => {
    expect(await asked({})).toBe(true);
    objects.clear(GROUP, "mutatingwebhookconfigurations");
    hook.calls.length = 0;
    await chain.mutate(attributesOf({ object: configMap("c") }));
    expect(hook.calls).toEqual([]);
  });

  it("costs one look into a map where nothing matches: neither configurations nor selectors are gone through again", async () => {
    const configurations = [
      ...Array.from({ length: 50 }, (_, index) => entry(`n${index}`, rule({ resources: ["secrets"] }))),
      entry("selected", { objectSelector: { matchLabels: { a: "b" } } }),
    ];
    configure("mutating", "m", ...configurations);
    const attributes = attributesOf({ object: configMap("c") });
    await chain.mutate(attributes);
    const list = vi.spyOn(objects, "list");
    for (let i = 0; i < 1000; i++) await chain.mutate(attributes);
    expect(hook.calls).toEqual([]);
    // The request's own namespace is looked at, by NamespaceLifecycle.
    expect(list.mock.calls.filter(([, plural]) => plural !== "namespaces")).toEqual([]);
  });
});

describe("an equivalent version", () => {
  const served = (version: string): ServedResource =>
    ({
      group: "g",
      version,
      kind: "Thing",
      plural: "things",
      subresources: {},
      strategy: {
        prune: () => [],
        default: () => {},
        convert: (list: KubeObject[], to: string) =>
          Promise.resolve(list.map((object) => ({ ...object, apiVersion: `g/${to}`, converted: `${object["converted"] ?? ""}${to}` }))),
      },
    }) as unknown as ServedResource;
  const attributes = () =>
    attributesOf({
      resource: { group: "g", version: "v2", resource: "things" },
      kind: { group: "g", version: "v2", kind: "Thing" },
      object: { apiVersion: "g/v2", kind: "Thing", metadata: { name: "t", namespace: "ns" } },
    });
  const rules = [{ apiGroups: ["g"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["things"] }];

  it("is sent to a webhook whose rules name it, and comes back as it was asked for", async () => {
    open({ served: () => [served("v1"), served("v2")] });
    configure("mutating", "m", entry("eq", { rules }), entry("ex", { rules, matchPolicy: "Exact" }));
    hook.answer = () => jsonPatch([{ op: "add", path: "/spec", value: { patched: true } }]);
    const request = attributes();
    await chain.mutate(request);
    expect(paths()).toEqual(["eq"]);
    expect(hook.calls[0]?.body.request).toMatchObject({
      kind: { group: "g", version: "v1", kind: "Thing" },
      resource: { version: "v1" },
      requestKind: { version: "v2" },
      requestResource: { version: "v2" },
      object: { apiVersion: "g/v1", converted: "v1" },
    });
    expect(request.object).toMatchObject({ apiVersion: "g/v2", spec: { patched: true }, converted: "v1v2" });
  });
});

describe("mutating webhooks", () => {
  it("run again when a built-in plug-in undoes what they saw", async () => {
    configure(
      "mutating",
      "m",
      entry("first", {
        reinvocationPolicy: "IfNeeded",
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
      }),
    );
    let round = 0;
    hook.answer = () => (round++ === 0 ? jsonPatch([{ op: "remove", path: "/spec/tolerations" }]) : {});
    const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "ns" }, spec: {} };
    const request = attributesOf({
      resource: { group: "", version: "v1", resource: "pods" },
      kind: { group: "", version: "v1", kind: "Pod" },
      object: pod,
    });
    await chain.mutate(request);
    expect(paths()).toEqual(["first", "first"]);
    expect((request.object as { spec?: { tolerations: unknown[] } }).spec?.tolerations).toHaveLength(2);
  });

  it("may not change what is being deleted", async () => {
    configure("mutating", "m", entry("a", { failurePolicy: "Ignore" }));
    hook.answer = () => jsonPatch([{ op: "add", path: "/x", value: 1 }]);
    expect(await refusal(attributesOf({ operation: "DELETE", name: "c", oldObject: configMap("c") }))).toMatchObject({
      code: 500,
      reason: "InternalError",
    });
  });

  it("leave the stored object alone, whatever they patch", async () => {
    configure("mutating", "m", entry("a"));
    hook.answer = () =>
      jsonPatch([
        { op: "add", path: "/data/b", value: "2" },
        { op: "remove", path: "/data/a" },
      ]);
    const object = configMap("c");
    const request = attributesOf({ object });
    await chain.mutate(request);
    expect([object["data"], request.object?.["data"]]).toEqual([{ a: "1" }, { b: "2" }]);
  });

  it("that may have side effects are not asked in a dry run", async () => {
    configure("mutating", "m", entry("a", { sideEffects: "Some", failurePolicy: "Ignore" }));
    expect(await refusal(attributesOf({ object: configMap("c"), dryRun: true }))).toMatchObject({
      code: 400,
      reason: "BadRequest",
      message: 'admission webhook "a.example.com" does not support dry run',
    });
    expect(hook.calls).toEqual([]);
  });
});

describe("validating webhooks", () => {
  it("are asked all at once, and the first refusal counts", async () => {
    configure("validating", "v", entry("a"), entry("b"), entry("c"));
    const all = Promise.withResolvers<void>();
    hook.answer = async ({ path }) => {
      if (hook.calls.length === 3) all.resolve();
      await all.promise;
      return path.startsWith("/a") ? {} : { allowed: false, status: { message: path.slice(1, 2) }, warnings: [path.slice(1, 2)] };
    };
    const request = attributesOf({ object: configMap("c") });
    expect((await refusal(request))?.message).toBe('admission webhook "b.example.com" denied the request: b');
    expect(request.warnings.sort()).toEqual(["b", "c"]);
  });

  it("may not patch", async () => {
    configure("validating", "v", entry("a"));
    hook.answer = () => jsonPatch([{ op: "add", path: "/x", value: 1 }]);
    expect((await refusal(attributesOf({ object: configMap("c") })))?.message).toContain(
      "validating webhook may not return response.patch",
    );
  });
});

describe("the connection", () => {
  it("is kept and used again", async () => {
    configure("mutating", "m", entry("a"));
    for (let i = 0; i < 5; i++) await chain.mutate(attributesOf({ object: configMap("c") }));
    expect([hook.calls.length, await hook.connections]).toEqual([5, 1]);
  });

  it("is refused by an authority that the bundle does not hold", async () => {
    const stranger = Buffer.from(createCa({ commonName: "stranger" }).certificate).toString("base64");
    configure("mutating", "m", entry("a", { clientConfig: { url: hook.url, caBundle: stranger } }));
    expect((await refusal(attributesOf({ object: configMap("c") })))?.message).toContain("x509: certificate signed by unknown authority");
    expect(hook.calls).toEqual([]);
  });

  it("is refused for another name than the certificate's", async () => {
    configure("mutating", "m", entry("a", { clientConfig: { url: `https://localhost:${hook.port}/a`, caBundle: hook.caBundle } }));
    expect((await refusal(attributesOf({ object: configMap("c") })))?.message).toContain("x509: certificate is not valid for localhost");
  });

  it("goes to a Service's endpoint, under the Service's name", async () => {
    objects.put("", "services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "hook", namespace: "ns" },
      spec: { ports: [{ name: "tls", port: 443, targetPort: 9443 }] },
    });
    objects.put("discovery.k8s.io", "endpointslices", {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: "hook-1", namespace: "ns", labels: { "kubernetes.io/service-name": "hook" } },
      endpoints: [
        { addresses: ["127.0.0.9"], conditions: { ready: false } },
        { addresses: ["127.0.0.1"], conditions: { ready: true } },
      ],
      ports: [{ name: "tls", port: hook.port }],
    } as unknown as KubeObject);
    configure(
      "mutating",
      "m",
      entry("a", { clientConfig: { service: { namespace: "ns", name: "hook", path: "/in" }, caBundle: hook.caBundle } }),
    );
    await chain.mutate(attributesOf({ object: configMap("c") }));
    expect(hook.calls.map(({ path, headers }) => [path, headers.host])).toEqual([["/in?timeout=5s", "hook.ns.svc:443"]]);
  });

  it("says which Service, port or endpoint is missing", async () => {
    const service = { clientConfig: { service: { namespace: "ns", name: "hook" }, caBundle: hook.caBundle } };
    configure("mutating", "m", entry("a", service));
    const said = async () => (await refusal(attributesOf({ object: configMap("c") })))?.message;
    expect(await said()).toContain(
      'failed calling webhook "a.example.com": failed to call webhook: Post "https://hook.ns.svc:443/?timeout=5s": service "hook" not found',
    );
    objects.put("", "services", {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "hook", namespace: "ns" },
      spec: { ports: [{ port: 443 }] },
    });
    expect(await said()).toContain('no endpoints available for service "hook"');
  });

  it("is given up in time", async () => {
    configure("mutating", "m", entry("a", { timeoutSeconds: 1 }));
    hook.answer = () => undefined;
    const start = performance.now();
    expect((await refusal(attributesOf({ object: configMap("c") })))?.message).toContain(
      `Post "${hook.url}/a?timeout=1s": context deadline exceeded`,
    );
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe("a conversion", () => {
  const thing = (name: string, version: string): KubeObject => ({
    apiVersion: `g/${version}`,
    kind: "Thing",
    metadata: { name, uid: `u-${name}`, labels: { l: "1" } },
  });
  const convertAll = (objects: KubeObject[]) =>
    convertByWebhook(
      chain.caller,
      { clientConfig: { url: hook.url, caBundle: hook.caBundle }, conversionReviewVersions: ["v1"] },
      objects,
      "g/v2",
    );
  // biome-ignore lint/suspicious/noExplicitAny: what the webhook makes of an object
  const answering = (make: (object: any) => any, more: object = {}) => {
    hook.answer = ({ body }) => ({ convertedObjects: body.request.objects.map(make), result: { status: "Success" }, ...more });
  };

  it("asks for the objects that are in another version, and keeps the metadata but labels and annotations", async () => {
    answering((object) => ({
      ...object,
      apiVersion: "g/v2",
      metadata: { ...object.metadata, labels: { l: "2" }, finalizers: ["f"] },
      spec: 1,
    }));
    const objects = [thing("a", "v1"), thing("b", "v2"), thing("c", "v1")];
    expect(await convertAll(objects)).toEqual([
      { ...objects[0], apiVersion: "g/v2", metadata: { name: "a", uid: "u-a", labels: { l: "2" } }, spec: 1 },
      objects[1],
      { ...objects[2], apiVersion: "g/v2", metadata: { name: "c", uid: "u-c", labels: { l: "2" } }, spec: 1 },
    ]);
    expect(hook.calls).toHaveLength(1);
    expect(hook.calls[0]).toMatchObject({
      path: "/?timeout=30s",
      body: { kind: "ConversionReview", apiVersion: "apiextensions.k8s.io/v1", request: { desiredAPIVersion: "g/v2" } },
    });
  });

  it("is not asked for when all are in the version already", async () => {
    expect(await convertAll([thing("b", "v2")])).toEqual([thing("b", "v2")]);
    expect(hook.calls).toEqual([]);
  });

  it("fails with the words of a real API server", async () => {
    const said = () =>
      convertAll([thing("a", "v1")]).then(
        () => "",
        (error: StatusError) => [error.statusCode, error.reason, error.message],
      );
    const subject = "conversion webhook for g/v1, Kind=Thing";
    const good = (object: KubeObject) => ({ ...object, apiVersion: "g/v2" });
    answering(good, { result: { status: "Failed", message: "cannot convert" } });
    expect(await said()).toEqual([500, "", `${subject} failed: cannot convert`]);
    answering(good, { convertedObjects: [] });
    expect(await said()).toEqual([500, "", `${subject} returned 0 objects, expected 1`]);
    answering((object) => ({ ...good(object), metadata: { ...object.metadata, name: "other" } }));
    expect(await said()).toEqual([500, "", `${subject} returned invalid object: must have the same name: a != other`]);
    answering((object) => object);
    expect(await said()).toEqual([500, "", `${subject} returned invalid object: invalid groupVersion (expected g/v2, received g/v1)`]);
    answering(good, { uid: "x" });
    expect((await said())[2]).toMatch(/failed: expected response.uid="[0-9a-f-]{36}", got "x"$/);
  });
});
