import { describe, expect, test } from "vitest";
import { defineResource, formerVersion, t, withVersions } from "./index.ts";

const of = { group: "sea.example.com", kind: "Fleet" } as const;
const V1 = defineResource({
  ...of,
  version: "v1",
  spec: t.Object({ ships: t.Array(t.String()) }),
  status: t.Object({ afloat: t.Integer() }),
});
const Beta = defineResource({
  ...of,
  version: "v1beta1",
  spec: t.Object({ names: t.String() }),
  status: t.Object({ afloat: t.Integer() }),
});
const Alpha = defineResource({ ...of, version: "v1alpha1", spec: t.Object({ ships: t.Array(t.String()) }) });
const Fleet = withVersions(V1, [
  formerVersion(Beta, V1, {
    upgrade: ({ spec, status }) => ({ spec: { ships: spec.names.split(",") }, ...(status ? { status } : {}) }),
    downgrade: ({ spec, status }) => ({ spec: { names: spec.ships.join() }, ...(status ? { status } : {}) }),
    deprecated: "use v1",
  }),
  formerVersion(Alpha, V1, { served: false }),
]);

describe("a kind with several versions", () => {
  const metadata = { name: "a", namespace: "b", uid: "c", resourceVersion: "1", labels: { d: "e" } };
  const today = { apiVersion: "sea.example.com/v1", kind: "Fleet", metadata, spec: { ships: ["x", "y"] }, status: { afloat: 2 } };

  test("has one definition: the version of today is stored, the others served as they say", () => {
    const versions = Fleet.crd().spec["versions"] as Record<string, unknown>[];
    expect(
      versions.map(({ name, served, storage, deprecated, deprecationWarning }) => [name, served, storage, deprecated, deprecationWarning]),
    ).toEqual([
      ["v1", true, true, undefined, undefined],
      ["v1beta1", true, false, true, "use v1"],
      ["v1alpha1", false, false, undefined, undefined],
    ]);
    expect(Fleet.crd().spec["conversion"]).toBeUndefined();
    expect(Fleet.crd({ url: "https://localhost/convert", caBundle: "PEM" }).spec["conversion"]).toEqual({
      strategy: "Webhook",
      webhook: { clientConfig: { url: "https://localhost/convert", caBundle: "UEVN" }, conversionReviewVersions: ["v1"] },
    });
  });

  test("converts through the version of today, and an object comes back whole", () => {
    const beta = Fleet.convert(today, "sea.example.com/v1beta1");
    expect(beta).toEqual({ ...today, apiVersion: "sea.example.com/v1beta1", spec: { names: "x,y" } });
    expect(Fleet.convert(beta, "sea.example.com/v1")).toEqual(today);
    expect(Fleet.convert(beta, "sea.example.com/v1alpha1")).toEqual({ ...today, apiVersion: "sea.example.com/v1alpha1" });
    expect(Fleet.convert(today, "sea.example.com/v1")).toBe(today);
  });

  test("refuses versions that it lacks, and versions of something else", () => {
    expect(() => Fleet.convert(today, "sea.example.com/v9")).toThrow(/has no version sea.example.com\/v9: it has sea.example.com\/v1, /);
    const Other = defineResource({ ...of, version: "v1beta1", kind: "Boat", spec: t.Object({}) });
    expect(() => withVersions(V1, [formerVersion(Other, V1)])).toThrow(/must agree/);
    expect(() => withVersions(V1, [formerVersion(Beta, V1), formerVersion(Beta, V1)])).toThrow(/comes twice/);
    expect(() => withVersions(V1, [formerVersion(V1, V1)])).toThrow(/comes twice/);
  });
});
