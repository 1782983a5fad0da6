import type { Observed } from "@outrigger/kit/api";
import { type Client, connect } from "@outrigger/kit/client";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startControllers } from "../controllers/index.ts";
import { ConfigMap, Event, Namespace, Pod, Secret } from "../objects/index.ts";
import { startDevcluster } from "../start.ts";
import { startKubelet } from "./index.ts";

const namespace = "failures";
let client: Client;
let stop = async (): Promise<void> => {};
beforeAll(async () => {
  const cluster = await startDevcluster({ controllers: false });
  client = connect(cluster.transport(), { onWarning: () => {} });
  const loops = await startControllers(client);
  const stages = { sandboxMs: 20, stopMs: 20, missingMs: 50, backOffMs: 60_000 };
  const kubelet = await startKubelet(client, { informers: loops.informers, stages });
  stop = async () => {
    await kubelet.stop();
    await loops.stop();
    await client.close();
    await cluster.close();
  };
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } as never);
});
afterAll(() => stop());

const eventually = <T>(condition: () => Promise<T>) => vi.waitFor(condition, { timeout: 15_000, interval: 30 });
async function run(name: string, container: object, spec: object = {}): Promise<void> {
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: { containers: [{ name: "c", image: "i:1", ...container }], ...spec },
  };
  // The namespace's ServiceAccount is on its way.
  await eventually(() => client.create(Pod, pod as never));
}
const podOf = (name: string) => client.get(Pod, { namespace, name });
const conditions = (pod: Observed<typeof Pod>) =>
  Object.fromEntries((pod.status?.conditions ?? []).map(({ type, status, reason }) => [type, reason ? `${status} ${reason}` : status]));
async function eventsOf(name: string): Promise<string[]> {
  const { items } = await client.list(Event, { namespace, fieldSelector: `involvedObject.name=${name}` });
  return items.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
}
async function waits(name: string, message: string): Promise<void> {
  await eventually(async () => {
    const pod = await podOf(name);
    expect(pod.status?.containerStatuses?.[0]).toMatchObject({
      ready: false,
      started: false,
      restartCount: 0,
      state: { waiting: { reason: "CreateContainerConfigError", message } },
    });
    expect(conditions(pod)).toEqual({
      PodReadyToStartContainers: "True",
      Initialized: "True",
      Ready: "False ContainersNotReady",
      ContainersReady: "False ContainersNotReady",
      PodScheduled: "True",
    });
    expect(await eventsOf(name)).toContain(`Warning Failed Error: ${message}`);
  });
}
const isRunning = (name: string) => eventually(async () => expect((await podOf(name)).status?.phase).toBe("Running"));

// What a real kubelet 1.36.3 on containerd said of the same pods.
describe.concurrent("a container that misses its configuration", () => {
  it("waits for the Secret of a variable, and for its key", async () => {
    await run("env", { env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" } } }] });
    await waits("env", 'secret "s" not found');
    await client.create(Secret, {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "s", namespace },
      stringData: { other: "1" },
    } as never);
    await waits("env", `couldn't find key k in Secret ${namespace}/s`);
    await client.patch(Secret, { namespace, name: "s" }, { type: "merge", patch: { stringData: { k: "1" } } as never });
    await isRunning("env");
  });

  it("waits for the ConfigMap that it takes all variables from, unless that is optional", async () => {
    await run("from", { envFrom: [{ configMapRef: { name: "m" } }] });
    await run("optional", { envFrom: [{ configMapRef: { name: "m", optional: true } }] });
    await isRunning("optional");
    await waits("from", 'configmap "m" not found');
    await client.create(ConfigMap, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m", namespace }, data: { a: "1" } } as never);
    await isRunning("from");
  });

  it("does not run as root where it must not", async () => {
    await run("user", { securityContext: { runAsNonRoot: true, runAsUser: 1000 } });
    await run("zero", { securityContext: { runAsNonRoot: true, runAsUser: 0 } });
    await run("image", { image: "root/i:1", securityContext: { runAsNonRoot: true } });
    await isRunning("user");
    const who = async (name: string) => `(pod: "${name}_${namespace}(${(await podOf(name)).metadata.uid})", container: c)`;
    await waits("zero", `container's runAsUser breaks non-root policy ${await who("zero")}`);
    await waits("image", `container has runAsNonRoot and image will run as root ${await who("image")}`);
  });
});

describe.concurrent("a pod whose volume misses something", () => {
  it("stays without sandbox until it is there", async () => {
    const volumes = [{ name: "v", configMap: { name: "late" } }];
    await run("vol", { volumeMounts: [{ name: "v", mountPath: "/v" }] }, { volumes });
    await eventually(async () => {
      expect(await eventsOf("vol")).toContain('Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap "late" not found');
      const pod = await podOf("vol");
      expect(conditions(pod)).toMatchObject({ PodReadyToStartContainers: "False", Initialized: "True" });
      expect(pod.status?.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: "ContainerCreating" } });
    });
    await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "late", namespace },
      data: { a: "1" },
    } as never);
    await isRunning("vol");
  });

  it("names the key or the claim that is missing", async () => {
    await client.create(ConfigMap, {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "there", namespace },
      data: { a: "1" },
    } as never);
    await run("key", {}, { volumes: [{ name: "v", configMap: { name: "there", items: [{ key: "nokey", path: "x" }] } }] });
    await run("claim", {}, { nodeName: "devnode", volumes: [{ name: "v", persistentVolumeClaim: { claimName: "none" } }] });
    await eventually(async () => {
      expect(await eventsOf("key")).toContain(
        'Warning FailedMount MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: nokey',
      );
      expect((await eventsOf("claim")).join()).toContain(
        `failed to process volumes=[v]: error processing PVC ${namespace}/none: failed to fetch PVC from API server: persistentvolumeclaims "none" not found`,
      );
    });
  });
});

describe.concurrent("a probe that fails", () => {
  it("keeps a container unready, if it declares the probe", async () => {
    await run("unready", { image: "unready/i:1", readinessProbe: { exec: { command: ["false"] }, initialDelaySeconds: 1 } });
    await run("unprobed", { image: "unready/i:1" });
    await eventually(async () => {
      const pod = await podOf("unready");
      expect(pod.status?.phase).toBe("Running");
      expect(pod.status?.containerStatuses?.[0]).toMatchObject({ ready: false, started: true });
      expect(conditions(pod)["Ready"]).toBe("False ContainersNotReady");
      expect(await eventsOf("unready")).toContain("Warning Unhealthy Readiness probe failed: ");
      expect(conditions(await podOf("unprobed"))["Ready"]).toBe("True");
    });
  });

  it("restarts a container that is not alive, and one that never starts", async () => {
    const probe = { periodSeconds: 1, failureThreshold: 1 };
    await run("unlive", { image: "unlive/i:1", livenessProbe: { httpGet: { port: 81 }, ...probe } });
    await run("unstarted", { image: "unstarted/i:1", startupProbe: { tcpSocket: { port: 81 }, ...probe } });
    await eventually(async () => expect((await podOf("unstarted")).status?.containerStatuses?.[0]?.started).toBe(false));
    await eventually(async () => {
      for (const [name, kind] of [
        ["unlive", "liveness"],
        ["unstarted", "startup"],
      ] as const) {
        const pod = await podOf(name);
        expect(pod.status?.containerStatuses?.[0]).toMatchObject({
          lastState: { terminated: { exitCode: 137, reason: "Error" } },
          state: { waiting: { reason: "CrashLoopBackOff" } },
        });
        const events = await eventsOf(name);
        expect(events).toContain(`Normal Killing Container c failed ${kind} probe, will be restarted`);
        expect(events.join()).toContain(`dial tcp ${pod.status?.podIP}:81: connect: connection refused`);
      }
    });
  });
});

describe("an ephemeral container", () => {
  it("starts in a running pod, and does not touch the others", async () => {
    await run("debugged", {});
    await isRunning("debugged");
    const before = (await podOf("debugged")).status?.containerStatuses;
    const patch = { spec: { ephemeralContainers: [{ name: "dbg", image: "shell:1" }] } };
    const strategic = { type: "strategic", patch: patch as never } as const;
    await client.patch(Pod, { namespace, name: "debugged" }, strategic, { subresource: "ephemeralcontainers" });
    await eventually(async () => {
      const { status } = await podOf("debugged");
      expect(status?.ephemeralContainerStatuses).toMatchObject([{ name: "dbg", ready: false, restartCount: 0, state: { running: {} } }]);
      expect(status?.containerStatuses).toEqual(before);
      expect((await eventsOf("debugged")).filter((text) => text === "Normal Started Container started").length).toBe(2);
    });
  });
});

describe("two pods that want one port of the node", () => {
  it("are not both taken, whoever binds them", async () => {
    const ports = [{ containerPort: 80, hostPort: 18080 }];
    await run("first", { ports });
    await isRunning("first");
    await run("second", { ports }, { nodeName: "devnode" });
    await eventually(async () =>
      expect((await podOf("second")).status).toMatchObject({
        phase: "Failed",
        reason: "NodePorts",
        message: "Pod was rejected: Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      }),
    );
  });
});
