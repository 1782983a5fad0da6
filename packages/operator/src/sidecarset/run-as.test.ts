import { applyJsonPatch } from "@outrigger/machinery/patch";
import { describe, expect, test } from "vitest";
import { compileRules, decide } from "../pipeline/index.ts";
import type { Container, Pod } from "../pod/index.ts";
import { defaultSidecarSet, RUN_AS_ANNOTATION, type SidecarSet, validateSidecarSet } from "./index.ts";

const set = (native: boolean, container: object = {}, spec: object = {}): SidecarSet =>
  defaultSidecarSet({
    apiVersion: "apps.kruise.io/v1beta1",
    kind: "SidecarSet",
    metadata: { name: "logs", annotations: native ? { [RUN_AS_ANNOTATION]: "native-sidecar" } : {} },
    spec: { selector: { matchLabels: { app: "web" } }, containers: [{ name: "agent", image: "agent:1", ...container }], ...spec },
  });
const pod = (containers: Container[] = [{ name: "main", image: "web:1" }]): Pod => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web-0", labels: { app: "web" } },
  spec: { containers },
});
const context = { namespace: "default", namespaceLabels: {}, now: "2026-01-02T03:04:05Z" };
const inject = (one: SidecarSet, given: Pod): Pod => {
  const { patch, refusal } = decide(given, compileRules({ sidecarSets: [one] }), context);
  expect(refusal).toBeUndefined();
  return applyJsonPatch(structuredClone(given), patch as never) as unknown as Pod;
};
const names = (containers: readonly Container[] | undefined): string[] => (containers ?? []).map(({ name }) => name);

describe("a set that runs as native sidecars", () => {
  test("keeps the hash that it has without the annotation: pods that run do not look outdated", () => {
    const hashes = ({ metadata }: SidecarSet): unknown => ({ ...metadata.annotations, [RUN_AS_ANNOTATION]: undefined });
    expect(hashes(set(true))).toEqual(hashes(set(false)));
  });

  test("finds its container in the pod where an earlier call has put it, and leaves it there", () => {
    const ordinary = inject(set(false), pod());
    const again = inject(set(true), ordinary);
    expect([names(again.spec.containers), names(again.spec.initContainers)]).toEqual([["agent", "main"], []]);
    expect(again).toEqual(ordinary);
    const native = inject(set(true), pod());
    expect([names(native.spec.containers), names(native.spec.initContainers)]).toEqual([["main"], ["agent"]]);
    expect(inject(set(false), native)).toEqual(native);
  });

  test("is refused beside an app container of that name, and no annotation is named that would not help", () => {
    const { refusal } = decide(pod([{ name: "agent", image: "web:1" }]), compileRules({ sidecarSets: [set(true)] }), context);
    expect(refusal?.causes).toEqual([
      expect.objectContaining({ field: "spec.containers[0].name", message: expect.stringMatching(/have one name; rename one of them$/) }),
    ]);
  });

  test.each([
    [
      "HotUpgrade",
      { upgradeStrategy: { upgradeType: "HotUpgrade", hotUpgradeEmptyImage: "e:1" } },
      "spec.containers[0].upgradeStrategy.upgradeType",
    ],
    ["a restartPolicy", { restartPolicy: "OnFailure" }, "spec.containers[0].restartPolicy"],
    ["what no container may have, at the set's own field", { ports: [{ containerPort: 0 }] }, "spec.containers[0].ports[0].containerPort"],
  ])("cannot have %s", (_what, container, field) => {
    expect(validateSidecarSet(set(true, container)).map((cause) => cause.field)).toContain(field);
  });

  test("may have what native sidecars have: probes and a lifecycle", () => {
    const probe = { exec: { command: ["true"] } };
    expect(validateSidecarSet(set(true, { livenessProbe: probe, readinessProbe: probe, lifecycle: { preStop: probe } }))).toEqual([]);
  });

  test("is refused by a cluster older than native sidecars", () => {
    expect(validateSidecarSet(set(true), { nativeSidecars: false })).toEqual([
      expect.objectContaining({
        field: `metadata.annotations[${RUN_AS_ANNOTATION}]`,
        message: expect.stringContaining("need Kubernetes 1.29"),
      }),
    ]);
    expect(validateSidecarSet(set(false), { nativeSidecars: false })).toEqual([]);
  });

  test("names the set's own init container where that is wrong", () => {
    const one = set(true, {}, { initContainers: [{ name: "prepare", image: "p:1", ports: [{ containerPort: 0 }] }] });
    expect(validateSidecarSet(one).map(({ field }) => field)).toEqual(["spec.initContainers[0].ports[0].containerPort"]);
  });
});
