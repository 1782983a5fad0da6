import { readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import { StatusError } from "@outrigger/kit/client";
import { describe, expect, it } from "vitest";
import type { AdmissionAttributes } from "../registry/index.ts";
import { admissionChain } from "./index.ts";
import { attributesOf, configMap, Objects } from "./testing/cluster.ts";

const namespace = (name: string, phase = "Active"): KubeObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name },
  status: { phase },
});
function cluster(): Objects {
  const objects = new Objects();
  objects.put("", "namespaces", namespace("ns"), namespace("going", "Terminating"));
  objects.put("", "serviceaccounts", { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "ns" } });
  return objects;
}
const chainOf = (reader: Objects) => admissionChain({ reader, served: () => [] });
const pods = { resource: { group: "", version: "v1", resource: "pods" }, kind: { group: "", version: "v1", kind: "Pod" } };
const podOf = (spec: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "p", namespace: "ns", ...metadata },
  spec: { containers: [{ name: "c", image: "i" }], ...spec },
});
// biome-ignore lint/suspicious/noExplicitAny: fields are looked at freely
async function admitted(reader: Objects, overrides: Parameters<typeof attributesOf>[0]): Promise<any> {
  const attributes = attributesOf(overrides);
  await chainOf(reader).mutate(attributes);
  return attributes.object;
}
async function refusal(reader: Objects, overrides: Partial<AdmissionAttributes>) {
  const attributes = attributesOf(overrides);
  const error = await chainOf(reader)
    .mutate(attributes)
    .then(() => chainOf(reader).validate(attributes))
    .catch((thrown) => thrown);
  expect(error).toBeInstanceOf(StatusError);
  return (error as StatusError).status;
}

describe("namespaces", () => {
  it("that are missing take nothing", async () => {
    expect(await refusal(cluster(), { namespace: "none", object: configMap("c") })).toMatchObject({
      code: 404,
      message: 'namespaces "none" not found',
      details: { name: "none", kind: "namespaces" },
    });
  });

  it("that are going take nothing new, but let what they hold be changed and deleted", async () => {
    expect(await refusal(cluster(), { namespace: "going", object: configMap("late") })).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: 'configmaps "late" is forbidden: unable to create new content in namespace going because it is being terminated',
      reason: "Forbidden",
      details: {
        name: "late",
        kind: "configmaps",
        causes: [{ reason: "NamespaceTerminating", message: "namespace going is being terminated", field: "metadata.namespace" }],
      },
      code: 403,
    });
    for (const operation of ["UPDATE", "DELETE"] as const)
      await admitted(cluster(), { namespace: "going", operation, object: configMap("c") });
  });

  it("that the cluster needs are not deleted", async () => {
    const namespaces = {
      resource: { group: "", version: "v1", resource: "namespaces" },
      kind: { group: "", version: "v1", kind: "Namespace" },
      scope: "Cluster" as const,
      operation: "DELETE" as const,
    };
    expect(await refusal(cluster(), { ...namespaces, name: "kube-system", namespace: "kube-system" })).toMatchObject({
      code: 403,
      message: 'namespaces "kube-system" is forbidden: this namespace may not be deleted',
    });
    await admitted(cluster(), { ...namespaces, name: "ns", namespace: "ns" });
  });
});

describe("a pod's service account", () => {
  it("is mounted as in a recorded cluster", async () => {
    interface Recorded {
      chapter: string;
      // biome-ignore lint/suspicious/noExplicitAny: recorded data
      review: { request: any };
    }
    const recorded: Recorded[] = JSON.parse(readFileSync(new URL("testdata/reviews.json", import.meta.url), "utf8"));
    for (const { review } of recorded) {
      const wanted = structuredClone(review.request.object);
      const sent = structuredClone(wanted);
      const isToken = ({ name }: { name: string }): boolean => name.startsWith("kube-api-access-");
      sent.spec.volumes = sent.spec.volumes.filter((volume: { name: string }) => !isToken(volume));
      for (const container of sent.spec.containers) delete container.volumeMounts;
      for (const field of ["serviceAccountName", "serviceAccount", "priority", "preemptionPolicy"]) delete sent.spec[field];
      sent.spec.tolerations = sent.spec.tolerations.filter(
        ({ tolerationSeconds }: { tolerationSeconds?: number }) => tolerationSeconds !== 300,
      );
      const object = await admitted(cluster(), { ...pods, object: sent });
      const masked = JSON.parse(JSON.stringify(object).replace(/kube-api-access-[b-z2-9]{5}/g, "kube-api-access-<suffix>"));
      expect(masked.spec).toEqual(wanted.spec);
    }
  });

  it("must be there, and the default one is waited for", async () => {
    expect(await refusal(cluster(), { ...pods, object: podOf({ serviceAccountName: "robot" }) })).toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: error looking up service account ns/robot: serviceaccount "robot" not found',
    });
    const reader = new Objects();
    reader.put("", "namespaces", namespace("ns"));
    const pending = admitted(reader, { ...pods, object: podOf() });
    reader.put("", "serviceaccounts", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: "ns" },
      imagePullSecrets: [{ name: "s" }],
    });
    expect((await pending).spec).toMatchObject({ serviceAccountName: "default", imagePullSecrets: [{ name: "s" }] });
  });

  it("is not mounted where the pod, or else the account, says so, or something else is mounted there", async () => {
    const reader = cluster();
    reader.put("", "serviceaccounts", {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "quiet", namespace: "ns" },
      automountServiceAccountToken: false,
    });
    const volumes = async (spec: object) => (await admitted(reader, { ...pods, object: podOf(spec) })).spec.volumes?.length ?? 0;
    expect(await volumes({ automountServiceAccountToken: false })).toBe(0);
    expect(await volumes({ serviceAccountName: "quiet" })).toBe(0);
    expect(await volumes({ serviceAccountName: "quiet", automountServiceAccountToken: true })).toBe(1);
    expect(
      await volumes({
        containers: [{ name: "c", volumeMounts: [{ name: "own", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" }] }],
      }),
    ).toBe(0);
  });

  it("leaves what is stored alone", async () => {
    const object = podOf();
    const before = structuredClone(object);
    await admitted(cluster(), { ...pods, object });
    expect(object).toEqual(before);
  });
});

describe("a pod's priority", () => {
  const group = "scheduling.k8s.io";
  const withClasses = (): Objects => {
    const reader = cluster();
    const made = (name: string, value: number, more: object = {}): KubeObject => ({
      apiVersion: `${group}/v1`,
      kind: "PriorityClass",
      metadata: { name },
      value,
      ...more,
    });
    reader.put(group, "priorityclasses", made("high", 1000, { preemptionPolicy: "Never" }), made("usual", 5, { globalDefault: true }));
    return reader;
  };

  it("is that of its class, or of the default class, or none", async () => {
    expect((await admitted(withClasses(), { ...pods, object: podOf({ priorityClassName: "high" }) })).spec).toMatchObject({
      priority: 1000,
      preemptionPolicy: "Never",
    });
    expect((await admitted(withClasses(), { ...pods, object: podOf() })).spec).toMatchObject({ priorityClassName: "usual", priority: 5 });
    expect((await admitted(cluster(), { ...pods, object: podOf() })).spec).toMatchObject({
      priority: 0,
      preemptionPolicy: "PreemptLowerPriority",
    });
    expect((await admitted(cluster(), { ...pods, object: podOf({ priorityClassName: "system-node-critical" }) })).spec.priority).toBe(
      2000001000,
    );
  });

  it("cannot be of a class that is not there, nor another than its class's", async () => {
    expect(
      (
        await refusal(cluster(), {
          ...pods,
          object: podOf({ priorityClassName: "none" }, { name: undefined, generateName: "p-" }),
          name: "",
        })
      ).message,
    ).toBe('pods "p-" is forbidden: no PriorityClass with name none was found');
    expect((await refusal(withClasses(), { ...pods, object: podOf({ priority: 7 }) })).message).toBe(
      'pods "p" is forbidden: the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 5 from the given PriorityClass name',
    );
  });

  it("has one default", async () => {
    const classes = {
      resource: { group, version: "v1", resource: "priorityclasses" },
      kind: { group, version: "v1", kind: "PriorityClass" },
      scope: "Cluster" as const,
      namespace: "",
    };
    const other: KubeObject = {
      apiVersion: `${group}/v1`,
      kind: "PriorityClass",
      metadata: { name: "other" },
      value: 1,
      globalDefault: true,
    };
    expect((await refusal(withClasses(), { ...classes, object: other })).message).toContain(
      "PriorityClass usual is already marked as default",
    );
  });
});

describe("defaults", () => {
  it("make pods stay five minutes on a node that is gone, unless they say otherwise", async () => {
    const tolerations = async (given: object[]) =>
      (await admitted(cluster(), { ...pods, object: podOf({ tolerations: given }) })).spec.tolerations.length;
    expect(await tolerations([])).toBe(2);
    expect(await tolerations([{ operator: "Exists" }])).toBe(1);
    expect(await tolerations([{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" }])).toBe(2);
    expect(await tolerations([{ key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoSchedule" }])).toBe(3);
  });

  it("protect claims, taint new nodes and choose the default storage class", async () => {
    const reader = cluster();
    const storage = (name: string, creationTimestamp: string): KubeObject => ({
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name, creationTimestamp, annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    });
    reader.put("storage.k8s.io", "storageclasses", storage("old", "2020-01-01T00:00:00Z"), storage("new", "2021-01-01T00:00:00Z"));
    const claim: KubeObject = { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: { name: "c", namespace: "ns" }, spec: {} };
    const claims = {
      resource: { group: "", version: "v1", resource: "persistentvolumeclaims" },
      kind: { group: "", version: "v1", kind: "PersistentVolumeClaim" },
    };
    expect(await admitted(reader, { ...claims, object: claim })).toMatchObject({
      metadata: { finalizers: ["kubernetes.io/pvc-protection"] },
      spec: { storageClassName: "new" },
    });
    expect((await admitted(reader, { ...claims, object: { ...claim, spec: { storageClassName: "" } } })).spec.storageClassName).toBe("");
    const node: KubeObject = { apiVersion: "v1", kind: "Node", metadata: { name: "n" } };
    const nodes = {
      resource: { group: "", version: "v1", resource: "nodes" },
      kind: { group: "", version: "v1", kind: "Node" },
      scope: "Cluster" as const,
      namespace: "",
    };
    expect((await admitted(reader, { ...nodes, object: node })).spec.taints).toEqual([
      { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" },
    ]);
  });
});
