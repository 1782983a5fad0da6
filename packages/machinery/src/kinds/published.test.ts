import { rawDefinitions, schemaName } from "@outrigger/kit/kinds";
import { expect, test } from "vitest";
import { publishedDefinitions } from "./published.ts";
import { kinds } from "./table.ts";

test("a definition is published with all that it refers to, and nothing that is ours", () => {
  const found = publishedDefinitions(["io.k8s.api.apps.v1.DeploymentSpec"], "#/components/schemas/");
  expect(found["io.k8s.api.apps.v1.DeploymentSpec"]).toMatchObject({
    properties: {
      strategy: {
        default: {},
        "x-kubernetes-patch-strategy": "retainKeys",
        allOf: [{ $ref: "#/components/schemas/io.k8s.api.apps.v1.DeploymentStrategy" }],
      },
    },
  });
  const text = JSON.stringify(found);
  expect(text).not.toMatch(/"(order|pointers|nullables|omitted)":\[/);
  for (const [, name] of text.matchAll(/#\/components\/schemas\/([^"]+)/g)) expect(found).toHaveProperty([name!]);
});

test("definitions that refer to themselves, and names that nobody knows, come to an end", () => {
  const crd = schemaName(kinds().byKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")!.schema)!;
  expect(Object.keys(publishedDefinitions([crd, "no.such.Thing"], "#/definitions/"))).toContain(
    crd.replace("Definition", "DefinitionSpec"),
  );
});

test("a field that has an enumeration names all its values, in the sentence about it or behind that", () => {
  const found = publishedDefinitions(["io.k8s.api.core.v1.PodSpec"], "#/") as Record<string, { properties: Record<string, object> }>;
  expect(found["io.k8s.api.core.v1.PodSpec"]!.properties).toMatchObject({
    restartPolicy: { description: expect.stringMatching(/: `Always` \(the default\), `OnFailure` or `Never`\.$/) },
    preemptionPolicy: { description: expect.stringMatching(/\. One of `Never`, `PreemptLowerPriority`\.$/) },
  });
  const silent = Object.entries(publishedDefinitions(Object.keys(rawDefinitions()), "#/")).flatMap(([name, schema]) =>
    Object.entries((schema as { properties?: Record<string, { enum?: string[]; description?: string }> }).properties ?? {})
      .filter(([, { enum: values = [], description = "" }]) => !values.every((value) => description.includes(value)))
      .map(([field]) => `${name}.${field}`),
  );
  expect(silent).toEqual([]);
});
