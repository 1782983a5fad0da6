import { type Definition, rawDefinitions, schemaName } from "@outrigger/kit/kinds";
import { describe, expect, test } from "vitest";
import { describeField, descriptionRows } from "./descriptions.ts";
import { publishedDefinitions } from "./published.ts";
import { kinds } from "./table.ts";

const definitions = rawDefinitions();
const isList = (definition: Definition): boolean =>
  ((definition["x-kubernetes-group-version-kind"] ?? []) as { kind: string }[])[0]?.kind.endsWith("List") === true;
const isKind = (definition: Definition): boolean => definition["x-kubernetes-group-version-kind"] !== undefined && !isList(definition);

describe("no sentence is dead", () => {
  const rows = Object.entries(descriptionRows()).filter(([name]) => !name.startsWith("*"));

  test("each row names a schema, and each of its fields exists there", () => {
    const dead = rows.flatMap(([name, { fields = {} }]) => {
      const definition = Object.hasOwn(definitions, name) ? definitions[name]! : undefined;
      if (!definition) return [name];
      return Object.keys(fields)
        .filter((field) => !Object.hasOwn(definition.properties ?? {}, field))
        .map((field) => `${name}.${field}`);
    });
    expect(dead).toEqual([]);
  });

  test("each `like` names a row with sentences that hold here", () => {
    const dead = rows.filter(([name, { like, fields = {} }]) => {
      if (like === undefined) return false;
      const own = Object.keys(definitions[name]!.properties!);
      const shared = descriptionRows()[like]?.fields ?? {};
      return descriptionRows()[like]?.like !== undefined || !own.some((field) => field in shared && !(field in fields));
    });
    expect(dead.map(([name]) => name)).toEqual([]);
  });

  test("no row repeats a sentence that `like` already gives", () => {
    const repeated = rows.flatMap(([name, { like, fields = {} }]) =>
      Object.keys(fields)
        .filter((field) => like !== undefined && descriptionRows()[like]!.fields?.[field] === fields[field])
        .map((field) => `${name}.${field}`),
    );
    expect(repeated).toEqual([]);
  });

  test.each([
    ["*", isKind],
    ["*List", isList],
  ] as const)("each field of %s is a field of some such kind", (row, belongs) => {
    const all = Object.values(definitions).filter(belongs);
    for (const field of Object.keys(descriptionRows()[row]!.fields!))
      expect(
        all.some(({ properties = {} }) => field in properties),
        field,
      ).toBe(true);
  });
});

test("a sentence ends with a full stop and is one line", () => {
  const all = Object.values(descriptionRows()).flatMap(({ description, fields = {} }) => [description, ...Object.values(fields)]);
  expect(all.length).toBeGreaterThan(1_500);
  expect(all.filter((text) => !/^[A-Z`0-9][^\n]*\.$/.test(text))).toEqual([]);
});

/** The plug-ins for volumes of single vendors, which few people explain. */
const rarelyExplained = /VolumeSource$/;

test("each kind that is served is described, and so is every field of three levels: pods.spec.containers.image", () => {
  const published = publishedDefinitions(Object.keys(definitions), "#/") as Record<string, Definition>;
  const silent = new Set<string>();
  const look = (name: string, levels: number): void => {
    if (levels === 1 && rarelyExplained.test(name)) return;
    if (published[name]!["description"] === undefined) silent.add(name);
    for (const [field, property] of Object.entries(published[name]!.properties ?? {})) {
      if (property["description"] === undefined) silent.add(`${name}.${field}`);
      const raw = definitions[name]!.properties![field]!;
      const inner = raw.$ref ?? raw.items?.$ref;
      if (inner !== undefined && levels > 1) look(inner, levels - 1);
    }
  };
  for (const { schema } of kinds().rows) look(schemaName(schema)!, 3);
  expect([...silent].sort()).toEqual([]);
});

test("names that every object of JavaScript has are not fields", () => {
  expect(describeField("constructor", "toString", "object")).toBeUndefined();
  expect(describeField("io.k8s.api.core.v1.Pod", "constructor", "object")).toBeUndefined();
});
