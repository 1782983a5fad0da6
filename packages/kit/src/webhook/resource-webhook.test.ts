import { describe, expect, test } from "vitest";
import { mergeRules } from "../controller/index.ts";
import { ConfigMap, Deployment, Namespace } from "../kinds/index.ts";
import { manager, managerRules } from "../manager/index.ts";
import { deny, webhook, webhookConfigurations } from "./index.ts";

const limits = webhook(Deployment)
  .default((deployment, ctx) => {
    deployment.metadata.labels = { ...deployment.metadata.labels, team: deployment.metadata.namespace ?? "?" };
    deployment.spec.replicas ??= 2;
    ctx.warn("the team was filled in");
  })
  .validate(
    ({ spec, metadata }, { operation, old }) => {
      if (operation === "DELETE") return metadata.labels?.["keep"] ? deny("it is to be kept") : undefined;
      if (old && spec.replicas === 0) return { field: "spec.replicas", message: "may not fall to 0" };
      return (spec.replicas ?? 0) > 5 ? ["too many replicas", { field: "spec.replicas", message: "at most 5" }] : undefined;
    },
    { operations: ["CREATE", "UPDATE", "DELETE"] },
  );
const deployment = (replicas?: number, metadata: object = {}) => ({
  metadata: { name: "a", namespace: "kitchen", ...metadata },
  spec: { ...(replicas === undefined ? {} : { replicas }), selector: {}, template: {} },
});

describe("hooks are tried on an object without a cluster", () => {
  test("the defaulter's changes and words, and the validator's judgement of them", async () => {
    const given = deployment();
    const admitted = await limits.admit(given);
    expect(admitted).toMatchObject({
      allowed: true,
      object: { apiVersion: "apps/v1", kind: "Deployment", metadata: { labels: { team: "kitchen" } }, spec: { replicas: 2 } },
      warnings: ["the team was filled in"],
      message: undefined,
    });
    expect(given).toEqual(deployment());
  });

  test("problems are one refusal with the fields, as the API server words it", async () => {
    expect(await limits.admit(deployment(9))).toMatchObject({
      allowed: false,
      code: 422,
      message: "[too many replicas, spec.replicas: at most 5]",
      causes: [{ message: "too many replicas" }, { field: "spec.replicas", message: "at most 5" }],
    });
  });

  test("updates see the stored object, deletions what is to go", async () => {
    expect((await limits.admit(deployment(0), { old: deployment(1) })).message).toBe("spec.replicas: may not fall to 0");
    expect(await limits.admit(deployment(1, { labels: { keep: "yes" } }), { operation: "DELETE" })).toMatchObject({
      code: 403,
      message: "it is to be kept",
      warnings: [],
    });
  });

  test("an object that is being deleted is let through, so that its finalizers can go", async () => {
    const leaving = deployment(9, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(await limits.admit(leaving, { old: leaving })).toMatchObject({ allowed: true, warnings: [] });
  });

  test("a hook may return another object; what it changed in the first one before counts as little as it says", async () => {
    const other = webhook(ConfigMap).default((object) => {
      object.metadata.labels = { touched: "yes" };
      return { ...object, data: { a: "1" } };
    });
    expect((await other.admit({ metadata: { name: "a" }, data: { b: "2" } })).object).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a", labels: { touched: "yes" } },
      data: { a: "1" },
    });
  });

  test("what a hook throws is thrown, and so is the use of a client that is not there", async () => {
    const broken = webhook(ConfigMap).validate(async () => {
      throw new TypeError("broken");
    });
    await expect(broken.admit({ metadata: { name: "a" } })).rejects.toThrow(TypeError);
    const asking = webhook(ConfigMap).validate(async (_object, { client }) => void (await client.find(Namespace, { name: "a" })));
    await expect(asking.admit({ metadata: { name: "a" } })).rejects.toThrow("give admit() a client");
  });
});

test("path, rules and names follow from the kind, and what was said beside it is in the entry", () => {
  const named = webhook(Namespace, {
    name: "quota",
    failurePolicy: "Ignore",
    timeoutSeconds: 2,
    matchConditions: [{ name: "c", expression: "true" }],
  });
  const configurations = webhookConfigurations([limits, named.default(() => undefined)], {
    name: "kitchen",
    target: { service: { name: "kitchen-webhook", namespace: "ops" } },
    excludedNamespaces: ["ops"],
  });
  expect(configurations).toMatchObject([
    {
      kind: "MutatingWebhookConfiguration",
      metadata: { name: "kitchen", labels: { "app.kubernetes.io/managed-by": "kitchen" } },
      webhooks: [
        {
          name: "default.deployments.apps",
          clientConfig: { service: { name: "kitchen-webhook", namespace: "ops", path: "/mutate-apps-v1-deployment" } },
          rules: [
            { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"], scope: "Namespaced" },
          ],
          namespaceSelector: { matchExpressions: [{ operator: "NotIn", values: ["kube-system", "ops"] }] },
          failurePolicy: "Fail",
        },
        {
          name: "quota.default.namespaces.core",
          clientConfig: { service: { path: "/mutate--v1-namespace-quota" } },
          rules: [{ apiGroups: [""], resources: ["namespaces"], scope: "Cluster" }],
          failurePolicy: "Ignore",
          timeoutSeconds: 2,
          matchConditions: [{ name: "c" }],
        },
      ],
    },
    {
      kind: "ValidatingWebhookConfiguration",
      webhooks: [{ name: "validate.deployments.apps", rules: [{ operations: ["CREATE", "UPDATE", "DELETE"] }] }],
    },
  ]);
});

test("a manager's rights follow from its webhooks too", () => {
  const { cluster, namespace } = managerRules({ name: "kitchen", webhooks: [limits], leaderElection: {} });
  expect(cluster).toEqual(
    mergeRules([
      {
        apiGroups: ["admissionregistration.k8s.io"],
        resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        verbs: ["create"],
      },
      {
        apiGroups: ["admissionregistration.k8s.io"],
        resources: ["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        resourceNames: ["kitchen"],
        verbs: ["get", "list", "watch", "patch", "delete"],
      },
    ]),
  );
  expect(namespace.map(({ resources, resourceNames = [] }) => [...resources, ...resourceNames].join(" "))).toEqual([
    "secrets kitchen-webhook-ca kitchen-webhook-tls",
    "secrets",
    "leases kitchen",
    "leases",
  ]);
});

test("a configuration that a manager never registers is only looked for, and taken away", () => {
  const checks = webhook(Deployment).validate(() => []);
  const { cluster } = managerRules({ name: "kitchen", webhooks: [checks] });
  const verbs = (resource: string) => cluster.filter(({ resources }) => resources.includes(resource)).map(({ verbs }) => verbs.join(" "));
  expect(verbs("mutatingwebhookconfigurations")).toEqual(["get delete"]);
  expect(verbs("validatingwebhookconfigurations")).toEqual(["get list watch patch delete", "create"]);
});

test("what cannot be meant is refused when it is written", () => {
  const client = {} as never;
  expect(() => webhook(ConfigMap, { name: "No Good" })).toThrow(TypeError);
  expect(() => manager({ client, webhooks: [limits, limits] })).toThrow(
    /two webhooks of Deployment \(apps\/v1\) would answer \/mutate-apps-v1-deployment/,
  );
  expect(() => manager({ client, webhooks: [limits, webhook(Deployment, { name: "other" }).default(() => undefined)] })).not.toThrow();
  expect(() => manager({ client, webhookServer: { port: 1 } })).toThrow(RangeError);
});
