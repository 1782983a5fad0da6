import { expectTypeOf, test } from "vitest";
import { type Condition, controller, type Desired, defineResource, type Observed, type StatusOf, setCondition, t } from "../index.ts";
import type { Static } from "./index.ts";

test("what is built has the type that it says", () => {
  const schema = t.Object({
    text: t.String({ minLength: 1, pattern: "^a" }),
    count: t.Optional(t.Integer({ minimum: 0, exclusiveMinimum: true, format: "int32" })),
    size: t.Default(t.Enum(["s", "m"]), "s"),
    brief: t.Enum(["s", "m"], { maxLength: 1 }),
    heat: t.Enum({ Low: 0, High: 7 } as const),
    tags: t.Array(t.String(), { listType: "set", maxItems: 3 }),
    ports: t.Array(t.Object({ name: t.String(), port: t.Integer() }), { listType: "map", listMapKeys: ["name"] }),
    labels: t.Record(t.String(), t.String(), { maxProperties: 3 }),
    either: t.Union([t.Object({ a: t.String() }), t.Object({ b: t.String() })]),
    nothing: t.Nullable(t.String()),
  });
  type S = Static<typeof schema>;
  expectTypeOf<S["text"]>().toEqualTypeOf<string>();
  expectTypeOf<S["count"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<S["size"]>().toEqualTypeOf<"s" | "m">();
  expectTypeOf<S["brief"]>().toEqualTypeOf<"s" | "m">();
  expectTypeOf<S["heat"]>().toEqualTypeOf<0 | 7>();
  expectTypeOf<S["tags"]>().toEqualTypeOf<string[]>();
  expectTypeOf<S["ports"]>().toEqualTypeOf<{ name: string; port: number }[]>();
  expectTypeOf<S["labels"]>().toEqualTypeOf<Record<string, string>>();
  expectTypeOf<S["either"]>().toEqualTypeOf<{ a: string } | { b: string }>();
  expectTypeOf<S["nothing"]>().toEqualTypeOf<string | null>();
});

test("a mistake in an option's name does not compile", () => {
  // @ts-expect-error minLength
  t.String({ minLenght: 1 });
  // @ts-expect-error not of texts
  t.String({ minimum: 1 });
  // @ts-expect-error maximum
  t.Integer({ max: 1 });
  // @ts-expect-error a boolean, as Kubernetes has it
  t.Integer({ exclusiveMinimum: 3 });
  // @ts-expect-error maxItems
  t.Array(t.String(), { maxLength: 1 });
  // @ts-expect-error maps have keys
  t.Array(t.Object({ name: t.String() }), { listType: "map" });
  // @ts-expect-error a key that the items lack
  t.Array(t.Object({ name: t.String() }), { listType: "map", listMapKeys: ["nam"] });
  // @ts-expect-error only maps have keys
  t.Array(t.Object({ name: t.String() }), { listMapKeys: ["name"] });
  // @ts-expect-error immutable
  t.Boolean({ imutable: true });
  // @ts-expect-error description
  t.Enum(["a"], { descripton: "a" });
  // @ts-expect-error t.Default says it, so that the type knows
  t.String({ default: "a" });
  // @ts-expect-error shortNames
  defineResource({ group: "a.example.com", version: "v1", kind: "A", spec: t.Object({}), shortnames: ["a"] });
  // @ts-expect-error jsonPath
  defineResource({ group: "a.example.com", version: "v1", kind: "A", spec: t.Object({}), columns: [{ name: "A", jsonpath: ".a" }] });
  // @ts-expect-error Namespaced or Cluster
  defineResource({ group: "a.example.com", version: "v1", kind: "A", spec: t.Object({}), scope: "Namespace" });
});

test("parts of Kubernetes' own kinds have their static types", () => {
  const Shop = defineResource({
    group: "a.example.com",
    version: "v1",
    kind: "Shop",
    spec: t.Object({
      ports: t.Array(t.Kubernetes("core/v1", "ServicePort"), { listType: "map", listMapKeys: ["port"] }),
      template: t.Optional(t.Kubernetes("core/v1", "PodTemplateSpec", { description: "of its pods" })),
    }),
    status: t.Object({ conditions: t.Optional(t.Conditions()) }),
  });
  type Spec = Desired<typeof Shop>["spec"];
  expectTypeOf<Spec["ports"][number]["protocol"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<NonNullable<NonNullable<Spec["template"]>["spec"]>["containers"][number]["name"]>().toEqualTypeOf<string>();
  expectTypeOf<NonNullable<NonNullable<Observed<typeof Shop>["status"]>["conditions"]>[number]["status"]>().toEqualTypeOf<
    Condition["status"]
  >();
  // @ts-expect-error no such part
  t.Kubernetes("core/v1", "ServicePorts");
  // @ts-expect-error no such group
  t.Kubernetes("v1", "ServicePort");
  // @ts-expect-error of another group
  t.Kubernetes("apps/v1", "ServicePort");
  controller(Shop).reconcile(async ({ status, spec, metadata }, ctx) => {
    expectTypeOf(spec.ports[0]?.port).toEqualTypeOf<number | undefined>();
    await ctx.status({
      conditions: setCondition(status?.conditions, {
        type: "Ready",
        status: "True",
        reason: "Fine",
        message: "",
        observedGeneration: metadata.generation,
      }),
    });
    // @ts-expect-error a status that is none
    await ctx.status({ conditions: [{ type: "Ready", status: "Yes", reason: "Fine", message: "", lastTransitionTime: "" }] });
  });
});

test("a kind may have no spec, an optional one, and fields beside it", () => {
  const of = { group: "a.example.com", version: "v1", kind: "Shop" } as const;
  const Bare = defineResource({ ...of, fields: t.Object({ size: t.Default(t.Integer(), 1), note: t.Optional(t.String()) }) });
  type Written = Omit<Desired<typeof Bare>, "apiVersion" | "kind" | "metadata">;
  type Read = Omit<Observed<typeof Bare>, "apiVersion" | "kind" | "metadata">;
  expectTypeOf<Written>().toEqualTypeOf<{ readonly size?: number; readonly note?: string }>();
  expectTypeOf<Read>().toEqualTypeOf<{ readonly size: number; readonly note?: string }>();
  const Both = defineResource({
    ...of,
    spec: t.Optional(t.Object({ a: t.String() })),
    status: t.Object({ n: t.Integer() }),
    fields: t.Object({ metadata: t.Object({ name: t.String() }), data: t.Record(t.String(), t.String()) }),
  });
  expectTypeOf<Omit<Desired<typeof Both>, "apiVersion" | "kind" | "metadata">>().toEqualTypeOf<{
    readonly spec?: { readonly a: string };
    readonly data: { readonly [x: string]: string };
  }>();
  expectTypeOf<Observed<typeof Both>["spec"]>().toEqualTypeOf<{ readonly a: string } | undefined>();
  expectTypeOf<Observed<typeof Both>["status"]>().toEqualTypeOf<{ readonly n: number } | undefined>();
  expectTypeOf<StatusOf<typeof Both>>().toEqualTypeOf<{ readonly n: number }>();
  expectTypeOf<Desired<typeof Both>["metadata"]["name"]>().toEqualTypeOf<Desired<typeof Bare>["metadata"]["name"]>();
  const Nothing = defineResource(of);
  expectTypeOf<keyof Desired<typeof Nothing>>().toEqualTypeOf<"apiVersion" | "kind" | "metadata">();
  // @ts-expect-error fields are an object
  defineResource({ ...of, fields: t.String() });
  const Defaulted = t.Object({ deep: t.Default(t.Object({ n: t.Default(t.Integer(), 1) }), {}) });
  expectTypeOf<Static<typeof Defaulted>>().toEqualTypeOf<{ deep: { n: number } }>();
  // @ts-expect-error not of the default's type
  t.Default(t.Object({ n: t.Default(t.Integer(), 1) }), { n: "1" });
});
