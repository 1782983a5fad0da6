import { describe, expect, test } from "vitest";
import { compileRules, decide } from "../pipeline/index.ts";
import { type PodDefaults, podDefaultsProblems, podDefaultsStatus } from "./index.ts";
import cases from "./validate.data.json" with { type: "json" };

const object = (name: string, spec: unknown): PodDefaults =>
  ({ apiVersion: "outrigger.dev/v1alpha1", kind: "PodDefaults", metadata: { name }, spec }) as PodDefaults;
const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { containers: [{ name: "main", image: "a" }] } };
const context = { namespace: "default", namespaceLabels: {}, now: "2026-01-02T03:04:05Z" };
const now = "2026-01-02T03:04:05Z";

describe("PodDefaults are judged whole", () => {
  test.each(cases)("$name", ({ spec, field }) => {
    const bad = object("bad", spec);
    const problems = podDefaultsProblems(bad);
    expect(problems.map((cause) => cause.field).slice(0, 1)).toEqual(field === undefined ? [] : [field]);
    if (field === undefined) return;
    const rules = compileRules({ podDefaults: [bad, object("good", { labels: [{ name: "good", value: "yes" }] })] });
    const decision = decide(pod, rules, context);
    expect(decision.pod.metadata.labels, "others go on").toEqual({ good: "yes" });
    expect(decision.pod.spec).toEqual(pod.spec);
    expect(rules.invalid).toMatchObject([{ kind: "PodDefaults", rule: "bad", message: expect.stringContaining(field) }]);
    expect(podDefaultsStatus(bad, { environment: {} }, now).conditions).toMatchObject([
      { type: "Ready", status: "False", reason: "Invalid", message: expect.stringContaining(field) },
    ]);
  });

  test("annotations that no pod can have are too long", () => {
    const big = object("big", { annotations: Array.from({ length: 5 }, (_, index) => ({ name: `a${index}`, value: "x".repeat(60_000) })) });
    expect(podDefaultsProblems(big)).toMatchObject([{ reason: "FieldValueTooLong", field: "spec.annotations" }]);
  });
});

describe("a value that only the pod makes wrong", () => {
  test("is not set, and told: a label that is too long", () => {
    const rules = compileRules({ podDefaults: [object("d", { labels: [{ name: "pod", valueFrom: { fieldPath: "metadata.name" } }] })] });
    const long = { ...pod, metadata: { name: "x".repeat(70) } };
    const decision = decide(long, rules, context);
    expect(decision.patch).toEqual([]);
    expect(decision.reasons).toMatchObject([{ action: "skipped", problems: [expect.stringContaining("63")] }]);
  });

  test("is not set, and told: an annotation for which the pod has no room", () => {
    const rules = compileRules({ podDefaults: [object("d", { annotations: [{ name: "more", value: "é".repeat(20_000) }] })] });
    const full = { ...pod, metadata: { name: "p", annotations: { mine: "x".repeat(200_000) } } };
    expect(decide(full, rules, context).reasons).toMatchObject([{ action: "skipped", problems: [expect.stringContaining("bytes")] }]);
    const free = { ...pod, metadata: { name: "p", annotations: { mine: "x".repeat(150_000) } } };
    expect(decide(free, rules, context).reasons).toMatchObject([{ action: "applied" }]);
  });
});
