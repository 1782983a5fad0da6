import { expectTypeOf, test } from "vitest";
import {
  ConfigMap,
  type Context,
  controller,
  Deployment,
  type Desired,
  defineResource,
  formerVersion,
  type Namespace,
  type Observed,
  Pod,
  type Resource,
  requeue,
  type StatusOf,
  t,
  withVersions,
} from "../index.ts";

const CustomPod = defineResource({
  group: "zhhnzw.mock.com",
  version: "v1",
  kind: "CustomPod",
  spec: t.Object({
    replicas: t.Default(t.Integer({ minimum: 0 }), 1),
    image: t.String(),
    phase: t.Optional(t.Enum(["a", "b"])),
    ports: t.Optional(t.Array(t.Object({ port: t.Integer(), protocol: t.Default(t.Enum(["TCP", "UDP"]), "TCP") }))),
  }),
  status: t.Object({ replicas: t.Integer(), podNames: t.Array(t.String()) }),
});
const Plain = defineResource({ group: "g", version: "v1", kind: "Plain", scope: "Cluster", spec: t.Object({ a: t.String() }) });
/** Checks an object against what a writer may say. */
function wanted<R extends Resource>(object: Desired<R>): Desired<R> {
  return object;
}

test("an observed object has its identity, its spec with defaults, and maybe a status", () => {
  type O = Observed<typeof CustomPod>;
  expectTypeOf<O["apiVersion"]>().toEqualTypeOf<"zhhnzw.mock.com/v1">();
  expectTypeOf<O["metadata"]["uid"]>().toEqualTypeOf<string>();
  expectTypeOf<O["metadata"]["namespace"]>().toEqualTypeOf<string>();
  expectTypeOf<O["spec"]["replicas"]>().toEqualTypeOf<number>();
  expectTypeOf<O["spec"]["phase"]>().toEqualTypeOf<"a" | "b" | undefined>();
  expectTypeOf<O["status"]>().toEqualTypeOf<{ readonly replicas: number; readonly podNames: readonly string[] } | undefined>();
});
test("a desired object may leave out what has a default, nothing else", () => {
  const head = { apiVersion: "zhhnzw.mock.com/v1", kind: "CustomPod", metadata: { name: "a" } } as const;
  const ok = wanted<typeof CustomPod>({ ...head, spec: { image: "x", ports: [{ port: 1 }] } });
  expectTypeOf(ok.spec.replicas).toEqualTypeOf<number | undefined>();
  // @ts-expect-error image is required
  wanted<typeof CustomPod>({ ...head, spec: {} });
  // @ts-expect-error unknown field
  wanted<typeof CustomPod>({ ...head, spec: { image: "x", replica: 1 } });
  // @ts-expect-error status is not written through spec
  wanted<typeof CustomPod>({ ...head, spec: { image: "x" }, status: { replicas: 1, podNames: [] } });
  // @ts-expect-error a cluster-scoped object has no namespace
  wanted<typeof Plain>({ apiVersion: "g/v1", kind: "Plain", metadata: { name: "a", namespace: "b" }, spec: { a: "" } });
});

test("built-in kinds", () => {
  expectTypeOf<Observed<typeof Pod>["spec"]["containers"][number]["image"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Observed<typeof Pod>["metadata"]["uid"]>().toEqualTypeOf<string>();
  expectTypeOf<NonNullable<Observed<typeof Pod>["status"]>["podIP"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Observed<typeof ConfigMap>["data"]>().toEqualTypeOf<{ readonly [name: string]: string } | undefined>();
  expectTypeOf<Observed<typeof Namespace>["metadata"]["namespace"]>().toEqualTypeOf<undefined>();
  expectTypeOf<StatusOf<typeof ConfigMap>>().toEqualTypeOf<never>();
  const head = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" } } as const;
  wanted<typeof Pod>({ ...head, spec: { containers: [{ name: "c" }] } });
  // @ts-expect-error a Pod has no replicas
  wanted<typeof Pod>({ ...head, spec: { containers: [], replicas: 3 } });
});

test("a reconcile sees only what it declared", () => {
  controller(CustomPod)
    .owns(Pod)
    .watches(ConfigMap, (now) => [{ name: now.metadata.name }])
    .reconcile(async (o, ctx) => {
      expectTypeOf(ctx.list(Pod)).toEqualTypeOf<readonly Observed<typeof Pod>[]>();
      ctx.get(CustomPod, ctx.key);
      // @ts-expect-error Deployment was not declared
      ctx.list(Deployment);
      // @ts-expect-error not the status's shape
      await ctx.status({ replicas: "3" });
      // @ts-expect-error frozen
      o.spec.replicas = 3;
      // @ts-expect-error frozen in depth
      o.status?.podNames.push("x");
      await ctx.apply(
        ctx
          .list(ConfigMap)
          .map((c) => ({ apiVersion: "v1" as const, kind: "ConfigMap" as const, metadata: { name: c.metadata.name }, data: { a: "b" } })),
      );
      await ctx.apply([{ apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: { containers: [] } }]);
      // @ts-expect-error unknown field in a list
      await ctx.apply([{ apiVersion: "v1", kind: "Pod", metadata: { name: "x" }, spec: { containers: [], zzz: 1 } }]);
      await ctx.apply([], { prune: [Pod] });
      // @ts-expect-error undeclared kind to prune
      await ctx.apply([], { prune: [Deployment] });
      // @ts-expect-error undeclared kind
      await ctx.apply({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x" }, spec: { selector: {}, template: {} } });
      return requeue.after("5m");
    });
  controller(Plain).reconcile(async (_o, ctx) => {
    // @ts-expect-error Plain has no status
    await ctx.status({});
  });
});

test("only what is owned can be asked for by its owner, and pruned", () => {
  controller(CustomPod)
    .owns(Pod)
    .watches(ConfigMap, () => [])
    .uses(Deployment)
    .cleanup(async (_object, ctx) => {
      expectTypeOf(ctx.owned(Pod)).toEqualTypeOf<readonly Observed<typeof Pod>[]>();
      // @ts-expect-error watched, not owned
      ctx.owned(ConfigMap);
    })
    .reconcile(async (_object, ctx) => {
      expectTypeOf(ctx.owned(Pod)).toEqualTypeOf<readonly Observed<typeof Pod>[]>();
      // @ts-expect-error watched, not owned
      ctx.owned(ConfigMap);
      // @ts-expect-error used, not owned
      ctx.owned(Deployment);
      // @ts-expect-error the object under reconcile's own kind
      ctx.owned(CustomPod);
      // @ts-expect-error watched, not owned
      await ctx.apply([], { prune: [Pod, ConfigMap] });
      const needsPods = (_: Context<typeof CustomPod, typeof Pod, typeof Pod>): void => {};
      needsPods(ctx);
      const needsLess = (_: Context<typeof CustomPod, typeof Pod | typeof ConfigMap>): void => {};
      needsLess(ctx);
      const needsMore = (_: Context<typeof CustomPod, typeof ConfigMap, typeof ConfigMap>): void => {};
      // @ts-expect-error a helper that works on owned ConfigMaps
      needsMore(ctx);
    });
});

test("a controller of metadata alone is shown no more", () => {
  controller(CustomPod, {
    select: { metadataOnly: true, labelSelector: "app" },
    predicate: (now) => now?.metadata.generation !== 1,
  })
    .owns(Pod)
    .cleanup(async (object) => {
      // @ts-expect-error no spec
      object.spec;
    })
    .reconcile(async (object, ctx) => {
      expectTypeOf(object.metadata.name).toEqualTypeOf<string>();
      // @ts-expect-error no spec
      object.spec;
      ctx.owned(Pod);
      await ctx.status({ replicas: 1, podNames: [] });
    });
  controller(CustomPod, { select: { namespace: "a" }, predicate: (now) => now?.spec.replicas === 1 }).reconcile(async ({ spec }) => {
    expectTypeOf(spec.replicas).toEqualTypeOf<number>();
  });
  // @ts-expect-error no spec
  controller(CustomPod, { select: { metadataOnly: true }, predicate: (now) => now?.spec.replicas === 1 });
});

test("an index is asked for by the kind and the name that it was declared with", () => {
  controller(CustomPod)
    .index("byImage", ({ spec }) => spec.image)
    .watches(ConfigMap, (now, _before, cache) => {
      expectTypeOf(cache.byIndex(CustomPod, "byImage", now.metadata.name)).toEqualTypeOf<readonly Observed<typeof CustomPod>[]>();
      // @ts-expect-error declared only after this
      cache.byIndex(ConfigMap, "byKey", "a");
      // @ts-expect-error Pod was not declared
      cache.list(Pod);
      return cache.byIndex(CustomPod, "byImage", now.metadata.name, { namespace: now.metadata.namespace }).map(({ metadata }) => metadata);
    })
    .index(ConfigMap, "byKey", ({ data }) => Object.keys(data ?? {}))
    .owns(Pod)
    .cleanup(async (_object, ctx) => {
      ctx.byIndex(ConfigMap, "byKey", "a");
    })
    .reconcile(async (_object, ctx) => {
      expectTypeOf(ctx.byIndex(ConfigMap, "byKey", "a")).toEqualTypeOf<readonly Observed<typeof ConfigMap>[]>();
      ctx.byIndex(CustomPod, "byImage", "nginx", { namespace: "a" });
      // @ts-expect-error an index of the other kind
      ctx.byIndex(ConfigMap, "byImage", "a");
      // @ts-expect-error no such index
      ctx.byIndex(CustomPod, "byImages", "a");
      // @ts-expect-error Pod has no index
      ctx.byIndex(Pod, "byKey", "a");
      // @ts-expect-error values are texts
      ctx.byIndex(CustomPod, "byImage", 1);
      const needsIndex = (_: Context<typeof CustomPod, typeof ConfigMap, never, readonly [typeof ConfigMap, "byKey"]>): void => {};
      needsIndex(ctx);
    });
  controller(CustomPod)
    // @ts-expect-error ConfigMap is not declared yet
    .index(ConfigMap, "byKey", () => [])
    .reconcile(async () => {});
  // @ts-expect-error a value that is no text
  controller(CustomPod).index("byReplicas", ({ spec }) => spec.replicas);
  controller(CustomPod, { select: { metadataOnly: true } })
    .index("byLabel", ({ metadata }) => metadata.labels?.["app"])
    // @ts-expect-error no spec
    .index("byImage", ({ spec }) => spec.image);
  controller(CustomPod).reconcile(async (_object, ctx) => {
    // @ts-expect-error nothing is indexed
    ctx.byIndex(CustomPod, "byImage", "a");
  });
});

test("a mistake in an option's name of a controller does not compile", () => {
  controller(CustomPod, { backoff: { base: "1s", max: "1m" }, retryLimit: { perSecond: 10, burst: 100 }, namespaces: ["a"], workers: 2 });
  // @ts-expect-error namespaces
  controller(CustomPod, { namespace: ["a"] });
  // @ts-expect-error base
  controller(CustomPod, { backoff: { bass: "1s" } });
  // @ts-expect-error perSecond is needed
  controller(CustomPod, { retryLimit: { burst: 3 } });
  // @ts-expect-error select.labelSelector
  controller(CustomPod).owns(Pod, { select: { labels: "a" } });
});

test("versions of a kind convert with the types of both", () => {
  const head = { group: "g.example.com", kind: "Boat" } as const;
  const Now = defineResource({ ...head, version: "v2", spec: t.Object({ names: t.Array(t.String()) }) });
  const Old = defineResource({ ...head, version: "v1", spec: t.Object({ name: t.String() }) });
  const Boat = withVersions(Now, [
    formerVersion(Old, Now, {
      upgrade: ({ spec }) => {
        expectTypeOf(spec.name).toEqualTypeOf<string>();
        return { spec: { names: [spec.name] } };
      },
      downgrade: ({ spec }) => ({ spec: { name: spec.names[0] ?? "" }, metadata: { labels: { more: "yes" } } }),
    }),
    // @ts-expect-error not the shape of the version of today
    formerVersion(Old, Now, { upgrade: ({ spec }) => ({ spec: { names: spec.name } }) }),
  ]);
  expectTypeOf<Observed<typeof Boat>["spec"]["names"]>().toEqualTypeOf<readonly string[]>();
});
