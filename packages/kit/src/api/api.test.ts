import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.ts";
import { scaledIntOrPercent } from "./int-or-percent.ts";
import { dnsLabelProblems, dnsSubdomainProblems, labelValueProblems, pathSegmentProblems, qualifiedNameProblems } from "./names.ts";
import { controllerOf, keyText, objectKey, ownerReference } from "./owner.ts";
import { compareResourceVersions } from "./version.ts";

describe("names", () => {
  test("good ones have no problems", () => {
    expect(
      [
        dnsLabelProblems("my-name"),
        dnsSubdomainProblems("a.b"),
        qualifiedNameProblems("example.com/My_name"),
        labelValueProblems(""),
        pathSegmentProblems("system:x"),
      ].flat(),
    ).toEqual([]);
  });
  test("bad ones say why in Kubernetes' words", () => {
    expect(dnsLabelProblems("a.b")).toEqual(["must not contain dots"]);
    expect(dnsSubdomainProblems("a".repeat(254))).toEqual(["must be no more than 253 characters"]);
    expect(qualifiedNameProblems("/x")).toEqual(["prefix part must be non-empty"]);
    expect(labelValueProblems("a".repeat(64))).toEqual(["must be no more than 63 bytes"]);
    expect(pathSegmentProblems("a/b%")).toEqual(["may not contain '/'", "may not contain '%'"]);
  });
});

test("durations are milliseconds", () => {
  expect([parseDuration("5m"), parseDuration("1h30m"), parseDuration("1.5s"), parseDuration(20)]).toEqual([300_000, 5_400_000, 1500, 20]);
  expect(() => parseDuration("5")).toThrow(/numbers with units/);
  expect(() => parseDuration(-1)).toThrow(/not negative/);
});

test("percentages round as they are told", () => {
  expect([scaledIntOrPercent("25%", 10, true), scaledIntOrPercent("25%", 10, false), scaledIntOrPercent(4, 10, true)]).toEqual([3, 2, 4]);
  expect(() => scaledIntOrPercent("a", 1, true)).toThrow(/neither/);
});

test("owners are referred to by uid, and the controller is found", () => {
  const owner = { apiVersion: "v1", kind: "Pod", metadata: { name: "a", uid: "u" } };
  const reference = ownerReference(owner);
  expect(reference).toEqual({ apiVersion: "v1", kind: "Pod", name: "a", uid: "u", controller: true, blockOwnerDeletion: true });
  expect(controllerOf({ metadata: { ownerReferences: [{ ...reference, controller: false }, reference] } })).toBe(reference);
  expect(() => ownerReference({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } })).toThrow(/no uid/);
});

test("keys are texts", () => {
  expect(keyText(objectKey({ metadata: { namespace: "n", name: "a" } }))).toBe("n/a");
  expect(keyText(objectKey({ metadata: { name: "a" } }))).toBe("a");
});

test("resource versions have the order of their length, then of their text", () => {
  expect(compareResourceVersions("99", "100")).toBeLessThan(0);
  expect(compareResourceVersions("18446744073709551616", "18446744073709551615")).toBeGreaterThan(0);
  expect(() => compareResourceVersions("01", "1")).toThrow(RangeError);
});
