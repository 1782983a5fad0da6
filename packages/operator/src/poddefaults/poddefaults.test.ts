import { describe, expect, test } from "vitest";
import { compileRules, decide } from "../pipeline/index.ts";
import type { Pod } from "../pod/index.ts";
import { type PodDefaults, type PodDefaultsSpec, podDefaultsStatus } from "./index.ts";

const defaults = (name: string, spec: PodDefaultsSpec): PodDefaults => ({
  apiVersion: "outrigger.dev/v1alpha1",
  kind: "PodDefaults",
  metadata: { name },
  spec,
});
const pod = (metadata: object = {}, container: object = {}): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { generateName: "nginx-test-", labels: { app: "nginx-test" }, ...metadata },
  spec: { containers: [{ name: "nginx", image: "nginx:1.20.0-alpine", ...container }] },
});
const context = {
  namespace: "default",
  namespaceLabels: { "kubernetes.io/metadata.name": "default", zone: "z1" },
  now: "2026-01-02T03:04:05Z",
};
const environment = { "io.contiv.tenant": "default", "io.contiv.network": "vlan-202", EMPTY: "" };
const act = (given: Pod, ...podDefaults: PodDefaults[]) => decide(given, compileRules({ podDefaults }, { environment }), context);

const network = defaults("network-labels", {
  selector: {},
  labels: [
    { name: "io.contiv.tenant", valueFrom: { environment: "io.contiv.tenant" } },
    { name: "io.contiv.network", valueFrom: { environment: "io.contiv.network" } },
  ],
});

describe("PodDefaults", () => {
  test("give the seed's network labels out of the manager's environment", () => {
    const decision = act(pod(), network);
    expect(decision.pod.metadata.labels).toEqual({ app: "nginx-test", "io.contiv.network": "vlan-202", "io.contiv.tenant": "default" });
    expect(decision.reasons).toMatchObject([
      { rule: "network-labels", action: "applied", labels: ["io.contiv.tenant", "io.contiv.network"] },
    ]);
  });

  test("leave what the pod says itself, unless they override", () => {
    const own = pod({ labels: { "io.contiv.network": "vlan-7" } });
    expect(act(own, network).pod.metadata.labels).toEqual({ "io.contiv.network": "vlan-7", "io.contiv.tenant": "default" });
    const forced = defaults("forced", { labels: [{ name: "io.contiv.network", value: "vlan-1", override: true }] });
    expect(act(own, forced).pod.metadata.labels).toEqual({ "io.contiv.network": "vlan-1" });
  });

  test("never write an empty label for a source that is not set, but say so", () => {
    const decision = act(
      pod(),
      defaults("d", {
        labels: [
          { name: "a", valueFrom: { environment: "NOWHERE" } },
          { name: "b", valueFrom: { environment: "EMPTY" } },
          { name: "c", valueFrom: { namespaceLabel: "team" } },
          { name: "d", valueFrom: { fieldPath: "metadata.name" } },
          { name: "e", valueFrom: { namespaceLabel: "zone" } },
        ],
      }),
    );
    expect(decision.pod.metadata.labels).toEqual({ app: "nginx-test", e: "z1" });
    expect(decision.reasons[0]?.problems).toEqual([
      "a: the manager offers no value of NOWHERE (--offer-environment)",
      "b: the manager offers no value of EMPTY (--offer-environment)",
      "c: the namespace has no label team",
      "d: the pod has no metadata.name when it is admitted",
    ]);
  });

  test("act by priority, then by name; the first to set a key wins", () => {
    const say = (name: string, priority: number, override = false) =>
      defaults(name, { priority, labels: [{ name: "who", value: name, override }] });
    expect(act(pod(), say("b", 0), say("a", 0)).pod.metadata.labels?.["who"]).toBe("a");
    expect(act(pod(), say("a", 0), say("b", 1)).pod.metadata.labels?.["who"]).toBe("b");
    expect(act(pod(), say("a", 5, true), say("b", 1, true)).pod.metadata.labels?.["who"]).toBe("a");
  });

  test("set variables in every container that the pod brings", () => {
    const given = pod({}, { env: [{ name: "REGION", value: "mine" }] });
    given.spec.initContainers = [{ name: "prepare", image: "busybox" }];
    const { env } = {
      env: defaults("env", {
        env: [
          { name: "REGION", value: "r1" },
          { name: "NODE", valueFrom: { fieldPath: "spec.nodeName" } },
        ],
      }),
    };
    const decision = act(given, env);
    const node = { name: "NODE", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } } };
    expect(decision.pod.spec.containers[0]?.env).toEqual([node, { name: "REGION", value: "mine" }]);
    expect(decision.pod.spec.initContainers?.[0]?.env).toEqual([{ name: "REGION", value: "r1" }, node]);
  });

  test("see the labels that the user wrote, also on a second call", () => {
    const first = defaults("z-first", { priority: 1, labels: [{ name: "stage", value: "prod" }] });
    const second = defaults("a-second", {
      priority: 2,
      selector: { matchLabels: { stage: "prod" } },
      labels: [{ name: "audited", value: "yes" }],
    });
    const once = act(pod(), first, second);
    expect(once.pod.metadata.labels).toEqual({ app: "nginx-test", stage: "prod" });
    expect(act(once.pod, first, second).patch).toEqual([]);
  });
});

describe("the status of PodDefaults", () => {
  test("names the sources that are not set, and keeps the time while that does not change", () => {
    const unset = defaults("d", { labels: [{ name: "a", valueFrom: { environment: "NOWHERE" } }] });
    const status = podDefaultsStatus(unset, { environment }, "2026-01-02T03:04:05Z");
    expect(status.conditions).toEqual([
      {
        type: "Ready",
        status: "False",
        reason: "SourceUnset",
        message: "a: the manager offers no value of NOWHERE (--offer-environment)",
        lastTransitionTime: "2026-01-02T03:04:05Z",
      },
    ]);
    const later = "2027-01-01T00:00:00Z";
    expect(podDefaultsStatus({ ...unset, status }, { environment }, later)).toEqual(status);
    expect(podDefaultsStatus({ ...unset, status }, { environment: { NOWHERE: "here" } }, later).conditions).toMatchObject([
      { status: "True", lastTransitionTime: later },
    ]);
  });
});
