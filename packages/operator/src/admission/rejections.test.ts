import { globSync, readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { validateSidecarSet } from "./index.ts";
import rejections from "./rejections.data.json" with { type: "json" };

interface Rejection {
  /** The field of the spec that is wrong, by path. */
  readonly field: string;
  readonly version?: string;
  /** Beside a good selector and container. */
  readonly spec: object;
  readonly refusedAt: string;
  readonly message: string;
}

describe("a set that is wrong is refused at its field, with what to write instead", () => {
  test.each(rejections as readonly Rejection[])("$field: $message", ({ version = "v1beta1", spec, refusedAt, message }) => {
    const object = {
      apiVersion: `apps.kruise.io/${version}`,
      kind: "SidecarSet",
      metadata: { name: "base" },
      spec: { selector: { matchLabels: { app: "web" } }, containers: [{ name: "agent", image: "agent:1" }], ...spec },
    } as KubeObject;
    const review = {
      uid: "1",
      kind: { group: "apps.kruise.io", version, kind: "SidecarSet" },
      resource: { group: "apps.kruise.io", version, resource: "sidecarsets" },
      operation: "CREATE",
      object,
    } as const;
    const answer = validateSidecarSet(review, {
      others: [],
      revisionFound: false,
      whitelist: '{"rules":[{"allowedAnnotationKeyExprs":["^k$"]}]}',
    });
    expect(answer).toMatchObject({ allowed: false, status: { code: 422 } });
    expect(answer.allowed ? [] : answer.status.details?.causes).toContainEqual(expect.objectContaining({ field: refusedAt, message }));
  });

  test("every field that has a golden file has a row", () => {
    const golden = globSync(new URL("../../testdata/golden/sidecarset/*.yaml", import.meta.url).pathname).flatMap(
      (file) => (parse(readFileSync(file, "utf8")) as { fields: string[] }).fields,
    );
    const rows = new Set((rejections as readonly Rejection[]).flatMap(({ field, version }) => [field, `${version}:${field}`]));
    expect(golden.filter((field) => !rows.has(field) && field !== "v1alpha1:containers")).toEqual([]);
  });
});
