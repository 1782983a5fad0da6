import { schemaName } from "@outrigger/kit/kinds";
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
