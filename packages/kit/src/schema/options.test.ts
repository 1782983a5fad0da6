import { describe, expect, test } from "vitest";
import { defineResource, t } from "./index.ts";

const written = (schema: unknown): unknown => JSON.parse(JSON.stringify(schema));

test("lists say how server-side apply sees them; options are written as the keywords that they stand for", () => {
  const item = t.Object({ name: t.String(), protocol: t.Default(t.String(), "TCP") });
  expect(written(t.Array(item, { listType: "map", listMapKeys: ["name", "protocol"], maxItems: 9 }))).toEqual({
    type: "array",
    maxItems: 9,
    items: written(item),
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name", "protocol"],
  });
  expect(written(t.Object({}, { mapType: "atomic", preserveUnknownFields: true, rules: [{ rule: "true" }] }))).toEqual({
    type: "object",
    properties: {},
    "x-kubernetes-map-type": "atomic",
    "x-kubernetes-preserve-unknown-fields": true,
    "x-kubernetes-validations": [{ rule: "true" }],
  });
});

test("a list map key that may be absent is refused", () => {
  const item = t.Object({ name: t.Optional(t.String()) });
  expect(() => t.Array(item, { listType: "map", listMapKeys: ["name"] })).toThrow(
    "the list map key name must be a field of the items that is required or has a default",
  );
});

describe("what is immutable", () => {
  test("has a rule of its own, and if it is optional a rule of the object that it is in", () => {
    const schema = t.Object(
      {
        size: t.String({ immutable: true }),
        "storage-class": t.Optional(t.String({ immutable: true, rules: [{ rule: "self != ''" }] })),
      },
      { rules: [{ rule: "true" }] },
    );
    expect(written(schema)).toEqual({
      type: "object",
      required: ["size"],
      properties: {
        size: { type: "string", "x-kubernetes-validations": [{ rule: "self == oldSelf", message: "is immutable" }] },
        "storage-class": {
          type: "string",
          "x-kubernetes-validations": [{ rule: "self != ''" }, { rule: "self == oldSelf", message: "is immutable" }],
        },
      },
      "x-kubernetes-validations": [
        {
          rule: "has(self.storage__dash__class) == has(oldSelf.storage__dash__class)",
          message: "storage-class is immutable: it can be neither added nor removed",
        },
        { rule: "true" },
      ],
    });
  });

  test("is refused in lists whose items the API server cannot tell apart, and under names that no rule can write", () => {
    const item = t.Object({ name: t.String(), deep: t.Object({ size: t.String({ immutable: true }) }) });
    expect(() => t.Array(item)).toThrow('listType: "map"');
    expect(() => t.Array(t.Object({ items: t.Record(t.String(), item) }), { listType: "atomic" })).toThrow(RangeError);
    expect(t.Array(item, { listType: "map", listMapKeys: ["name"] })).toMatchObject({ type: "array" });
    expect(t.Array(t.String(), { immutable: true })).toMatchObject({ "x-kubernetes-validations": [{ rule: "self == oldSelf" }] });
    expect(() => t.Object({ größe: t.Optional(t.String({ immutable: true })) })).toThrow("the field größe cannot be immutable");
  });
});

test("names, categories and deprecation stand in the definition", () => {
  const { spec } = defineResource({
    group: "a.example.com",
    version: "v1beta1",
    kind: "Ship",
    plural: "fleet",
    singular: "vessel",
    shortNames: ["sh"],
    categories: ["all"],
    deprecated: "use v1",
    spec: t.Object({}),
  }).crd();
  expect(spec["names"]).toEqual({
    kind: "Ship",
    listKind: "ShipList",
    plural: "fleet",
    singular: "vessel",
    shortNames: ["sh"],
    categories: ["all"],
  });
  expect((spec["versions"] as object[])[0]).toMatchObject({ name: "v1beta1", deprecated: true, deprecationWarning: "use v1" });
});
