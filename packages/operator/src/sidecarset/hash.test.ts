import { globSync, readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import { describe, expect, test } from "vitest";
import {
  convertSidecarSet,
  defaultSidecarSet,
  HASH_ANNOTATION,
  HASH_WITHOUT_IMAGE_ANNOTATION,
  hashSidecarSet,
  hashWithoutImage,
  type SidecarSet,
} from "./index.ts";

const recordings = new URL("../../testdata/kruise/", import.meta.url).pathname;
const read = <T>(folder: string): T[] =>
  globSync(`${recordings}${folder}/*.json`)
    .sort()
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as T);

test("the hash of kruise's own unit test comes out", () => {
  expect(hashSidecarSet({ containers: [{ name: "container1", image: "test-image" }] })).toBe(
    "w26c4x8fz245642fdv499b464248f974xddx4x55z5dw55bc6x66464fxz77dc78",
  );
});

test("a set without containers has a hash too, and images count in one of the two only", () => {
  expect(hashSidecarSet({})).toBe("x5vwx9w6vv4dv72c9w4c2f6v74fbwx545b45bbfz6z2dvf8w887xw86fvcb4cf48");
  const spec = { containers: [{ name: "a", image: "x:1" }] };
  const newer = { containers: [{ name: "a", image: "x:2" }] };
  expect(hashSidecarSet(spec)).not.toBe(hashSidecarSet(newer));
  expect(hashWithoutImage(spec)).toBe(hashWithoutImage(newer));
});

describe("every recorded set", () => {
  const stored = read<{ storedSidecarsets?: SidecarSet[] }>("injection").flatMap(({ storedSidecarsets = [] }) => storedSidecarsets);
  test(`has the hashes that kruise gave it (${stored.length} sets)`, () => {
    expect(stored.length).toBeGreaterThan(100);
    for (const { metadata, spec } of stored) {
      expect([hashSidecarSet(spec), hashWithoutImage(spec)]).toEqual([
        metadata.annotations?.[HASH_ANNOTATION],
        metadata.annotations?.[HASH_WITHOUT_IMAGE_ANNOTATION],
      ]);
    }
  });

  const cases = read<{ name: string; sidecarset: KubeObject; v1alpha1: KubeObject; v1beta1: SidecarSet }>("defaulting");
  test.each(cases)("gets kruise's defaults: $name", ({ sidecarset, v1alpha1, v1beta1 }) => {
    const ours = defaultSidecarSet(convertSidecarSet(sidecarset, "apps.kruise.io/v1beta1") as SidecarSet);
    expect(comparable(ours)).toEqual(comparable(v1beta1));
    expect(comparable(convertSidecarSet(ours, "apps.kruise.io/v1alpha1"))).toEqual(comparable(v1alpha1));
    expect(defaultSidecarSet(ours), "defaulting twice changes nothing").toEqual(ours);
  });
});

/** Without what the server writes. */
function comparable({ metadata, spec }: KubeObject): object {
  const { generation: _, ...rest } = metadata;
  return { metadata: rest, spec };
}
