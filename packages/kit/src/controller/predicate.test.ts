import { expect, test } from "vitest";
import { and, annotationsChanged, generationChanged, labelsChanged, not, or, type Predicate, resourceVersionChanged } from "./predicate.ts";

const object = (metadata: object) => ({ metadata: { resourceVersion: "1", generation: 1, ...metadata } });
const before = object({ labels: { a: "1" }, annotations: { b: "1" } });
const changes: Record<string, object> = {
  nothing: before,
  version: object({ ...before.metadata, resourceVersion: "2" }),
  generation: object({ ...before.metadata, generation: 2 }),
  labels: object({ ...before.metadata, labels: { a: "2" } }),
  annotations: object({ ...before.metadata, annotations: { b: "2" } }),
  deletion: object({ ...before.metadata, deletionTimestamp: "2024-01-01T00:00:00Z" }),
};
const passes = (predicate: Predicate): string[] => Object.keys(changes).filter((name) => predicate(changes[name], before));

test("each predicate lets its change through, and the generation's lets deletion through too", () => {
  expect(passes(generationChanged)).toEqual(["generation", "deletion"]);
  expect(passes(labelsChanged)).toEqual(["labels"]);
  expect(passes(annotationsChanged)).toEqual(["annotations"]);
  expect(passes(resourceVersionChanged)).toEqual(["version"]);
});

const versions = ["1", "2"] as const;
test.each([
  ["data", { data: { heat: "180" } }, { data: { heat: "220" } }, true],
  ["data that stays", { data: { heat: "180" } }, { data: { heat: "180" } }, false],
  ["a spec", { spec: { ports: [80] } }, { spec: { ports: [81] } }, true],
  ["a status", { spec: {}, status: { phase: "A" } }, { spec: {}, status: { phase: "B" } }, false],
  ["a field that goes", { data: {}, immutable: true }, { data: {} }, true],
  ["unknown content, where only metadata is watched", {}, {}, true],
])("of a kind without generation, %s is compared", (_what, old, now, passed) => {
  const [first, second] = versions.map((resourceVersion, index) => ({ metadata: { name: "a", resourceVersion }, ...(index ? now : old) }));
  expect(generationChanged(second, first)).toBe(passed);
});

test("of a kind without generation, a deletion passes too", () => {
  const old = { metadata: { name: "a" }, data: {} };
  expect(generationChanged({ ...old, metadata: { name: "a", deletionTimestamp: "2026-01-01T00:00:00Z" } }, old)).toBe(true);
});

test("they combine", () => {
  expect(passes(or(generationChanged, labelsChanged))).toEqual(["generation", "labels", "deletion"]);
  expect(passes(and(generationChanged, not(labelsChanged)))).toEqual(["generation", "deletion"]);
  expect(passes(not(generationChanged))).toEqual(["nothing", "version", "labels", "annotations"]);
  expect(passes(or())).toEqual([]);
  expect(passes(and())).toEqual(Object.keys(changes));
});

test("adds and deletions pass each of them: there is nothing to compare with", () => {
  for (const predicate of [generationChanged, labelsChanged, annotationsChanged, resourceVersionChanged])
    expect([predicate(before, undefined), predicate(undefined, before)]).toEqual([true, true]);
});
