import { globSync, readFileSync } from "node:fs";
import type { Cause, KubeObject } from "@outrigger/kit/api";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import { describe, expect, test } from "vitest";
import { convertSidecarSet, defaultSidecarSet, type SidecarSet, sidecarSetCrd, validateSidecarSet } from "./index.ts";
import deliberate from "./validate.data.json" with { type: "json" };

interface ValidationCase {
  readonly name: string;
  readonly why: string;
  readonly configMap?: { readonly data: Record<string, string> };
  readonly existing?: readonly KubeObject[];
  readonly operation: string;
  readonly old?: KubeObject;
  readonly sidecarset: KubeObject;
  readonly result: { readonly status?: { readonly message: string; readonly code: number }; readonly accepted?: true };
}

const stricter: Readonly<Record<string, string>> = deliberate.stricter;
/** The API server drops what the definition does not know before any webhook sees it. */
const [, v1beta1] = (sidecarSetCrd({})["spec"] as { versions: { schema: { openAPIV3Schema: SchemaNode } }[] }).versions;
const specSchema = v1beta1!.schema.openAPIV3Schema.properties!["spec"]!;
const folder = new URL("../../testdata/kruise/validation/", import.meta.url).pathname;
const cases = globSync(`${folder}*.json`)
  .sort()
  .map((file) => JSON.parse(readFileSync(file, "utf8")) as ValidationCase);
/** Judged by the API server by the definition's schema or the object's metadata, before or after our webhook. */
const API_SERVERS = new Set(["name-leading-dash", "name-missing", "name-upper", "container-bad-quantity", "revision-unknown-name"]);

function problems({ sidecarset, existing = [], old, configMap }: ValidationCase): Cause[] {
  const stored = (object: KubeObject): SidecarSet => {
    const set = structuredClone(convertSidecarSet(object, "apps.kruise.io/v1beta1")) as SidecarSet;
    prune(specSchema, set.spec, false);
    return defaultSidecarSet(set);
  };
  const whitelist = configMap?.data["SidecarSet_PatchPodMetadata_WhiteList"];
  return validateSidecarSet(stored(sidecarset), {
    others: existing.map(stored),
    ...(old === undefined ? {} : { old: stored(old) }),
    ...(whitelist === undefined ? {} : { whitelist }),
  });
}

describe("a set that kruise refuses is refused, one that it accepts is accepted", () => {
  const alike = cases.filter(({ name }) => !API_SERVERS.has(name) && !(name in stricter) && !(name in deliberate.looser));
  test.each(alike)("$name: $why", (recorded) => {
    const found = problems(recorded);
    if (recorded.result.accepted) expect(found).toEqual([]);
    else {
      expect(found.length).toBeGreaterThan(0);
      for (const { field, message } of found) expect(`${field}: ${message}`).toMatch(/^(spec|metadata)[.\w[\]/' -]*: \S/);
    }
  });

  test.each(cases.filter(({ name }) => name in stricter))("$name is refused where kruise accepts it", (recorded) => {
    expect(recorded.result.accepted).toBe(true);
    expect(problems(recorded).map(({ field }) => field)).toEqual([stricter[recorded.name]]);
  });

  test.each([0, "0%", "00%"])("maxUnavailable %j leaves no pod that could be updated, whatever the number's form", (maxUnavailable) => {
    const { sidecarset, ...recorded } = cases.find(({ name }) => name === "maxunavailable-zero")!;
    const spec = { ...(sidecarset["spec"] as object), updateStrategy: { maxUnavailable } };
    expect(problems({ ...recorded, sidecarset: { ...sidecarset, spec } })).toEqual([
      {
        reason: "FieldValueInvalid",
        field: "spec.updateStrategy.maxUnavailable",
        message: `Invalid value: ${JSON.stringify(maxUnavailable)}: no pod could ever be updated; write paused: true to hold updates back`,
      },
    ]);
  });

  test.each(cases.filter(({ name }) => name in deliberate.looser))("$name is accepted where kruise refuses it", (recorded) => {
    expect(recorded.result.status?.code).toBe(500);
    expect(problems(recorded)).toEqual([]);
  });
});
