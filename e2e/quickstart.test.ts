import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Outrigger, outrigger, quickstart, startOutrigger } from "./outrigger.ts";

interface Pod {
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string>; ownerReferences?: { kind: string }[] };
  spec: {
    containers: {
      name: string;
      env?: { name: string; value: string }[];
      volumeMounts?: { name: string; mountPath: string }[];
      securityContext?: { capabilities?: { add?: string[] } };
    }[];
    volumes: { name: string; emptyDir?: object }[];
  };
  status: { phase: string; containerStatuses?: { ready: boolean }[] };
}

let it: Outrigger;
beforeAll(async () => {
  it = await startOutrigger();
  await it.kubectl("apply", "-f", quickstart);
});
afterAll(() => it?.stop());

const pods = async (namespace: string, selector = ""): Promise<Pod[]> =>
  (JSON.parse(await it.kubectl("-n", namespace, "get", "pods", "-o", "json", ...(selector ? ["-l", selector] : []))) as { items: Pod[] })
    .items;
const readyCount = (pod: Pod): string =>
  `${pod.status.containerStatuses?.filter((state) => state.ready).length ?? 0}/${pod.spec.containers.length}`;

describe("network labels", () => {
  test("a Deployment's pod carries the tenant and the network of the manager's environment", async () => {
    const pod = await eventually(async () => (await pods("default", "app=nginx-test"))[0]);
    expect(pod.metadata.labels).toMatchObject({ app: "nginx-test", "io.contiv.network": "vlan-202", "io.contiv.tenant": "default" });
    expect(await it.kubectl("describe", "pod", pod.metadata.name)).toMatch(
      /Labels:\s+app=nginx-test\n\s+io\.contiv\.network=vlan-202\n\s+io\.contiv\.tenant=default\n/,
    );
  });

  test("a pod that has its own value keeps it", async () => {
    await it.kubectl("run", "own-network", "--image=busybox:1.36", "--labels=io.contiv.network=vlan-7");
    const [pod] = (await pods("default", "io.contiv.network=vlan-7")) as [Pod];
    expect(pod.metadata.labels).toMatchObject({ "io.contiv.network": "vlan-7", "io.contiv.tenant": "default" });
    await it.kubectl("delete", "pod", "own-network", "--wait=false");
  });

  test("scaling to three gives three labelled pods", async () => {
    await it.kubectl("scale", "deployment/nginx-test", "--replicas=3");
    await it.kubectl("rollout", "status", "deployment/nginx-test", "--timeout=60s");
    const labelled = await pods("default", "app=nginx-test,io.contiv.network=vlan-202,io.contiv.tenant=default");
    expect(labelled.filter((pod) => readyCount(pod) === "1/1")).toHaveLength(3);
  });
});

describe("logtail", () => {
  test("test-pod gets the sidecar with its variable, mark, mount and volume", async () => {
    await it.kubectl("wait", "pod/test-pod", "--for=condition=Ready", "--timeout=60s");
    const [pod] = (await pods("default", "app=logtail")) as [Pod];
    expect(readyCount(pod)).toBe("2/2");
    const sidecar = pod.spec.containers.find((container) => container.name === "logtail")!;
    expect(sidecar.env).toEqual([
      { name: "IS_INJECTED", value: "true" },
      { name: "TZ", value: "Asia/Shanghai" },
    ]);
    expect(sidecar.volumeMounts).toContainEqual({ name: "nginx-log", mountPath: "/var/log/nginx" });
    expect(pod.spec.volumes.filter((volume) => volume.name === "nginx-log")).toEqual([{ name: "nginx-log", emptyDir: {} }]);
    expect(pod.metadata.annotations?.["kruise.io/sidecarset-injected-list"]).toBe("logtail-sidecarset");
    expect(JSON.parse(pod.metadata.annotations?.["kruise.io/sidecarset-hash"] ?? "{}")).toMatchObject({
      "logtail-sidecarset": { sidecarSetName: "logtail-sidecarset", sidecarList: ["logtail"] },
    });
  });

  test("the set is listed with its columns", async () => {
    expect(await it.kubectl("get", "sidecarset")).toMatch(/^NAME\s+MATCHED\s+UPDATED\s+READY\s+AGE\nlogtail-sidecarset\s/);
  });

  test("explain says why test-pod has the sidecar, and why nginx-test has not", async () => {
    const has = await outrigger(["explain", "pod", "test-pod", "--kubeconfig", it.cluster.kubeconfigFile]);
    expect(has.stdout).toContain("logtail-sidecarset");
    expect(has.exitCode).toBe(0);
    const [nginx] = (await pods("default", "app=nginx-test")) as [Pod];
    const hasNot = await outrigger(["explain", "pod", nginx.metadata.name, "--kubeconfig", it.cluster.kubeconfigFile]);
    expect(hasNot.stdout).toMatch(/logtail-sidecarset.*(selector|match)/i);
    // Its labels come from the manager's environment, which nobody else knows.
    expect(hasNot.stdout).toMatch(/label io\.contiv\.network.* recorded\n/);
    for (const { stdout } of [has, hasNot]) expect(stdout).not.toContain("claimed");
    expect(hasNot.exitCode).toBe(0);
  });
});

describe("network delay in the TiDB cluster", () => {
  const expected = { discovery: "2/2", pd: "2/2", tidb: "3/3", tikv: "2/2" };

  for (const [component, ready] of Object.entries(expected)) {
    test(`basic-${component} is ready as ${ready} with the agent`, async () => {
      const pod = await eventually(
        async () => {
          const [one] = await pods("tidb-cluster", `app.kubernetes.io/component=${component}`);
          return one && readyCount(one) === ready ? one : undefined;
        },
        { timeoutMs: 60_000 },
      );
      const agent = pod.spec.containers.find((container) => container.name === "network-delay-sidecar");
      expect(agent?.securityContext?.capabilities?.add).toEqual(["NET_ADMIN"]);
    });
  }

  test("the containers of basic-tidb-0 are the seed's, in its order", async () => {
    expect(await it.kubectl("-n", "tidb-cluster", "get", "pod", "basic-tidb-0", "-o", "jsonpath={.spec.containers[*].name}")).toBe(
      "slowlog tidb network-delay-sidecar",
    );
  });

  test("a deleted pod comes back, injected", async () => {
    const before = await it.kubectl("-n", "tidb-cluster", "get", "pod", "basic-pd-0", "-o", "jsonpath={.metadata.uid}");
    await it.kubectl("-n", "tidb-cluster", "delete", "pod", "basic-pd-0");
    const after = await eventually(async () => {
      const [pod] = await pods("tidb-cluster", "app.kubernetes.io/component=pd");
      return pod && (pod.metadata as { uid?: string }).uid !== before && pod.status.phase === "Running" ? pod : undefined;
    });
    expect(after.spec.containers.map((container) => container.name)).toEqual(["pd", "network-delay-sidecar"]);
  });
});
