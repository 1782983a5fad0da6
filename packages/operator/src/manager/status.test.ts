import { describe, expect, test } from "vitest";
import type { SidecarSet } from "../sidecarset/index.ts";
import { type CountedPod, countPods } from "./status.ts";

const set: SidecarSet = {
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "logs", generation: 3, annotations: { "kruise.io/sidecarset-hash": "new" } },
  spec: { containers: [{ name: "logger" }] },
};
const pod = (hash: string, ready: boolean, more: Partial<CountedPod["metadata"]> = {}, phase = "Running"): CountedPod => ({
  metadata: {
    annotations: { "kruise.io/sidecarset-injected-list": "logs", "kruise.io/sidecarset-hash": JSON.stringify({ logs: { hash } }) },
    ...more,
  },
  spec: { containers: [{ name: "app" }, { name: "logger" }] },
  status: { phase, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
});

describe("a set's status", () => {
  test("counts matched, updated and ready pods", () => {
    expect(countPods(set, [pod("new", true), pod("new", false), pod("old", true)])).toEqual({
      observedGeneration: 3,
      matchedPods: 3,
      updatedPods: 2,
      readyPods: 2,
      updatedReadyPods: 1,
    });
  });

  test("leaves out pods that end, that it was not injected into, and that lost its sidecar", () => {
    const lost: CountedPod = { ...pod("new", true), spec: { containers: [{ name: "app" }] } };
    const others = [
      pod("new", true, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      pod("new", true, {}, "Succeeded"),
      pod("new", true, { annotations: {} }),
      lost,
    ];
    expect(countPods(set, others).matchedPods).toBe(0);
  });

  test("a hash annotation that cannot be read counts as not updated", () => {
    const broken = pod("new", true, { annotations: { "kruise.io/sidecarset-injected-list": "logs", "kruise.io/sidecarset-hash": "{" } });
    expect(countPods(set, [broken])).toMatchObject({ matchedPods: 1, updatedPods: 0 });
  });
});
