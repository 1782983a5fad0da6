import { eventually } from "@outrigger/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Kubectl } from "./kubectl.ts";
import { type Outrigger, startOutrigger } from "./outrigger.ts";

let running: Outrigger;
let kubectl: Kubectl;

beforeAll(async () => {
  running = await startOutrigger();
  kubectl = running.kubectl;
});
afterAll(async () => {
  await running?.stop();
});

async function apply(object: object): Promise<void> {
  const { exitCode, stderr } = await kubectl.feed(JSON.stringify(object), "apply", "-f", "-");
  expect(exitCode, stderr).toBe(0);
}

test("a pod with the sidecar readiness gate becomes ready once its sidecars are, and is called after its Deployment", async () => {
  await apply({
    ...{ apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", metadata: { name: "mesh" } },
    spec: { selector: { matchLabels: { app: "shop" } }, containers: [{ name: "proxy", image: "busybox:1" }] },
  });
  await apply({
    ...{ apiVersion: "outrigger.dev/v1alpha1", kind: "PodDefaults", metadata: { name: "shop" } },
    spec: {
      selector: { matchLabels: { app: "shop" } },
      sidecarReadinessGate: true,
      env: [{ name: "SERVICE_NAME", valueFrom: { workloadName: true } }],
    },
  });
  await apply({
    ...{ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "checkout" } },
    spec: {
      selector: { matchLabels: { app: "shop" } },
      template: { metadata: { labels: { app: "shop" } }, spec: { containers: [{ name: "web", image: "busybox:1" }] } },
    },
  });
  interface Pod {
    spec: { readinessGates?: unknown[]; containers: { name: string; env?: { name: string; value?: string }[] }[] };
    status: { conditions?: { type: string; status: string; reason?: string }[] };
  }
  const pod = await eventually(
    async () => {
      const { items } = JSON.parse(await kubectl("get", "pods", "-l", "app=shop", "-o", "json")) as { items: Pod[] };
      const ready = items[0]?.status.conditions?.find(({ type }) => type === "Ready")?.status === "True";
      return ready ? items[0] : undefined;
    },
    { timeoutMs: 60_000 },
  );
  expect(pod.spec.readinessGates).toEqual([{ conditionType: "outrigger.dev/sidecars-ready" }]);
  expect(pod.status.conditions).toContainEqual(
    expect.objectContaining({ type: "outrigger.dev/sidecars-ready", status: "True", reason: "SidecarsReady" }),
  );
  const web = pod.spec.containers.find(({ name }) => name === "web");
  expect(web?.env).toContainEqual({ name: "SERVICE_NAME", value: "checkout" });
  expect(pod.spec.containers.map(({ name }) => name)).toContain("proxy");
});
