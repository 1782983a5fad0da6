import { expect, test } from "vitest";
import { defaultSidecarSet, type SidecarSet } from "../sidecarset/index.ts";
import { compileRules, decide } from "./index.ts";
import cases from "./matching.data.json" with { type: "json" };

test.each(cases as readonly Case[])(
  "$name: $reason",
  ({ set, labels, namespace = "team-a", namespaceLabels = {}, pod = {}, operation = "CREATE", reason }) => {
    const containers = [{ name: "agent", image: "agent:1" }];
    const sidecarSet: SidecarSet = {
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "base" },
      spec: { ...set, containers },
    };
    const rules = compileRules({ sidecarSets: [defaultSidecarSet(sidecarSet)] }, { ownNamespace: "outrigger-system" });
    const given = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web-0", labels },
      spec: { containers: [{ name: "main", image: "web:1" }] },
      ...pod,
    };
    const context = {
      namespace,
      namespaceLabels: { team: "a", "kubernetes.io/metadata.name": namespace, ...namespaceLabels },
      now: "2026-01-02T03:04:05Z",
      operation,
    };

    const decision = decide(given, rules, { ...context, everyRule: true });
    expect(decision.reasons.map((one) => [one.rule, one.reason])).toEqual([["base", reason]]);
    expect(decision.pod.spec.containers.map(({ name }) => name)).toEqual(reason === "Matched" ? ["agent", "main"] : ["main"]);
    expect(decision.patch.length > 0).toBe(reason === "Matched");
    expect(decide(given, rules, context).patch, "the index finds the same rules").toEqual(decision.patch);
  },
);

interface Case {
  readonly name: string;
  readonly set: SidecarSet["spec"];
  readonly labels: Record<string, string>;
  readonly namespace?: string;
  readonly namespaceLabels?: Record<string, string>;
  readonly pod?: object;
  readonly operation?: string;
  readonly reason: string;
}
