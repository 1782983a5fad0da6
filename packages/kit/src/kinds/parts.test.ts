import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { SchemaNode } from "../schema/index.ts";
import { t } from "./parts.ts";
import { structuralDefinition } from "./structural.ts";

/** The names as the interface has them: there is no list of them at run time. */
function parts(): readonly (readonly [string, string])[] {
  const text = readFileSync(new URL("../kubernetes/parts.ts", import.meta.url), "utf8");
  const found: [string, string][] = [];
  let group = "";
  for (const [, opened, part] of text.matchAll(/readonly "(\w+\/\w+)": |readonly ([A-Z]\w+): \w+\.\w+/g))
    if (opened) group = opened;
    else found.push([group, part!]);
  return found;
}

function* nodesOf(node: SchemaNode, path: string): Iterable<readonly [string, SchemaNode]> {
  yield [path, node];
  for (const [name, child] of Object.entries(node.properties ?? {})) yield* nodesOf(child, `${path}.${name}`);
  if (node.items) yield* nodesOf(node.items, `${path}[]`);
  if (typeof node.additionalProperties === "object") yield* nodesOf(node.additionalProperties, `${path}{}`);
}

test("every part has a schema, with nothing that a structural schema may not have", () => {
  expect(parts().length).toBeGreaterThan(300);
  for (const [group, part] of parts()) {
    for (const [path, node] of nodesOf(t.Kubernetes(group as "core/v1", part as "Probe") as SchemaNode, part)) {
      const odd = Object.keys(node).filter((key) => /^(title|\$ref|oneOf|x-kubernetes-(patch|group|unions).*)$/.test(key));
      expect(odd, path).toEqual([]);
      if (!node["x-kubernetes-int-or-string"] && !node["x-kubernetes-preserve-unknown-fields"]) expect(node.type, path).toBeDefined();
      for (const key of node["x-kubernetes-list-map-keys"] ?? [])
        expect(node.items?.required?.includes(key) || node.items?.properties?.[key]?.default !== undefined, `${path} ${key}`).toBe(true);
    }
  }
});

test("a service port: what is required stays so, and the protocol has its default", () => {
  expect(t.Kubernetes("core/v1", "ServicePort", { description: "where it listens" })).toEqual({
    type: "object",
    description: "where it listens",
    required: ["port"],
    properties: {
      appProtocol: { type: "string" },
      name: { type: "string" },
      nodePort: { type: "integer", format: "int32" },
      port: { type: "integer", format: "int32" },
      protocol: { type: "string", default: "TCP", enum: ["SCTP", "TCP", "UDP"] },
      targetPort: { "x-kubernetes-int-or-string": true },
    },
  });
});

test("metadata of a template is what an object inside another can have", () => {
  const { properties } = t.Kubernetes("core/v1", "PodTemplateSpec") as SchemaNode;
  expect(Object.keys(properties?.["metadata"]?.properties ?? {}).sort()).toEqual([
    "annotations",
    "finalizers",
    "labels",
    "name",
    "namespace",
  ]);
});

test("a definition that contains itself is refused, and one that is not there", () => {
  expect(() => structuralDefinition("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")).toThrow("contains itself");
  expect(() => structuralDefinition("io.k8s.api.core.v1.Nothing")).toThrow("Kubernetes has no");
});
