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
