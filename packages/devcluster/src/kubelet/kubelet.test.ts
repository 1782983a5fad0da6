import { setTimeout as sleep } from "node:timers/promises";
import type { Observed } from "@outrigger/kit/api";
import { type Client, connect } from "@outrigger/kit/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startControllers } from "../controllers/index.ts";
import { Job, Namespace, Pod } from "../objects/index.ts";
import { startDevcluster } from "../start.ts";
import { type RunningKubelet, startKubelet } from "./index.ts";

type ThePod = Observed<typeof Pod>;

const namespace = "stages";
let client: Client;
let kubelet: RunningKubelet;
let stop = async (): Promise<void> => {};
beforeAll(async () => {
  const cluster = await startDevcluster({ controllers: false });
  client = connect(cluster.transport(), { onWarning: () => {} });
  const loops = await startControllers(client);
  kubelet = await startKubelet(client, {
    informers: loops.informers,
    stages: { sandboxMs: 20, initMs: 20, sidecarMs: 10, restartMs: 20, jobMs: 40, stopMs: 20, pullBackOffMs: 20, backOffMs: 40 },
    capacity: { cpu: "4", memory: "8Gi", pods: "50" },
  });
  stop = async () => {
    await kubelet.stop();
    await loops.stop();
    await client.close();
    await cluster.close();
  };
  await client.create(Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } } as never);
});
afterAll(() => stop());

async function run(name: string, spec: object, metadata: object = {}): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await client.create(Pod, { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, ...metadata }, spec } as never);
      return;
    } catch (error) {
      // The namespace's ServiceAccount is on its way.
      if (tries > 50) throw error;
      await sleep(20);
    }
  }
}
async function until(name: string, test: (pod: ThePod) => boolean | undefined): Promise<ThePod> {
  let pod = await client.get(Pod, { namespace, name });
  for (const end = Date.now() + 5_000; !test(pod) && Date.now() < end; pod = await client.get(Pod, { namespace, name })) await sleep(10);
  expect(test(pod), JSON.stringify(pod.status, null, 1)).toBe(true);
  return pod;
}
const condition = (pod: ThePod, type: string) => pod.status?.conditions?.find((one) => one.type === type);
const isReady = (pod: ThePod): boolean => condition(pod, "Ready")?.status === "True";
const container = (pod: ThePod, name = "c") =>
  [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].find((one) => one.name === name)!;

describe.concurrent("a pod on the node", () => {
  it("runs its init containers in order, then its containers, and becomes ready with an address", async () => {
    await run("plain", {
      initContainers: [
        { name: "one", image: "i:1" },
        { name: "two", image: "i:2" },
      ],
      containers: [{ name: "c", image: "c:1" }],
    });
    const pod = await until("plain", isReady);
    expect(pod.status?.phase).toBe("Running");
    expect(pod.status?.podIP).toMatch(/^10\.244\./);
    const [one, two] = [container(pod, "one"), container(pod, "two")];
    expect([one.state?.terminated?.exitCode, two.state?.terminated?.exitCode]).toEqual([0, 0]);
    expect(condition(pod, "Ready")).toMatchObject({ observedGeneration: 1 });
  });

  it("restarts the one container whose image changed, with another image id", async () => {
    await run("changing", {
      initContainers: [{ name: "side", image: "s:1", restartPolicy: "Always" }],
      containers: [
        { name: "c", image: "c:1" },
        { name: "d", image: "d:1" },
      ],
    });
    const before = await until("changing", isReady);
    await client.patch(
      Pod,
      { namespace, name: "changing" },
      { type: "json", patch: [{ op: "replace", path: "/spec/containers/0/image", value: "c:2" }] },
    );
    const after = await until("changing", (pod) => container(pod).restartCount === 1 && isReady(pod));
    expect(container(after)).toMatchObject({ image: "c:2", lastState: { terminated: { containerID: container(before).containerID } } });
    expect(container(after).imageID).not.toBe(container(before).imageID);
    expect(container(after, "d")).toEqual(container(before, "d"));
    await client.patch(
      Pod,
      { namespace, name: "changing" },
      { type: "json", patch: [{ op: "replace", path: "/spec/initContainers/0/image", value: "s:2" }] },
    );
    const side = await until("changing", (pod) => container(pod, "side").restartCount === 1 && isReady(pod));
    expect(container(side).restartCount).toBe(1);
  });

  it("is ready only when its readiness gates are, and keeps conditions of others", async () => {
    await run("gated", { readinessGates: [{ conditionType: "x.example.com/ok" }], containers: [{ name: "c", image: "c:1" }] });
    const waiting = await until("gated", (pod) => condition(pod, "Ready")?.reason === "ReadinessGatesNotReady");
    expect(condition(waiting, "Ready")?.message).toBe('corresponding condition of pod readiness gate "x.example.com/ok" does not exist.');
    const conditions = [{ type: "x.example.com/ok", status: "True" }];
    await client.patch(
      Pod,
      { namespace, name: "gated" },
      { type: "strategic", patch: { status: { conditions } } },
      { subresource: "status" },
    );
    const ready = await until("gated", isReady);
    expect(condition(ready, "x.example.com/ok")?.status).toBe("True");
  });

  it("never starts when its image cannot be pulled, until the image is another", async () => {
    await run("unpulled", { containers: [{ name: "c", image: "fail/x:1" }] });
    const pod = await until("unpulled", (one) => container(one)?.state?.waiting?.reason === "ImagePullBackOff");
    expect(pod.status?.phase).toBe("Pending");
    await client.patch(
      Pod,
      { namespace, name: "unpulled" },
      { type: "json", patch: [{ op: "replace", path: "/spec/containers/0/image", value: "good:1" }] },
    );
    const good = await until("unpulled", isReady);
    expect(container(good).restartCount).toBe(0);
  });

  it("backs off when its container keeps failing", async () => {
    await run("crashing", { containers: [{ name: "c", image: "crash/x:1" }] });
    const pod = await until(
      "crashing",
      (one) => container(one)?.restartCount >= 2 && container(one).state?.waiting?.reason === "CrashLoopBackOff",
    );
    expect(pod.status?.phase).toBe("Running");
    expect(container(pod).lastState?.terminated?.exitCode).toBe(1);
  });

  it("ends when its containers do, its sidecars after them", async () => {
    await run("task", {
      restartPolicy: "Never",
      initContainers: [{ name: "side", image: "s:1", restartPolicy: "Always" }],
      containers: [{ name: "c", image: "c:1" }],
    });
    const pod = await until("task", (one) => one.status?.phase === "Succeeded" && container(one, "side").state?.terminated !== undefined);
    expect(condition(pod, "Ready")).toMatchObject({ status: "False", reason: "PodCompleted" });
    await run("broken", { restartPolicy: "Never", containers: [{ name: "c", image: "exit1/x:1" }] });
    await until("broken", (one) => one.status?.phase === "Failed");
  });

  it("goes after it was deleted", async () => {
    await run("leaving", { terminationGracePeriodSeconds: 5, containers: [{ name: "c", image: "c:1" }] });
    await until("leaving", isReady);
    await client.delete(Pod, { namespace, name: "leaving" });
    for (const end = Date.now() + 3_000; Date.now() < end && (await client.find(Pod, { namespace, name: "leaving" })); ) await sleep(10);
    expect(await client.find(Pod, { namespace, name: "leaving" })).toBeUndefined();
  });

  it("is refused where the node has no room for it", async () => {
    await run("too-big", { nodeName: "devnode", containers: [{ name: "c", image: "c:1", resources: { requests: { cpu: "100" } } }] });
    const pod = await until("too-big", (one) => one.status?.phase === "Failed");
    expect(pod.status?.reason).toBe("OutOfcpu");
  });

  it("has a log once it runs, and says why not before", async () => {
    await run("logging", { containers: [{ name: "c", image: "c:1" }] });
    await until("logging", isReady);
    const request = {
      namespace,
      pod: "logging",
      container: "c",
      follow: false,
      previous: false,
      timestamps: false,
      signal: new AbortController().signal,
    };
    expect(await Array.fromAsync(kubelet.logs({ ...request, tailLines: 2 }))).toEqual(["image c:1", "ready"]);
    expect(await Array.fromAsync(kubelet.logs({ ...request, limitBytes: 4 }))).toEqual(["star"]);
    await expect(Array.fromAsync(kubelet.logs({ ...request, previous: true }))).rejects.toThrow(
      'previous terminated container "c" in pod "logging" not found',
    );
  });

  it("makes a Job complete, each pod counted once", async () => {
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "c:1" }] } };
    await client.create(Job, {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: "three", namespace },
      spec: { completions: 3, parallelism: 2, template },
    } as never);
    let job = await client.get(Job, { namespace, name: "three" });
    for (
      const end = Date.now() + 6_000;
      Date.now() < end && !job.status?.completionTime;
      job = await client.get(Job, { namespace, name: "three" })
    )
      await sleep(20);
    expect(job.status).toMatchObject({ succeeded: 3, ready: 0, uncountedTerminatedPods: {} });
    expect(job.status?.conditions?.map(({ type }) => type)).toEqual(["SuccessCriteriaMet", "Complete"]);
  });
});
