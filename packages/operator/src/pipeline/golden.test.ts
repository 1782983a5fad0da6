import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { applyJsonPatch } from "@outrigger/machinery/patch";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Pod } from "../pod/index.ts";
import type { PodDefaults } from "../poddefaults/index.ts";
import { convertSidecarSet, defaultSidecarSet, type SidecarSet } from "../sidecarset/index.ts";
import { parseTemplate } from "../templates/index.ts";
import { compileRules, decide } from "./index.ts";

interface RulesFile {
  environment?: Record<string, string>;
  namespace: Record<string, string>;
  podDefaults?: PodDefaults[];
  sidecarSets?: SidecarSet[];
  templates?: { name: string; text: string }[];
}

const folder = new URL("../../testdata/golden/", import.meta.url).pathname;
const read = <T>(file: string): T => parse(readFileSync(folder + file, "utf8")) as T;

describe("a pod comes out as its golden pair says", () => {
  const names = globSync(`${folder}*.rules.yaml`).map((file) => basename(file, ".rules.yaml"));
  test.each(names.sort())("%s", (name) => {
    const file = read<RulesFile>(`${name}.rules.yaml`);
    const sidecarSets = (file.sidecarSets ?? []).map((set) =>
      defaultSidecarSet(convertSidecarSet(set, "apps.kruise.io/v1beta1") as SidecarSet),
    );
    const templates = (file.templates ?? []).map((template) => parseTemplate(template.name, template.text));
    const rules = compileRules({ podDefaults: file.podDefaults ?? [], sidecarSets, templates }, { environment: file.environment ?? {} });
    const namespace = file.namespace["kubernetes.io/metadata.name"] ?? "default";
    const before = read<Pod>(`${name}.before.yaml`);
    const decision = decide(before, rules, { namespace, namespaceLabels: file.namespace, now: "2026-01-02T03:04:05Z" });
    expect(decision.pod).toEqual(read(`${name}.after.yaml`));
    expect(applyJsonPatch(before, decision.patch)).toEqual(decision.pod);
  });
});
