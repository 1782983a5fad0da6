import { type Client, connect } from "@outrigger/kit/client";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { DEFAULT_STAGES, startKubelet } from "../../kubelet/index.ts";
import { Job, Namespace, Pod } from "../../objects/index.ts";
import { startDevcluster } from "../../start.ts";
import { startControllers } from "../index.ts";

const namespace = "policies";
let client: Client;
let stop = async (): Promise<void> => {};
beforeAll(async () => {
  const cluster = await startDevcluster({ controllers: false });
  client = connect(cluster.transport(), { onWarning: () => {} });
  const loops = await startControllers(client);
  const images = [
    { prefix: "exit42/", exitCode: 42, afterMs: 20 },
    { prefix: "exit1/", exitCode: 1, afterMs: 20 },
    ...DEFAULT_STAGES.images,
  ];
  const kubelet = await startKubelet(client, { informers: loops.informers, stages: { sandboxMs: 20, stopMs: 20, jobMs: 50, images } });
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
async function ended(name: string, image: string, spec: object): Promise<{ status: Record<string, unknown>; conditions: string[] }> {
  const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image }] } };
  const job = { apiVersion: "batch/v1", kind: "Job", metadata: { name, namespace }, spec: { ...spec, template } };
  await client.create(Job, job as never);
  return eventually(async () => {
    const { status } = await client.get(Job, { namespace, name });
    const conditions = (status?.conditions ?? []).map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    expect(conditions).toHaveLength(2);
    return { status: status as never, conditions };
  });
}
/** Has the only pod of a job fail with the condition of a disruption, as its node would say it. @returns the pod's name */
async function disrupted(job: string): Promise<string> {
  const name = await eventually(async () => {
    const { items } = await client.list(Pod, { namespace, labelSelector: `job-name=${job}` });
    expect(items).toHaveLength(1);
    return items[0]!.metadata.name!;
  });
  const condition = { type: "DisruptionTarget", status: "True", reason: "Test", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const status = { phase: "Failed", conditions: [condition] };
  await client.patch(Pod, { namespace, name }, { type: "merge", patch: { status } }, { subresource: "status" });
  return name;
}
const inCodes = (action: string, ...values: number[]) => ({ rules: [{ action, onExitCodes: { operator: "In", values } }] });
const indexed = { completionMode: "Indexed", completions: 3, parallelism: 3 };

// What a real controller-manager 1.36.3 made of the same jobs.
describe.concurrent("a job whose pods fail", () => {
  it("fails at once by FailJob", async () => {
    const { status, conditions } = await ended("failjob", "exit42/i", { backoffLimit: 3, podFailurePolicy: inCodes("FailJob", 42) });
    const { items } = await client.list(Pod, { namespace, labelSelector: "job-name=failjob" });
    const why = `PodFailurePolicy Container c for pod ${namespace}/${items[0]?.metadata.name} failed with exit code 42 matching FailJob rule at index 0`;
    expect(conditions).toEqual([`FailureTarget ${why}`, `Failed ${why}`]);
    expect(status["failed"]).toBe(1);
  });

  it("counts failures by Count, and does not by Ignore", async () => {
    const count = { rules: [{ action: "Count", onExitCodes: { operator: "NotIn", values: [42] } }] };
    const { conditions } = await ended("count", "exit1/i", { backoffLimit: 0, podFailurePolicy: count });
    expect(conditions[1]).toBe("Failed BackoffLimitExceeded Job has reached the specified backoff limit");
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "exit42/i" }] } };
    const spec = { backoffLimit: 0, podFailurePolicy: inCodes("Ignore", 42), template };
    await client.create(Job, { apiVersion: "batch/v1", kind: "Job", metadata: { name: "ignore", namespace }, spec } as never);
    await eventually(async () => {
      const { items } = await client.list(Pod, { namespace, labelSelector: "job-name=ignore" });
      expect(items.filter(({ status }) => status?.phase === "Failed").length).toBeGreaterThan(1);
    });
    const { status } = await client.get(Job, { namespace, name: "ignore" });
    expect(status?.failed ?? 0).toBe(0);
    expect(status?.conditions ?? []).toEqual([]);
  });

  it("fails by FailJob for a condition of a pod", async () => {
    const policy = { rules: [{ action: "FailJob", onPodConditions: [{ type: "Other" }, { type: "DisruptionTarget" }] }] };
    const waiting = ended("disrupted", "i", { backoffLimit: 3, podFailurePolicy: policy });
    const pod = await disrupted("disrupted");
    const { status, conditions } = await waiting;
    const why = `PodFailurePolicy Pod ${namespace}/${pod} has condition DisruptionTarget matching FailJob rule at index 0`;
    expect(conditions).toEqual([`FailureTarget ${why}`, `Failed ${why}`]);
    expect(status["failed"]).toBe(1);
  });

  it("does not count a pod whose condition an Ignore rule names, and makes another", async () => {
    const policy = { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget" }] }] };
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } };
    const spec = { backoffLimit: 0, podFailurePolicy: policy, template };
    await client.create(Job, { apiVersion: "batch/v1", kind: "Job", metadata: { name: "spared", namespace }, spec } as never);
    const pod = await disrupted("spared");
    await eventually(async () => {
      const { items } = await client.list(Pod, { namespace, labelSelector: "job-name=spared" });
      expect(items.filter(({ metadata }) => metadata.name !== pod)).toHaveLength(1);
    });
    const { status } = await client.get(Job, { namespace, name: "spared" });
    expect(status?.failed ?? 0).toBe(0);
    expect(status?.conditions ?? []).toEqual([]);
  });

  it("counts a pod whose condition has another status than the rule asks for", async () => {
    const policy = { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "False" }] }] };
    const waiting = ended("unlike", "i", { backoffLimit: 0, podFailurePolicy: policy });
    await disrupted("unlike");
    expect((await waiting).conditions[1]).toBe("Failed BackoffLimitExceeded Job has reached the specified backoff limit");
  });

  it("fails with the indexes that failed too often", async () => {
    const { status, conditions } = await ended("perindex", "exit1/i", { ...indexed, backoffLimitPerIndex: 0 });
    expect(conditions[1]).toBe("Failed FailedIndexes Job has failed indexes");
    expect(status).toMatchObject({ failedIndexes: "0-2", failed: 3 });
  });

  it("fails with more failed indexes than it may have", async () => {
    const policy = { ...indexed, backoffLimitPerIndex: 5, maxFailedIndexes: 0, podFailurePolicy: inCodes("FailIndex", 42) };
    const { conditions } = await ended("failindex", "exit42/i", policy);
    expect(conditions[1]).toBe("Failed MaxFailedIndexesExceeded Job has exceeded the specified maximal number of failed indexes");
  });
});

describe("a job with a success policy", () => {
  it("is complete when one of its rules is fulfilled, and ends its other pods", async () => {
    const policy = { ...indexed, parallelism: 1, successPolicy: { rules: [{ succeededIndexes: "1-2", succeededCount: 1 }] } };
    const { status, conditions } = await ended("success", "i:1", policy);
    expect(conditions).toEqual([
      "SuccessCriteriaMet SuccessPolicy Matched rules at index 0",
      "Complete SuccessPolicy Matched rules at index 0",
    ]);
    expect(status).toMatchObject({ succeeded: 2, completedIndexes: "0,1" });
  });
});
