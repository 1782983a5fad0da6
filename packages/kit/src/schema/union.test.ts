import { validate } from "@outrigger/machinery/schema";
import { describe, expect, expectTypeOf, test } from "vitest";
import { type SchemaNode, type Static, t } from "./index.ts";

const accepts = (schema: unknown, value: unknown): boolean => validate(schema as SchemaNode, value, { path: "value" }).length === 0;

describe("t.Union", () => {
  test("of listed values is one list", () => {
    const phase = t.Union([t.Literal("On"), t.Literal("Off"), t.Enum(["Broken"])]);
    expect(phase).toEqual({ type: "string", enum: ["On", "Off", "Broken"] });
    expectTypeOf<Static<typeof phase>>().toEqualTypeOf<"On" | "Off" | "Broken">();
  });

  test("of whole numbers and text is int-or-string", () => {
    expect(t.Union([t.Integer(), t.String()])).toEqual({ "x-kubernetes-int-or-string": true });
  });

  test("of objects takes exactly one of them", () => {
    const source = t.Object({
      from: t.Union([
        t.Object({ secret: t.Object({ name: t.String() }) }),
        t.Object({ url: t.String(), insecure: t.Optional(t.Boolean()) }),
      ]),
    });
    expect(accepts(source, { from: { secret: { name: "a" } } })).toBe(true);
    expect(accepts(source, { from: { url: "a", insecure: true } })).toBe(true);
    expect(accepts(source, { from: {} })).toBe(false);
    expect(accepts(source, { from: { secret: { name: "a" }, url: "a" } })).toBe(false);
    expect(accepts(source, { from: { secret: { name: "a" }, insecure: true } })).toBe(false);
  });

  test("of objects that say which they are is told apart by that", () => {
    const check = t.Union([
      t.Object({ type: t.Literal("http"), path: t.String() }),
      t.Object({ type: t.Literal("tcp"), port: t.Integer() }),
    ]);
    expectTypeOf<Static<typeof check>>().toEqualTypeOf<{ type: "http"; path: string } | { type: "tcp"; port: number }>();
    expect(accepts(check, { type: "http", path: "/" })).toBe(true);
    expect(accepts(check, { type: "tcp", port: 1 })).toBe(true);
    expect(accepts(check, { type: "http", port: 1 })).toBe(false);
    expect(accepts(check, { type: "udp", port: 1 })).toBe(false);
  });

  test("that no structural schema can say is refused where it is written", () => {
    expect(() => t.Union([t.String(), t.Array(t.String())])).toThrow(RangeError);
    expect(() => t.Union([t.Object({ a: t.String() }), t.Object({ a: t.Integer() })])).toThrow(/field a has another shape/);
  });
});

test("nullable, unknown and embedded values", () => {
  const schema = t.Object({ note: t.Nullable(t.String()), any: t.Unknown(), template: t.EmbeddedResource() });
  expectTypeOf<Static<typeof schema>["note"]>().toEqualTypeOf<string | null>();
  expectTypeOf<Static<typeof schema>["template"]["kind"]>().toEqualTypeOf<string>();
  expect(accepts(schema, { note: null, any: [1, "a"], template: { apiVersion: "v1", kind: "Pod", metadata: {}, spec: { a: 1 } } })).toBe(
    true,
  );
  expect(accepts(schema, { note: 1, any: 1, template: { apiVersion: "v1", kind: "Pod" } })).toBe(false);
});
