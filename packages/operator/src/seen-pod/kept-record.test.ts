import type { KubeObject } from "@outrigger/kit/api";
import { describe, expect, test } from "vitest";
import { compileRules, decide } from "../pipeline/index.ts";
import { INJECTION_ANNOTATION, type Pod } from "../pod/index.ts";
import { rejectedClaims, type SeenPod, seenPod } from "./index.ts";

const rules = compileRules({
  sidecarSets: [
    {
      apiVersion: "apps.kruise.io/v1beta1",
      kind: "SidecarSet",
      metadata: { name: "guard" },
      spec: { selector: { matchLabels: { app: "a" } }, containers: [{ name: "guard", image: "guard:1" }] },
    },
  ] as never,
});
const podOf = (annotations: Record<string, string> = {}): Pod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "n", uid: "u", resourceVersion: "1", labels: { app: "a" }, annotations },
    spec: { containers: [{ name: "app", image: "app:1" }] },
  }) as never;
const record = (...entries: object[]): Record<string, string> => ({ [INJECTION_ANNOTATION]: JSON.stringify(entries) });
const rejected = (pod: Pod): readonly string[] =>
  rejectedClaims(seenPod(structuredClone(pod) as unknown as KubeObject) as unknown as SeenPod);
const admitted = (pod: Pod): Pod => decide(pod, rules, { namespace: "n", namespaceLabels: {}, now: "2026-01-03T00:00:00Z" }).pod;
const claim = { rule: "SidecarSet/guard", action: "applied", reason: "Matched", containers: ["guard"] };

describe("a kept record has a rejected claim where", () => {
  test("the pod lacks the container that a set is said to have brought", () => {
    expect(rejected(podOf(record(claim)))).toEqual(["guard"]);
  });

  test("kruise's annotation knows nothing of the set", () => {
    expect(rejected(podOf(record({ ...claim, containers: ["app"] })))).toEqual(["guard"]);
  });

  test("the webhook rejected it, wholly or in part", () => {
    const other = { rule: "SidecarSet/none", action: "applied", reason: "Matched", labels: ["app"] };
    expect(rejected(admitted(podOf(record(other))))).toEqual(["none"]);
    const more = { ...claim, labels: ["app"] };
    const injected = admitted(podOf(record(more)));
    expect(injected.spec.containers.map(({ name }) => name)).toContain("guard");
    expect(rejected(injected)).toEqual(["guard"]);
  });
});

test("a pod as the webhook made it has none, and its entry is kept", () => {
  const made = admitted(podOf());
  expect(rejected(made)).toEqual([]);
  const { annotations } = (seenPod(structuredClone(made) as unknown as KubeObject) as unknown as SeenPod).metadata;
  expect(annotations?.[INJECTION_ANNOTATION]).toBe(JSON.stringify([claim]));
});

test("two pods with the same words, of which one tells the truth, are kept apart", () => {
  const made = admitted(podOf());
  const forged = podOf(record(claim));
  expect(made.metadata.annotations?.[INJECTION_ANNOTATION]).toBe(forged.metadata.annotations?.[INJECTION_ANNOTATION]);
  expect([rejected(made), rejected(forged), rejected(made)]).toEqual([[], ["guard"], []]);
});
