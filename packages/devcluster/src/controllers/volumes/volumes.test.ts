import type { Client } from "@outrigger/kit/client";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Devcluster } from "../../index.ts";
import { Event, PersistentVolume, PersistentVolumeClaim, Pod, StorageClass } from "../../objects/index.ts";
import { startDevcluster } from "../../start.ts";

let cluster: Devcluster;
let client: Client;
beforeAll(async () => {
  cluster = await startDevcluster();
  client = await cluster.client();
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});
const eventually = (condition: () => Promise<void>) => vi.waitFor(condition, { timeout: 15_000, interval: 50 });
const namespace = "default";
const claim = (name: string, spec: object = {}): never =>
  ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  }) as never;
const podWith = (name: string, claimName: string): never =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      volumes: [{ name: "v", persistentVolumeClaim: { claimName } }],
      containers: [{ name: "c", image: "i:1", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    },
  }) as never;

describe("a claim of the default class", () => {
  it("gets a volume on the node of the first pod that uses it, and both go when they are no longer used", async () => {
    expect((await client.get(StorageClass, { name: "standard" })).provisioner).toBe("rancher.io/local-path");
    const warnings: string[] = [];
    const made = await client.create(PersistentVolumeClaim, claim("data"), { onWarning: (text: string) => warnings.push(text) } as never);
    expect(warnings).toEqual([]);
    expect(made.spec.storageClassName).toBe("standard");
    await client.create(Pod, podWith("first", "data"));
    await eventually(async () => {
      expect((await client.get(Pod, { namespace, name: "first" })).status?.phase).toBe("Running");
    });
    const bound = await client.get(PersistentVolumeClaim, { namespace, name: "data" });
    expect(bound.status).toMatchObject({ phase: "Bound", capacity: { storage: "1Gi" } });
    const volume = await client.get(PersistentVolume, { name: bound.spec.volumeName! });
    expect(volume.spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]).toMatchObject({ values: ["devnode"] });

    await client.delete(PersistentVolumeClaim, { namespace, name: "data" });
    expect((await client.get(PersistentVolumeClaim, { namespace, name: "data" })).metadata.deletionTimestamp).toBeDefined();
    await client.delete(Pod, { namespace, name: "first" }, { gracePeriodSeconds: 0 });
    await eventually(async () => {
      expect(await client.find(PersistentVolumeClaim, { namespace, name: "data" })).toBeUndefined();
      expect(await client.find(PersistentVolume, { name: volume.metadata.name })).toBeUndefined();
    });
  });
});

describe("a pod", () => {
  it("whose claim is missing waits for it, and says so", async () => {
    await client.create(Pod, podWith("early", "late"));
    await eventually(async () => {
      const { items } = await client.list(Event, { namespace });
      expect(items.map(({ message }) => message)).toContain('0/1 nodes are available: persistentvolumeclaim "late" not found. not found');
    });
    await client.create(PersistentVolumeClaim, claim("late"));
    await eventually(async () => {
      expect((await client.get(Pod, { namespace, name: "early" })).status?.phase).toBe("Running");
    });
  });
});

describe("a bound claim", () => {
  it("is lost with its volume", async () => {
    await client.create(PersistentVolume, {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name: "by-hand" },
      spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" }, storageClassName: "hand" },
    } as never);
    await client.create(PersistentVolumeClaim, claim("held", { storageClassName: "hand" }));
    await eventually(async () => {
      expect((await client.get(PersistentVolumeClaim, { namespace, name: "held" })).status?.phase).toBe("Bound");
    });
    await client.patch(PersistentVolume, { name: "by-hand" }, { type: "merge", patch: { metadata: { finalizers: null } } as never });
    await client.delete(PersistentVolume, { name: "by-hand" });
    await eventually(async () => {
      expect((await client.get(PersistentVolumeClaim, { namespace, name: "held" })).status?.phase).toBe("Lost");
    });
  });
});
