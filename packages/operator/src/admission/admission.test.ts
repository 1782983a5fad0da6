import type { KubeObject } from "@outrigger/kit/api";
import { applyJsonPatch } from "@outrigger/kit/patch";
import type { AdmissionAnswer, AdmissionRequest } from "@outrigger/kit/webhook";
import { describe, expect, test } from "vitest";
import { compileRules } from "../pipeline/index.ts";
import { defaultSidecarSet, HASH_ANNOTATION, type SidecarSet } from "../sidecarset/index.ts";
import { mutatePod, mutateSidecarSet, validateSidecarSet } from "./index.ts";

const spec = { selector: { matchLabels: { app: "web" } }, containers: [{ name: "agent", image: "agent:1" }] };
const set = (name: string, more: object = {}, apiVersion = "apps.kruise.io/v1beta1"): KubeObject => ({
  apiVersion,
  kind: "SidecarSet",
  metadata: { name },
  spec: { ...spec, ...more },
});
const review = (object: KubeObject, more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: "1",
  kind: { group: "", version: "v1", kind: object.kind },
  resource: { group: "", version: "v1", resource: "" },
  operation: "CREATE",
  object,
  ...more,
});
const patched = (object: KubeObject, answer: AdmissionAnswer): KubeObject => {
  if (!answer.allowed) throw new Error(answer.status.message);
  return applyJsonPatch(object, answer.patch ?? []) as KubeObject;
};

describe("a review of a pod", () => {
  const rules = compileRules({ sidecarSets: [defaultSidecarSet(set("base") as SidecarSet)] });
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { generateName: "web-", labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "web:1" }] },
  };
  const surroundings = { namespaceLabels: {}, now: new Date("2026-01-02T03:04:05.678Z") };

  test("is answered with the edits, and with why in the audit log", () => {
    const answer = mutatePod(review(pod, { namespace: "shop" }), rules, surroundings);
    expect(answer).toMatchObject({ allowed: true, auditAnnotations: { decision: "SidecarSet/base applied (Matched)" } });
    const result = patched(pod, answer);
    expect((result["spec"] as { containers: { name: string }[] }).containers.map(({ name }) => name)).toEqual(["agent", "main"]);
    expect(result.metadata.annotations?.[HASH_ANNOTATION]).toContain('"updateTimestamp":"2026-01-02T03:04:05Z"');
  });

  test("takes the namespace from the request", () => {
    expect(mutatePod(review(pod, { namespace: "kube-system" }), rules, surroundings)).toEqual({ allowed: true });
  });

  test("refuses a clash of names with 422 and the field", () => {
    const clashing = { ...pod, spec: { containers: [{ name: "agent", image: "web:1" }] } };
    const answer = mutatePod(review(clashing, { namespace: "shop" }), rules, surroundings);
    expect(answer).toMatchObject({
      allowed: false,
      status: { code: 422, reason: "Invalid", details: { causes: [{ field: "spec.containers[0].name" }] } },
    });
  });

  test.each([
    ["an update", review(pod, { operation: "UPDATE" })],
    ["a subresource", review(pod, { subResource: "status" })],
    ["a deletion", review(pod, { operation: "DELETE", object: null })],
    ["something that is no pod", review({ apiVersion: "v1", kind: "Pod", metadata: {} })],
    ["a pod without containers", review({ ...pod, spec: { containers: null } })],
  ])("lets %s pass as it is", (_what, request) => {
    expect(mutatePod(request, rules, surroundings)).toEqual({ allowed: true });
  });
});

describe("a review of a SidecarSet", () => {
  test("fills in defaults and hashes, in the version that was sent", () => {
    const sent = set("base", { namespace: "shop" }, "apps.kruise.io/v1alpha1");
    const result = patched(sent, mutateSidecarSet(review(sent)));
    expect(result.apiVersion).toBe("apps.kruise.io/v1alpha1");
    expect(result.metadata.annotations?.[HASH_ANNOTATION]).toMatch(/^[a-z0-9]{64}$/);
    expect(result["spec"]).toMatchObject({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } },
      containers: [{ podInjectPolicy: "BeforeAppContainer" }],
    });
    expect(mutateSidecarSet(review(result))).toEqual({ allowed: true });
  });

  test("refuses what is wrong with the field's path", () => {
    const answer = validateSidecarSet(review(set("base", { selector: undefined })), { others: [] });
    expect(answer).toMatchObject({
      allowed: false,
      status: { code: 422, details: { causes: [{ reason: "FieldValueRequired", field: "spec.selector" }] } },
    });
  });

  test("refuses a set that clashes with another that can match the same pods", () => {
    const others = [set("other") as SidecarSet];
    expect(validateSidecarSet(review(set("base")), { others })).toMatchObject({
      allowed: false,
      status: { details: { causes: [{ field: "spec.containers[0].name" }] } },
    });
    expect(validateSidecarSet(review(set("base", { selector: { matchLabels: { app: "api" } } })), { others })).toEqual({ allowed: true });
    expect(validateSidecarSet(review(set("other")), { others }), "a set does not clash with itself").toEqual({ allowed: true });
  });

  test("lets a set that is being deleted lose its finalizers, whatever is wrong with it", () => {
    const going = set("base", { selector: {} });
    going.metadata.deletionTimestamp = "2026-01-02T03:04:05Z";
    expect(validateSidecarSet(review(going, { operation: "UPDATE" }), { others: [] })).toEqual({ allowed: true });
  });

  test("survives a set without a spec", () => {
    const bare = { apiVersion: "apps.kruise.io/v1beta1", kind: "SidecarSet", metadata: { name: "bare" } };
    expect(mutateSidecarSet(review(bare)).allowed).toBe(true);
    expect(validateSidecarSet(review(bare), { others: [] }).allowed).toBe(false);
  });
});
