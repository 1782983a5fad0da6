import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CustomResourceDefinitionObject, SchemaNode } from "@outrigger/kit/schema";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { moduleOf } from "./command.ts";
import { normalDefinition } from "./normal.ts";

const repository = new URL("../../../../", import.meta.url).pathname;

/** Keywords of all kinds, also where they mean nothing, so that raw parts come up at every depth. */
const own = fc.record(
  {
    description: fc.string({ maxLength: 200 }),
    nullable: fc.boolean(),
    pattern: fc.constantFrom("^a$", "it's", 'say "a"', "\\d+"),
    format: fc.constantFrom("int32", "date-time", "odd"),
    minimum: fc.integer({ min: 0, max: 5 }),
    maxLength: fc.integer({ min: 0, max: 99 }),
    maxItems: fc.nat(9),
    minProperties: fc.nat(3),
    title: fc.string(),
    default: fc.constantFrom<unknown>("a", 1, true, [], {}, { a: [1, "b"] }),
    enum: fc.uniqueArray(fc.constantFrom<unknown>("a", "b", 1, 2.5, true, null, "c".repeat(60)), { minLength: 1 }),
    oneOf: fc.constantFrom<SchemaNode[]>([{ required: ["a"] }, { required: ["b"] }]),
    "x-kubernetes-preserve-unknown-fields": fc.constant(true),
    "x-kubernetes-int-or-string": fc.constant(true),
    "x-kubernetes-embedded-resource": fc.constant(true),
    "x-kubernetes-list-type": fc.constantFrom<"set" | "map" | "atomic">("set", "map", "atomic"),
    "x-kubernetes-list-map-keys": fc.constantFrom(["a"], ["a", "b"]),
    "x-kubernetes-map-type": fc.constantFrom<"atomic" | "granular">("atomic", "granular"),
    "x-kubernetes-validations": fc.array(fc.record({ rule: fc.string({ maxLength: 90 }), message: fc.string({ maxLength: 90 }) }), {
      minLength: 1,
      maxLength: 3,
    }),
  },
  { requiredKeys: [] },
);
/** Few keywords for most parts: the builder has words for these. */
const some = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(own, fc.integer()).map(([all, at]) => only(all, at)) },
  { weight: 1, arbitrary: own },
);
function only(all: object, at: number): object {
  const entries = Object.entries(all);
  return Object.fromEntries(entries.length === 0 ? [] : [entries[Math.abs(at) % entries.length]!]);
}
const name = fc.constantFrom("a", "b", "key", "a-key", "properties", "default", 'quo"te', "a much longer name of a field", "constructor");
const { schema } = fc.letrec<{ schema: SchemaNode }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3 },
    fc
      .tuple(some, fc.constantFrom("string", "integer", "number", "boolean", undefined))
      .map(([keywords, type]) => typed(keywords, { type })),
    fc.tuple(some, tie("schema")).map(([keywords, items]) => typed(keywords, { type: "array", items })),
    fc.tuple(some, tie("schema")).map(([keywords, additionalProperties]) => typed(keywords, { type: "object", additionalProperties })),
    fc
      .tuple(some, fc.dictionary(name, tie("schema"), { maxKeys: 4 }), fc.array(name, { maxLength: 2 }))
      .map(([keywords, properties, required]) => typed(keywords, { type: "object", properties, required: [...new Set(required)] })),
  ),
}));
function typed(keywords: object, { type, ...rest }: Readonly<Record<string, unknown>>): SchemaNode {
  return { ...(type === undefined ? {} : { type }), ...rest, ...keywords } as SchemaNode;
}

const definition = (spec: Record<string, SchemaNode>): CustomResourceDefinitionObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "anys.example.com" },
  spec: {
    group: "example.com",
    scope: "Namespaced",
    names: { kind: "Any", plural: "anys" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: spec } } } },
      },
    ],
  },
});

test("whatever a schema states, the source says the same", async () => {
  mkdirSync(join(repository, "packages/cli/dist"), { recursive: true });
  const folder = mkdtempSync(join(repository, "packages/cli/dist/random-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(schema, { minLength: 1, maxLength: 20 }), async (schemas) => {
      const given = definition(JSON.parse(JSON.stringify(Object.fromEntries(schemas.map((one, index) => [`part${index}`, one])))));
      const source = moduleOf([given]);
      const file = join(folder, `${count++}.ts`);
      writeFileSync(file, source);
      const { Any } = (await import(file)) as { Any: { crd(): object } };
      expect(normalDefinition(JSON.parse(JSON.stringify(Any.crd())))).toEqual(normalDefinition(given as never));
    }),
    { numRuns: 50 },
  );
}, 120_000);
