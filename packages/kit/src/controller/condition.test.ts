import { expect, test } from "vitest";
import { type Condition, setCondition } from "./condition.ts";

const then = new Date("2024-01-01T00:00:00.123Z");
const later = new Date("2024-01-02T00:00:00.456Z");
const ready = { type: "Ready", status: "True", reason: "AllGood", message: "" } as const;

test("the first condition gets the time, in whole seconds as metav1.Time has them", () => {
  expect(setCondition(undefined, ready, then)).toEqual([{ ...ready, lastTransitionTime: "2024-01-01T00:00:00Z" }]);
});

test("lastTransitionTime stays while the status does, whatever else changes, and moves with it", () => {
  const first = setCondition([], ready, then);
  const reworded = setCondition(first, { ...ready, reason: "StillGood", message: "as ever", observedGeneration: 2 }, later);
  expect(reworded).toEqual([
    { ...ready, reason: "StillGood", message: "as ever", observedGeneration: 2, lastTransitionTime: "2024-01-01T00:00:00Z" },
  ]);
  expect(setCondition(reworded, { ...ready, status: "False" }, later)[0]?.lastTransitionTime).toBe("2024-01-02T00:00:00Z");
});

test("other conditions stay as and where they are; nothing given is changed", () => {
  const given: readonly Condition[] = Object.freeze(
    ["A", "Ready", "B"].map((type) => Object.freeze({ ...ready, type, lastTransitionTime: "2023-01-01T00:00:00Z" })),
  );
  const next = setCondition(given, { ...ready, status: "Unknown" }, later);
  expect(next.map(({ type }) => type)).toEqual(["A", "Ready", "B"]);
  expect([next[0], next[2]]).toEqual([given[0], given[2]]);
});
