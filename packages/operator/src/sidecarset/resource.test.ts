import { globSync, readFileSync } from "node:fs";
import type { KubeObject } from "@outrigger/kit/api";
import { prune, type SchemaNode } from "@outrigger/kit/schema";
import { validate } from "@outrigger/machinery/schema";
import { describe, expect, test } from "vitest";
import { type SidecarSet, sidecarSetCrd } from "./index.ts";

interface Version {
  name: string;
  storage: boolean;
  schema: { openAPIV3Schema: SchemaNode };
}
const versions = (sidecarSetCrd({ url: "https://127.0.0.1:9443/convert" })["spec"] as { versions: Version[] }).versions;
const schema = (name: string): SchemaNode => versions.find((version) => version.name === name)!.schema.openAPIV3Schema;
const unknown = (name: string, { spec }: KubeObject): string[] =>
  prune(schema(name).properties?.["spec"] ?? {}, structuredClone(spec), false);
const folder = new URL("../../testdata/kruise/", import.meta.url).pathname;
const set = (container: object, spec: object = {}): KubeObject => ({
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  metadata: { name: "base" },
  spec: { selector: { matchLabels: { app: "web" } }, containers: [{ name: "agent", image: "agent:1", ...container }], ...spec },
});

describe("the SidecarSet's definition", () => {
  test("stores v1beta1 and serves v1alpha1 too", () => {
    expect(versions.map(({ name, storage }) => [name, storage])).toEqual([
      ["v1alpha1", false],
      ["v1beta1", true],
    ]);
  });

  test("knows every field of every recorded set, and finds nothing wrong with them", () => {
    const stored = globSync(`${folder}injection/*.json`).flatMap(
      (file) => (JSON.parse(readFileSync(file, "utf8")) as { storedSidecarsets?: SidecarSet[] }).storedSidecarsets ?? [],
    );
    for (const one of stored) {
      expect(unknown("v1beta1", one), one.metadata.name).toEqual([]);
      expect(validate(schema("v1beta1"), one)).toEqual([]);
    }
  });

  test("refuses a field that does not exist, with its path", () => {
    expect(unknown("v1beta1", set({ imagee: "x", ports: [{ containerport: 1 }] }, { volume: [] }))).toEqual([
      "containers[0].imagee",
      "containers[0].ports[0].containerport",
      "volume",
    ]);
    expect(unknown("v1beta1", set({}, { namespace: "a" }))).toEqual(["namespace"]);
    expect(unknown("v1alpha1", set({}, { namespace: "a" }))).toEqual([]);
  });

  test.each([
    ["an amount that is none", set({ resources: { requests: { cpu: "much" } } }), "spec.containers[0].resources.requests.cpu"],
    ["a size that is none", set({}, { volumes: [{ name: "v", emptyDir: { sizeLimit: "big" } }] }), "spec.volumes[0].emptyDir.sizeLimit"],
    ["no selector", set({}, { selector: undefined }), "spec.selector"],
    ["a text where a list belongs", set({ command: "sh" }), "spec.containers[0].command"],
    [
      "a mode that does not exist",
      set({ resourcesPolicy: { targetContainersMode: "avg" } }),
      "spec.containers[0].resourcesPolicy.targetContainersMode",
    ],
  ])("refuses %s", (_what, object, field) => {
    expect(validate(schema("v1beta1"), JSON.parse(JSON.stringify(object))).map((cause) => cause.field)).toContain(field);
  });

  test("takes numbers and texts for amounts, ports and percentages", () => {
    const good = set(
      { resources: { limits: { cpu: 1, memory: "1Gi" } }, livenessProbe: { httpGet: { port: "http" } } },
      { updateStrategy: { maxUnavailable: "10%", partition: 3 } },
    );
    expect(validate(schema("v1beta1"), good)).toEqual([]);
  });

  test("fits into an object of the API server's size with room to spare", () => {
    expect(JSON.stringify(sidecarSetCrd({})).length).toBeLessThan(200_000);
  });
});
