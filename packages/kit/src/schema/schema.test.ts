import { describe, expect, test } from "vitest";
import { defineResource } from "./define.ts";
import { t } from "./index.ts";
import type { SchemaNode } from "./node.ts";
import { prune } from "./prune.ts";

const schema: SchemaNode = {
  type: "object",
  properties: {
    metadata: { type: "object" },
    spec: {
      type: "object",
      properties: {
        name: { type: "string" },
        nested: { type: "object", properties: { deep: { type: "object" } } },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
      },
    },
  },
};

describe("listed values", () => {
  // What the compiler makes of `enum Heat { Low, High = 7 }`.
  const Heat = { Low: 0, 0: "Low", High: 7, 7: "High" } as const;
  const crust = { Thin: "thin", Thick: "thick" } as const;
  test.each([
    [
      "a literal of each type",
      [t.Literal(true), t.Literal(1.5), t.Literal(2), t.Literal("a"), t.Literal("")],
      ["boolean", "number", "integer", "string", "string"],
    ],
    [
      "enums of each type",
      [t.Enum([1, 2]), t.Enum([1, 2.5]), t.Enum(["a"]), t.Enum(Heat), t.Enum(crust)],
      ["integer", "number", "string", "integer", "string"],
    ],
    ["unions of literals", [t.Union([t.Literal(true), t.Literal(false)]), t.Union([t.Literal(1), t.Literal(0.5)])], ["boolean", "number"]],
  ])("%s have their type", (_what, nodes, types) => {
    expect((nodes as unknown as SchemaNode[]).map(({ type }) => type)).toEqual(types);
  });

  test("an enum of TypeScript's lists its values, not the names of its numbers", () => {
    expect([(t.Enum(Heat) as SchemaNode).enum, (t.Enum(crust) as SchemaNode).enum]).toEqual([
      [0, 7],
      ["thin", "thick"],
    ]);
  });

  test("whole numbers and texts together are an int-or-string; a value that comes twice is listed once", () => {
    expect(t.Union([t.Literal("auto"), t.Literal(3), t.Literal("auto")])).toEqual({
      "x-kubernetes-int-or-string": true,
      enum: ["auto", 3],
    });
  });

  test("what no structural schema can list is refused when it is written", () => {
    for (const values of [[], ["a", true], [1.5, "a"], [true, 1], [Number.NaN], [Number.POSITIVE_INFINITY], [10n], [null]])
      expect(() => t.Enum(values as never)).toThrow(RangeError);
    expect(() => t.Literal(10n as never)).toThrow(RangeError);
  });
});

describe("pruning", () => {
  test("takes away what is unknown at each depth, and tells its paths", () => {
    const object = {
      apiVersion: "a/v1",
      kind: "A",
      metadata: { name: "x" },
      spec: { name: "a", odd: 1, nested: { z: 1 }, free: { any: 1 }, map: { k: { a: "1", b: 2 } } },
    };
    expect(prune(schema, object).sort()).toEqual(["spec.map.k.b", "spec.nested.z", "spec.odd"]);
    expect(object).toEqual({
      apiVersion: "a/v1",
      kind: "A",
      metadata: { name: "x" },
      spec: { name: "a", nested: {}, free: { any: 1 }, map: { k: { a: "1" } } },
    });
  });
});

describe("defining a resource", () => {
  const CustomPod = defineResource({
    group: "zhhnzw.mock.com",
    version: "v1",
    kind: "CustomPod",
    spec: t.Object({ replicas: t.Default(t.Integer({ minimum: 0 }), 1), image: t.String(), note: t.Optional(t.String()) }),
    status: t.Object({ replicas: t.Integer(), podNames: t.Array(t.String()) }),
    columns: [{ name: "Replicas", type: "integer", jsonPath: ".spec.replicas" }],
  });
  test("gives the definition that the API server takes", () => {
    const { metadata, spec } = CustomPod.crd();
    expect(metadata.name).toBe("custompods.zhhnzw.mock.com");
    expect(spec["names"]).toEqual({ kind: "CustomPod", listKind: "CustomPodList", plural: "custompods", singular: "custompod" });
    const [version] = spec["versions"] as Record<string, unknown>[];
    expect(version).toMatchObject({
      name: "v1",
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: "Replicas" }, { name: "Age", jsonPath: ".metadata.creationTimestamp" }],
      schema: {
        openAPIV3Schema: {
          required: ["spec"],
          properties: { spec: { required: ["image"], properties: { replicas: { type: "integer", minimum: 0, default: 1 } } } },
        },
      },
    });
  });
  test("a group without a dot is refused", () => {
    expect(() => defineResource({ group: "x", version: "v1", kind: "A", spec: t.Object({}) })).toThrow(/with a dot/);
  });
  test("a kind may have no spec, fields beside it, and columns without an age", () => {
    const { metadata, spec } = defineResource({
      group: "a.example.com",
      version: "v1",
      kind: "Shop",
      listKind: "Shops",
      labels: { a: "b" },
      description: "a shop",
      spec: t.Optional(t.Object({})),
      fields: t.Object({ data: t.String(), status: t.Optional(t.Any()) }, { preserveUnknownFields: true, rules: [{ rule: "a" }] }),
      rules: [{ rule: "b" }],
      columns: [{ name: "Data", jsonPath: ".data" }],
      age: false,
      statusSubresource: true,
    }).crd();
    expect(metadata).toEqual({ name: "shops.a.example.com", labels: { a: "b" } });
    expect(spec["names"]).toMatchObject({ listKind: "Shops" });
    expect((spec["versions"] as unknown[])[0]).toMatchObject({
      subresources: { status: {} },
      additionalPrinterColumns: [{ name: "Data", type: "string", jsonPath: ".data" }],
      schema: {
        openAPIV3Schema: {
          type: "object",
          description: "a shop",
          required: ["data"],
          properties: {
            spec: { type: "object", properties: {} },
            data: { type: "string" },
            status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
          "x-kubernetes-preserve-unknown-fields": true,
          "x-kubernetes-validations": [{ rule: "a" }, { rule: "b" }],
        },
      },
    });
  });
});
