import type { KubeObject } from "@outrigger/kit/api";
import { createCa, issueCertificate } from "@outrigger/kit/pki";
import { expect, test } from "vitest";
import { compileRules, decide } from "../pipeline/index.ts";
import type { Pod } from "../pod/index.ts";
import { type SeenPod, seenPod } from "../seen-pod/index.ts";
import { certificateFamilies, faultFamilies, Injections, MissedPods } from "./index.ts";

test("a pod is missed that a rule matches, that is younger than the rule, and that has no trace of it", async () => {
  const rules = compileRules({
    sidecarSets: [
      {
        apiVersion: "apps.kruise.io/v1beta1",
        kind: "SidecarSet",
        metadata: { name: "log" },
        spec: { selector: { matchLabels: { app: "a" } }, containers: [{ name: "log", image: "log:1" }] },
      },
    ] as never,
  });
  const pod = (name: string, creationTimestamp: string, labels: Record<string, string>, annotations = {}): Pod =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: "n", uid: name, creationTimestamp, labels, annotations },
      spec: { containers: [{ name: "app", image: "app:1" }] },
    }) as never;
  const record = JSON.stringify([{ rule: "SidecarSet/log", action: "applied", reason: "Matched" }]);
  const forged = JSON.stringify([{ rule: "SidecarSet/log", action: "applied", reason: "Matched", containers: ["log"] }]);
  const all = [
    pod("older", "2026-01-01T00:00:00Z", { app: "a" }),
    pod("missed", "2026-01-03T00:00:00Z", { app: "a" }),
    pod("other", "2026-01-03T00:00:00Z", { app: "b" }),
    pod("traced", "2026-01-03T00:00:00Z", { app: "a" }, { "outrigger.dev/injection": record }),
    pod("forged", "2026-01-03T00:00:00Z", { app: "a" }, { "outrigger.dev/injection": forged }),
  ] as KubeObject[];
  const read: string[] = [];
  const missed = new MissedPods({
    pods: () => all.map((one) => seenPod(structuredClone(one)) as unknown as SeenPod),
    whole: async ({ metadata: { name } }) => {
      read.push(name);
      return all.find((one) => one.metadata.name === name) as never;
    },
    rules: () => rules,
    namespaceLabels: () => ({}),
    madeAt: () => "2026-01-02T00:00:00Z",
  });
  const [family] = await missed.families();
  expect(family?.values).toEqual([{ value: 2, labels: { kind: "SidecarSet", rule: "log" } }]);
  // The others are judged by what the cache has of them.
  expect(read).toEqual(["missed", "forged"]);
});

test("rules that only a pod's own record names make no series", () => {
  const injections = new Injections();
  for (let index = 0; index < 100; index++) {
    const pod = {
      metadata: {
        annotations: { "outrigger.dev/injection": `[{"rule":"SidecarSet/made-up-${index}","action":"applied","containers":["x"]}]` },
      },
      spec: { containers: [{ name: "app" }] },
    } as unknown as Pod;
    const rules = compileRules({});
    injections.count(decide(pod, rules, { namespace: "n", namespaceLabels: {}, now: "2026-01-03T00:00:00Z" }).reasons);
  }
  const [total, rejected] = injections.families();
  expect(total?.values).toEqual([]);
  expect(rejected?.values).toContainEqual({ value: 100, labels: { kind: "SidecarSet" } });
});

test("of several authorities the one that ends first is shown", () => {
  const [now, day] = [new Date(), 24 * 3600 * 1000];
  const [first, second] = [createCa({ commonName: "a", now, validity: 3 * day }), createCa({ commonName: "b", now, validity: 9 * day })];
  const leaf = issueCertificate(second, { commonName: "x", dnsNames: ["x"], usages: ["server auth"], validity: 2 * day, now });
  const [family] = certificateFamilies({ certificate: leaf.certificate, caBundle: second.certificate + first.certificate });
  const days = family?.values.map(({ value, labels }) => [labels["certificate"], Math.round((value * 1000 - now.getTime()) / day)]);
  expect(days).toEqual([
    ["serving", 2],
    ["authority", 3],
  ]);
});

test("pods that have a fault are counted, recovered ones are not", () => {
  const pods = [{ state: "Applied" }, { state: "Failed" }, { state: "Recovered" }];
  const [faults, held] = faultFamilies([{ status: { state: "Partial", pods } }] as never);
  expect(faults?.values.filter(({ value }) => value > 0)).toEqual([{ value: 1, labels: { state: "Partial" } }]);
  expect(held?.values.map(({ value }) => value)).toEqual([0, 1, 1]);
});
