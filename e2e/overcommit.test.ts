import { runManager } from "@outrigger/operator";
import { eventually, type TestCluster } from "@outrigger/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Kubectl, kubectlFor } from "./kubectl.ts";
import { outrigger, startCluster } from "./outrigger.ts";

interface NodeObject {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: { unschedulable?: boolean };
  status: { allocatable: Record<string, string>; capacity: Record<string, string> };
}
interface Policy {
  metadata: { finalizers?: string[]; deletionTimestamp?: string };
  status?: {
    atRatio?: number;
    nodeList?: { name: string; state: string; message?: string; cpu?: Record<string, string> }[];
    conditions?: { type: string; status: string; message: string }[];
  };
}

let cluster: TestCluster;
let kubectl: Kubectl;
let name: string;
/** What the node's kubelet offers by itself, in thousandths of a CPU. */
let truth: number;
let capacity: string | undefined;
let manager: { stop(): Promise<void> };
const reports: string[] = [];

async function startManager(): Promise<{ stop(): Promise<void> }> {
  const stopping = new AbortController();
  let managing!: Promise<void>;
  await new Promise<void>((resolve, reject) => {
    managing = runManager({
      kubeconfig: { file: cluster.kubeconfigFile },
      namespace: "outrigger-system",
      webhook: { mode: "url", host: "127.0.0.1", port: 0 },
      features: ["node-overcommit"],
      temporary: true,
      signal: stopping.signal,
      report: (line) => reports.push(line),
      onReady: resolve,
    });
    managing.catch(reject);
  });
  return {
    async stop() {
      stopping.abort();
      await managing;
    },
  };
}

beforeAll(async () => {
  cluster = await startCluster();
  kubectl = kubectlFor(cluster.kubeconfigFile);
  manager = await startManager();
  const nodes = await eventually(async () => {
    const { items } = JSON.parse(await kubectl("get", "nodes", "-o", "json")) as { items: NodeObject[] };
    return items.length > 0 && items[0]?.status.allocatable?.["cpu"] !== undefined ? items : undefined;
  });
  name = nodes[0]!.metadata.name;
  truth = milli(nodes[0]!.status.allocatable["cpu"]);
  capacity = nodes[0]!.status.capacity["cpu"];
});
afterAll(async () => {
  await manager?.stop();
  await cluster?.close();
});
afterEach(async () => {
  await kubectl("delete", "pods,poddisruptionbudgets", "--all", "--wait=false", "--grace-period=0", "--force");
  await kubectl("delete", "nodeovercommits", "--all", "--timeout=60s");
  await kubectl("annotate", "node", name, "outrigger.dev/overcommit-ratios-");
  await eventually(async () => expect(milli((await node()).status.allocatable["cpu"])).toBe(truth));
});

const milli = (text: string | undefined): number => (text?.endsWith("m") ? Number(text.slice(0, -1)) : Number(text) * 1000);
const node = async (): Promise<NodeObject> => JSON.parse(await kubectl("get", "node", name, "-o", "json")) as NodeObject;
const cpu = async (): Promise<number> => milli((await node()).status.allocatable["cpu"]);
const policy = async (): Promise<Policy> => JSON.parse(await kubectl("get", "nodeovercommit", "general", "-o", "json")) as Policy;
const apply = (spec: object) =>
  kubectl.feed(
    JSON.stringify({ apiVersion: "outrigger.dev/v1alpha1", kind: "NodeOvercommit", metadata: { name: "general" }, spec }),
    ...["apply", "-f", "-"],
  );
async function applied(spec: object): Promise<void> {
  const { exitCode, stderr } = await apply(spec);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
}
/** A pod that asks for this part of what is true. */
async function pod(podName: string, part: number, more: object = {}): Promise<void> {
  const container = { name: "work", image: "busybox:1", resources: { requests: { cpu: `${Math.floor(truth * part)}m` } } };
  const object = {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: podName, labels: { app: "work" } } },
    spec: { containers: [container], terminationGracePeriodSeconds: 0, ...more },
  };
  const { exitCode, stderr } = await kubectl.feed(JSON.stringify(object), "apply", "-f", "-");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
}
const phases = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (
      JSON.parse(await kubectl("get", "pods", "-o", "json")) as { items: { metadata: { name: string }; status: { phase: string } }[] }
    ).items.map(({ metadata, status }) => [metadata.name, status.phase]),
  );
const bothRun = async (): Promise<void> => {
  await pod("one", 0.7);
  await pod("two", 0.7);
  await eventually(async () => expect(await phases()).toEqual({ one: "Running", two: "Running" }), { timeoutMs: 60_000 });
};
/** A write of the node's own kubelet, as its PATCH is; the cluster's real kubelet makes the same, sometime. */
async function asKubelet(amount: number): Promise<number> {
  // What was stored is in the answer: the cluster's own kubelet writes too.
  const stored = (await cluster.clientAs({ name: `system:node:${name}`, groups: ["system:nodes", "system:masters"] }).request({
    method: "PATCH",
    path: `/api/v1/nodes/${name}/status`,
    headers: { "content-type": "application/strategic-merge-patch+json" },
    body: JSON.stringify({ status: { allocatable: { cpu: `${amount}m` } } }),
  })) as NodeObject;
  return milli(stored.status.allocatable["cpu"]);
}

test("a node offers its true CPU times the ratio, pods beyond the true value run, and all of it is told", async () => {
  await applied({ ratios: { cpu: 2 } });
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
  expect((await node()).status.capacity["cpu"]).toBe(capacity);
  await bothRun();
  await eventually(async () => {
    const { status } = await policy();
    expect(status?.nodeList).toMatchObject([{ name, state: "AtRatio", cpu: { used: expect.stringMatching(/^1\.[34]/) } }]);
    expect(status?.conditions?.find(({ type }) => type === "Overcommitted")).toMatchObject({ status: "True" });
    expect(status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({ status: "True" });
    return true;
  });
  expect(await kubectl("get", "nodeovercommits")).toMatch(
    /^NAME +CPU +MEMORY +NODES +AT-RATIO +OVERCOMMITTED +READY +AGE\ngeneral +2 +1 +1 +1 +True /,
  );
  await eventually(async () =>
    expect(await kubectl("get", "events", "-A", "--field-selector", "reason=Overcommitted")).toContain("default/"),
  );
  const { stdout } = await outrigger(["explain", "node", name, "--kubeconfig", cluster.kubeconfigFile]);
  expect(stdout).toMatch(
    /cpu +\S+ +\S+ +\S+ +1\.[34]\d? +NodeOvercommit general: ratio 2\nmemory +\S+ +\S+ +NodeOvercommit general: ratio 1\nAtRatio\n/,
  );
});

test("the kubelet's writes are amplified once, those of others change nothing, and neither amplifies twice", async () => {
  await applied({ ratios: { cpu: 1.5 } });
  await eventually(async () => expect(await cpu()).toBe(truth * 1.5));
  expect(await asKubelet(truth)).toBe(truth * 1.5);
  expect(await asKubelet(truth / 2)).toBe((truth / 2) * 1.5);
  expect(await asKubelet(truth)).toBe(truth * 1.5);
  await kubectl("patch", "node", name, "--subresource=status", "-p", JSON.stringify({ status: { allocatable: { cpu: "1" } } }));
  expect(await cpu()).toBe(truth * 1.5);
  // Somebody else's record, and none: the true value is remembered, and restored in the end.
  await kubectl("annotate", "node", name, "outrigger.dev/overcommit-");
  await eventually(async () => expect((await node()).metadata.annotations?.["outrigger.dev/overcommit"]).toContain('"ratio":1.5'));
  expect(await cpu()).toBe(truth * 1.5);
});

test("removing the policy restores the node within 2 s", async () => {
  await applied({ ratios: { cpu: 2 } });
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
  await eventually(async () => expect((await policy()).metadata.finalizers).toContain("outrigger.dev/nodeovercommit"));
  await kubectl("delete", "nodeovercommit", "general", "--wait=false");
  const deleted = performance.now();
  await eventually(async () => expect(await cpu()).toBe(truth));
  const tookMs = performance.now() - deleted;
  console.log(`restored ${Math.round(tookMs)} ms after the deletion`);
  // The promise is 2 s; kubectl itself starts slowly on a loaded machine.
  expect(tookMs).toBeLessThan(10_000);
  expect((await node()).metadata.annotations?.["outrigger.dev/overcommit"]).toBeUndefined();
  await eventually(async () => expect((await kubectl.try("get", "nodeovercommit", "general")).stderr).toContain("NotFound"));
});

test("lowering below what pods request is refused, held for a label or a deletion, and done once they leave", async () => {
  await applied({ ratios: { cpu: 2 } });
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
  await bothRun();
  const refused = await apply({ ratios: { cpu: 1.1 } });
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(
    /spec\.ratios\.cpu: node .*: pods request .* a kubelet that restarts then would end default\/(one|two)\. Set drain: true/,
  );
  await kubectl("delete", "nodeovercommit", "general", "--wait=false");
  const requested = Math.floor(truth * 0.7) * 2;
  await eventually(async () => {
    // As low as the pods allow, to a thousandth of the ratio.
    const now = await cpu();
    expect(now).toBeGreaterThanOrEqual(requested);
    expect(now).toBeLessThanOrEqual(requested + truth / 1000 + 1);
    return true;
  });
  await eventually(async () =>
    expect((await policy()).status?.nodeList).toMatchObject([{ state: "Held", message: expect.stringContaining("would end default/") }]),
  );
  await eventually(async () =>
    expect(await kubectl("get", "events", "-A", "--field-selector", "reason=LoweringHeld")).toContain("would end default/"),
  );
  await kubectl("delete", "pod", "two", "--grace-period=0", "--force");
  await eventually(async () => expect(await cpu()).toBe(truth));
  expect(await phases()).toEqual({ one: "Running" });
});

test("with drain, pods are evicted within their budgets, then the ratio goes down and the node is open again", async () => {
  await applied({ ratios: { cpu: 2 } });
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
  await bothRun();
  const budget = {
    ...{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "both" } },
    spec: { minAvailable: 2, selector: { matchLabels: { app: "work" } } },
  };
  await kubectl.feed(JSON.stringify(budget), "apply", "-f", "-");
  await eventually(async () => expect(await kubectl("get", "pdb", "both", "-o", "jsonpath={.status.currentHealthy}")).toBe("2"));
  await applied({ ratios: { cpu: 1 }, drain: true });
  await eventually(async () => expect((await node()).spec.unschedulable).toBe(true));
  await eventually(async () =>
    expect(await kubectl("get", "events", "-A", "--field-selector", "reason=EvictionRefused")).toContain("disruption budget"),
  );
  expect(await phases()).toEqual({ one: "Running", two: "Running" });
  await kubectl("delete", "pdb", "both");
  await eventually(async () => expect(await cpu()).toBe(truth), { timeoutMs: 60_000 });
  await eventually(async () => expect((await node()).spec.unschedulable).toBeUndefined());
  expect(Object.keys(await phases())).toHaveLength(1);
});

test("what a kubelet writes while the manager is away is repaired when it is back", async () => {
  await applied({ ratios: { cpu: 2, memory: 1.2 } });
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
  await manager.stop();
  expect(await asKubelet(truth)).toBe(truth);
  manager = await startManager();
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
});

test("a node's annotation takes the place of the policy's ratios, up to the maximum, and nonsense is told", async () => {
  await applied({ ratios: { cpu: 2 } });
  await kubectl("annotate", "node", name, "outrigger.dev/overcommit-ratios=cpu=3");
  await eventually(async () => expect(await cpu()).toBe(truth * 3));
  await kubectl("annotate", "--overwrite", "node", name, "outrigger.dev/overcommit-ratios=cpu=9");
  await eventually(async () => expect(await cpu()).toBe(truth * 5));
  await eventually(async () =>
    expect((await policy()).status?.nodeList?.[0]?.message).toContain("asks for cpu=9, and spec.maximum allows 5"),
  );
  await kubectl("annotate", "--overwrite", "node", name, "outrigger.dev/overcommit-ratios=gpu=2");
  await eventually(async () => expect(await cpu()).toBe(truth * 2));
  await eventually(async () => expect((await policy()).status?.nodeList?.[0]?.message).toContain('"gpu=2" is not cpu=RATIO'));
});

test("the API server refuses what the schema can see is wrong", async () => {
  for (const [spec, message] of [
    [{ ratios: { cpu: 6 } }, "the cpu ratio exceeds spec.maximum.cpu (5 unless given)"],
    [{ ratios: { memory: 2 } }, "the memory ratio exceeds spec.maximum.memory (1.5 unless given)"],
    [{ ratios: { cpu: 0.5 } }, "should be greater than or equal to 1"],
    [{ ratios: {} }, "should have at least 1 properties"],
    [{ ratios: { cpu: 2 }, drain: true, force: true }, "drain and force exclude each other"],
  ] as const)
    expect((await apply(spec)).stderr).toContain(message);
});
