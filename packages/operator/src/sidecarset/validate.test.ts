import { globSync, readFileSync } from "node:fs";
import type { Cause, KubeObject } from "@outrigger/kit/api";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import { describe, expect, test } from "vitest";
import { VALIDATION_EXCEPTIONS as exceptions } from "../replay/index.ts";
import { convertSidecarSet, defaultSidecarSet, type SidecarSet, sidecarSetCrd, validateSidecarSet } from "./index.ts";

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

const isStricter = (name: string): boolean => exceptions[name]?.refused !== undefined;
const isLooser = (name: string): boolean => exceptions[name]?.accepted === true;
/** The API server drops what the definition does not know before any webhook sees it. */
const [, v1beta1] = (sidecarSetCrd({})["spec"] as { versions: { schema: { openAPIV3Schema: SchemaNode } }[] }).versions;
const specSchema = v1beta1!.schema.openAPIV3Schema.properties!["spec"]!;
const folder = new URL("../../testdata/kruise/validation/", import.meta.url).pathname;
const cases = globSync(`${folder}*.json`)
  .sort()
  .map((file) => JSON.parse(readFileSync(file, "utf8")) as ValidationCase);
/** Judged by the API server by the definition's schema or the object's metadata, before or after our webhook. */
const API_SERVERS = new Set(["name-leading-dash", "name-missing", "name-upper", "container-bad-quantity"]);

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
    // Of the recorded sets that ask for a revision none is there twice: what it asks for does not exist.
    revisionFound: false,
  });
}

describe("a set that kruise refuses is refused, one that it accepts is accepted", () => {
  const alike = cases.filter(({ name }) => !API_SERVERS.has(name) && !isStricter(name) && !isLooser(name));
  test.each(alike)("$name: $why", (recorded) => {
    const found = problems(recorded);
    if (recorded.result.accepted) expect(found).toEqual([]);
    else {
      expect(found.length).toBeGreaterThan(0);
      for (const { field, message } of found) expect(`${field}: ${message}`).toMatch(/^(spec|metadata)[.\w[\]/' -]*: \S/);
    }
  });

  test.each(cases.filter(({ name }) => isStricter(name)))("$name is refused where kruise accepts it", (recorded) => {
    expect(recorded.result.accepted).toBe(true);
    expect(problems(recorded).map(({ field }) => field)).toEqual([exceptions[recorded.name]?.refused]);
  });

  test.each(cases.filter(({ name }) => isLooser(name)))("$name is accepted where kruise refuses it", (recorded) => {
    expect(recorded.result.status?.code).toBe(500);
    expect(problems(recorded)).toEqual([]);
  });
});
