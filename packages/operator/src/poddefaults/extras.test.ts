import { describe, expect, test } from "vitest";
import { compileRules, decide, explainPod } from "../pipeline/index.ts";
import type { Pod } from "../pod/index.ts";
import { environmentSeenIn, type PodDefaults, type PodDefaultsSpec, podDefaultsProblems } from "./index.ts";
import { waitingSidecars } from "./sidecars-ready.ts";

const defaults = (name: string, spec: PodDefaultsSpec): PodDefaults => ({
  apiVersion: "outrigger.dev/v1alpha1",
  kind: "PodDefaults",
  metadata: { name },
  spec,
});
const pod = (metadata: object = {}, spec: object = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { generateName: "web-", ...metadata },
  spec: { containers: [{ name: "web", image: "web", env: [{ name: "NO_PROXY", value: "mine" }] }], ...spec },
});
const context = { namespace: "default", namespaceLabels: {}, now: "2026-01-02T03:04:05Z" };
const act = (given: Pod, environment: Record<string, string>, ...podDefaults: PodDefaults[]) =>
  decide(given, compileRules({ podDefaults }, { environment }), context);
const owned = (kind: string, name: string, labels = {}) => ({
  labels,
  ownerReferences: [{ apiVersion: "apps/v1", kind, name, uid: "1", controller: true }],
});

test("who explains a pod outside the manager knows the manager's environment by what the pod was given from it", () => {
  const environment = { TENANT: "blue", HTTPS_PROXY: "http://proxy:3128" };
  const tenant = defaults("tenant", { labels: [{ name: "tenant", valueFrom: { environment: "TENANT" } }], proxies: true });
  const byTenant = defaults("by-tenant", { selector: { matchLabels: { tenant: "blue" } }, annotations: [{ name: "seen", value: "yes" }] });
  const admitted = act(pod({ labels: { app: "web" } }), environment, tenant, byTenant).pod;
  expect(admitted.metadata.labels).toEqual({ app: "web", tenant: "blue" });
  const outside = (seen: Pod): string[] => {
    const known = environmentSeenIn(seen, [tenant, byTenant], { TENANT: "mine", NO_PROXY: "mine" });
    const rules = compileRules({ podDefaults: [tenant, byTenant] }, { environment: known });
    return explainPod(seen, rules, context).map(({ rule, source, action }) => `${rule} ${source} ${action}`);
  };
  expect(outside(admitted).filter((line) => line.includes("claimed"))).toEqual([]);
  expect(outside(admitted)).toContain("PodDefaults/tenant recorded applied");
  // What the record does not name is not taken for the manager's.
  const own = pod({ labels: { tenant: "red" } });
  expect(environmentSeenIn(own, [tenant], { TENANT: "mine" })).toEqual({ TENANT: "mine" });
});

describe("the name of the workload", () => {
  const service = defaults("service", { env: [{ name: "SERVICE_NAME", valueFrom: { workloadName: true } }] });
  const labelled = defaults("label", {
    priority: 1,
    env: [{ name: "SERVICE_NAME", valueFrom: { fieldPath: "metadata.labels['service']" } }],
    selector: { matchExpressions: [{ key: "service", operator: "Exists" }] },
  });
  const name = (metadata: object) =>
    act(pod(metadata), {}, service, labelled).pod.spec.containers[0]?.env?.find((one) => one.name === "SERVICE_NAME")?.value;

  test("is the Deployment's, a StatefulSet's or a Job's own, and a label's value where the pod has one", () => {
    expect(name(owned("ReplicaSet", "checkout-5d8c7b", { "pod-template-hash": "5d8c7b" }))).toBe("checkout");
    expect(name(owned("ReplicaSet", "by-hand"))).toBe("by-hand");
    expect(name(owned("StatefulSet", "db"))).toBe("db");
    expect(name(owned("StatefulSet", "db", { service: "orders" }))).toBe("orders");
  });

  test("is told where the pod belongs to no workload, and nothing else than true asks for it", () => {
    expect(act(pod(), {}, service).reasons[0]?.problems).toEqual(["SERVICE_NAME: the pod belongs to no workload"]);
    const odd = defaults("odd", { env: [{ name: "A", valueFrom: { workloadName: false } as never }] });
    expect(podDefaultsProblems(odd)).toMatchObject([{ field: "spec.env[0].valueFrom.workloadName" }]);
  });
});

describe("proxies", () => {
  const proxies = defaults("proxies", { proxies: true });
  test("reach each container in upper and lower case, and the pod's own value counts", () => {
    const { pod: decided } = act(pod(), { HTTPS_PROXY: "http://proxy:3128", no_proxy: "10.0.0.0/8" }, proxies);
    expect(decided.spec.containers[0]?.env).toEqual([
      { name: "HTTPS_PROXY", value: "http://proxy:3128" },
      { name: "https_proxy", value: "http://proxy:3128" },
      { name: "no_proxy", value: "10.0.0.0/8" },
      { name: "NO_PROXY", value: "mine" },
    ]);
  });
  test("that the manager does not offer are told", () => {
    expect(compileRules({ podDefaults: [proxies] }, { environment: {} }).podDefaults.rules[0]?.rule.problems).toEqual([
      "proxies: the manager offers no value of HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY (--offer-environment)",
    ]);
  });
});

describe("the readiness gate", () => {
  const gate = defaults("gate", { sidecarReadinessGate: true });
  test("is added once, beside those of the pod", () => {
    const decision = act(pod({}, { readinessGates: [{ conditionType: "example.com/ok" }] }), {}, gate);
    expect(decision.pod.spec["readinessGates"]).toEqual([
      { conditionType: "example.com/ok" },
      { conditionType: "outrigger.dev/sidecars-ready" },
    ]);
    expect(decision.reasons[0]?.message).toBe("selector and namespace match: set readiness gate outrigger.dev/sidecars-ready");
    expect(act(decision.pod, {}, gate).patch).toEqual([]);
  });

  test("waits for the injected containers that keep running, and for no other", () => {
    const injected = [{ rule: "SidecarSet/mesh", action: "applied", reason: "Matched", containers: ["proxy", "agent", "init"] }];
    const of = (containerStatuses: object[], initContainerStatuses: object[]) =>
      waitingSidecars({
        metadata: { annotations: { "outrigger.dev/injection": JSON.stringify(injected) } },
        spec: {
          containers: [{ name: "web" }, { name: "proxy" }],
          initContainers: [{ name: "init" }, { name: "agent", restartPolicy: "Always" }],
        },
        status: { containerStatuses, initContainerStatuses } as never,
      });
    expect(of([], [])).toEqual(["proxy", "agent"]);
    expect(of([{ name: "proxy", ready: true }], [{ name: "agent", ready: false }])).toEqual(["agent"]);
    expect(
      of(
        [
          { name: "proxy", ready: true },
          { name: "web", ready: false },
        ],
        [{ name: "agent", ready: true }],
      ),
    ).toEqual([]);
  });
});
