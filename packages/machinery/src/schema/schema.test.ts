import type { SchemaNode } from "@outrigger/kit/schema";
import { describe, expect, test } from "vitest";
import { applyDefaults, dropNulls } from "./default.ts";
import { compilePattern } from "./pattern.ts";
import { validate, validateListTypes } from "./validate.ts";

const schema: SchemaNode = {
  type: "object",
  properties: {
    metadata: { type: "object" },
    spec: {
      type: "object",
      required: ["name"],
      properties: {
        name: { type: "string", pattern: "^[a-z]+$", maxLength: 5 },
        replicas: { type: "integer", minimum: 0, maximum: 10, default: 1 },
        nested: {
          type: "object",
          default: {},
          properties: { deep: { type: "object", default: { x: 5 }, properties: { x: { type: "integer" } } } },
        },
        free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        map: { type: "object", additionalProperties: { type: "object", properties: { a: { type: "string" } } } },
        nul: { type: "string", nullable: true },
        tags: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string" } },
      },
    },
  },
};

describe("defaulting", () => {
  test("fills in defaults, and the defaults of defaults", () => {
    const object = { spec: { name: "a" } };
    applyDefaults(schema, object);
    expect(object).toEqual({ spec: { name: "a", replicas: 1, nested: { deep: { x: 5 } } } });
  });
  test("null counts as absent where it is not allowed", () => {
    const object = { spec: { name: null, replicas: null, nul: null } };
    applyDefaults(schema, object);
    dropNulls(schema, object);
    expect(object).toEqual({ spec: { replicas: 1, nul: null, nested: { deep: { x: 5 } } } });
  });
});

describe("judging", () => {
  const messages = (spec: object): string[] => validate(schema, { spec }).map(({ field, message }) => `${field}: ${message}`);
  test("speaks as the API server does", () => {
    expect(messages({ name: "abcdef", replicas: -1 })).toEqual([
      "spec.name: Too long: may not be more than 5 bytes",
      "spec.replicas: Invalid value: -1: spec.replicas in body should be greater than or equal to 0",
    ]);
    expect(messages({})).toEqual(["spec.name: Required value"]);
    expect(messages({ name: 5 })).toEqual(['spec.name: Invalid value: "integer": spec.name in body must be of type string: "integer"']);
    expect(messages({ name: "ok" })).toEqual([]);
  });
  test("what an update leaves as it was is not judged again", () => {
    expect(validate(schema, { spec: { name: "TOOLONG", replicas: 3 } }, { old: { spec: { name: "TOOLONG", replicas: 2 } } })).toEqual([]);
  });
  test("whole numbers are multiples of whole factors, and of no fraction", () => {
    const count = (value: number, multipleOf: number): string[] =>
      validate({ type: "number", multipleOf }, value, { path: "n" }).map(({ message }) => message);
    expect(count(0, 5)).toEqual([]);
    expect(count(7, 5)).toEqual(["Invalid value: 7: n in body should be a multiple of 5"]);
    expect(count(2, 0.5)).toEqual(["Invalid value: 2: factor MultipleOf declared for n must be positive: 0"]);
    expect(count(1.5, 0.5)).toEqual([]);
  });
  test("sets have no duplicates", () => {
    expect(validateListTypes(schema, { spec: { tags: ["a", "a"] } })).toEqual([
      { reason: "FieldValueDuplicate", message: 'Duplicate value: "a"', field: "spec.tags[1]" },
    ]);
  });
});

test("a pattern that would backtrack for ever is judged at once; one that needs it is refused", () => {
  expect(compilePattern("^(a+)+$")(`${"a".repeat(50)}!`)).toBe(false);
  expect(() => compilePattern("(a)\\1")).toThrow(/error parsing regexp/);
});
