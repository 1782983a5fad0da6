import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import type { SchemaNode } from "@outrigger/kit/schema";
import { applyJsonPatch } from "@outrigger/machinery/patch";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Pod } from "../pod/index.ts";
import {
  CUSTOM_VERSION_LABEL,
  convertSidecarSet,
  defaultSidecarSet,
  REVISION_SET_LABEL,
  revisionData,
  revisionHash,
  revisionName,
  type SetRevision,
  type SidecarSet,
  sidecarSetCrd,
  validateSidecarSet,
} from "../sidecarset/index.ts";
import { compileRules, type Decision, decide } from "./index.ts";

/** A golden file of `testdata/golden/sidecarset`: sets and a pod, what is around them, and what the pod becomes. */
interface GoldenFile {
  /** The fields of the set's spec that it shows, by path; `v1alpha1:` before those of that version alone. */
  readonly fields: readonly string[];
  /** As users write them. */
  readonly sidecarSets: readonly SidecarSet[];
  /** Sets as they were, the oldest first: the controller made a revision of each. */
  readonly revisionsOf?: readonly SidecarSet[];
  /** Labels of the pod's namespace. */
  readonly namespace?: Readonly<Record<string, string>>;
  /** What chance draws. */
  readonly draw?: number;
  readonly before: Pod;
  readonly after: Pod;
}

const stored = (set: SidecarSet): SidecarSet => defaultSidecarSet(convertSidecarSet(set, "apps.kruise.io/v1beta1") as SidecarSet);
const ANY_ANNOTATION = '{"rules":[{"allowedAnnotationKeyExprs":[".*"]}]}';

/** What becomes of the file's pod. @throws Error for a set that is refused */
function playGolden({ sidecarSets, revisionsOf = [], namespace = {}, draw, before }: Omit<GoldenFile, "after">): Decision {
  const revisions = revisionsOf.map(stored).map(revision);
  const sets = sidecarSets.map(stored);
  for (const set of sets) {
    const [problem] = validateSidecarSet(set, { others: sets, whitelist: ANY_ANNOTATION });
    if (problem !== undefined) throw new Error(`${problem.field}: ${problem.message}`);
  }
  const context = {
    namespace: namespace["kubernetes.io/metadata.name"] ?? "default",
    namespaceLabels: namespace,
    now: "2026-01-02T03:04:05Z",
  };
  return decide(before, compileRules({ sidecarSets: sets, revisions }), draw === undefined ? context : { ...context, draw });
}

function revision({ metadata, spec }: SidecarSet, index: number): SetRevision {
  const data = revisionData(spec);
  const name = metadata.name ?? "";
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: revisionName(name, revisionHash(data)),
      labels: { [REVISION_SET_LABEL]: name, [CUSTOM_VERSION_LABEL]: spec.customVersion ?? "" },
      annotations: { ...metadata.annotations },
    },
    data,
    revision: index + 1,
  };
}

const folder = new URL("../../testdata/golden/sidecarset/", import.meta.url).pathname;
const files = globSync(`${folder}*.yaml`)
  .sort()
  .map((file) => ({ name: basename(file, ".yaml"), ...(parse(readFileSync(file, "utf8")) as GoldenFile) }));

describe("a SidecarSet makes of a pod what its golden file says", () => {
  test.each(files)("$name", (file) => {
    const decision = playGolden(file);
    expect(decision.refusal).toBeUndefined();
    expect(decision.pod).toEqual(file.after);
    expect(applyJsonPatch(structuredClone(file.before), decision.patch)).toEqual(file.after);
  });

  test("every field of both versions stands in one", () => {
    const shown = new Set(files.flatMap(({ fields }) => fields));
    const { versions } = sidecarSetCrd({})["spec"] as { versions: { name: string; schema: { openAPIV3Schema: SchemaNode } }[] };
    const [alpha, beta] = ["v1alpha1", "v1beta1"].map((name) =>
      fieldsOf(versions.find((version) => version.name === name)!.schema.openAPIV3Schema.properties!["spec"]!),
    );
    const missing = [...beta!, ...alpha!.filter((field) => !beta!.includes(field)).map((field) => `v1alpha1:${field}`)];
    expect(missing.filter((field) => !shown.has(field))).toEqual([]);
  });
});

/** Fields that are Kubernetes' own below containers and volumes are left to its schema. */
const OWN = /^(podInjectPolicy|upgradeStrategy|shareVolumePolicy|shareVolumeDevicePolicy|transferEnv|resourcesPolicy|name|image)$/;

function fieldsOf(node: SchemaNode, path = ""): string[] {
  if (path === "volumes") return [path];
  const inner = node.items ?? node;
  const at = node.items === undefined ? path : `${path}[]`;
  const isContainer = /ontainers\[\]$/.test(at);
  return [
    ...(path === "" ? [] : [path]),
    ...Object.entries(inner.properties ?? {})
      .filter(([field]) => !isContainer || OWN.test(field))
      .flatMap(([field, child]) => fieldsOf(child, at === "" ? field : `${at}.${field}`)),
  ];
}
