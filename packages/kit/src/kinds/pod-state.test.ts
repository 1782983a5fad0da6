import { expect, test } from "vitest";
import { isNativeSidecar, podCondition, podFinished, podReady } from "./pod-state.ts";

test("a pod is ready when its condition says so, whatever its phase", () => {
  expect(podReady({ status: { phase: "Running" } })).toBe(false);
  expect(podReady({ status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }] } })).toBe(false);
  expect(podReady({ status: { conditions: [{ type: "Ready", status: "True" }] } })).toBe(true);
  expect(podReady({})).toBe(false);
});

test("a condition that is not there has no status", () => {
  expect(podCondition({ status: { conditions: [{ type: "Ready", status: "Unknown" }] } }, "Ready")).toBe("Unknown");
  expect(podCondition({}, "Ready")).toBeUndefined();
});

test("a pod is finished when it has succeeded or failed", () => {
  expect(["Pending", "Running", "Succeeded", "Failed", "Unknown"].filter((phase) => podFinished({ status: { phase } }))).toEqual([
    "Succeeded",
    "Failed",
  ]);
});

test("a native sidecar is an init container that is always started again", () => {
  expect(isNativeSidecar({ restartPolicy: "Always" })).toBe(true);
  expect(isNativeSidecar({})).toBe(false);
});
