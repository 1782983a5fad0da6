import { expectTypeOf, test } from "vitest";
import type { Desired, Observed, StatusOf } from "../api/index.ts";
import type { ConfigMap, Namespace, Pod } from "./builtin.ts";

test("built-in kinds have their static types", () => {
  expectTypeOf<Observed<typeof Pod>["spec"]["containers"][number]["image"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Observed<typeof Pod>["metadata"]["uid"]>().toEqualTypeOf<string>();
  expectTypeOf<NonNullable<Observed<typeof Pod>["status"]>["podIP"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<Observed<typeof ConfigMap>["data"]>().toEqualTypeOf<{ readonly [name: string]: string } | undefined>();
  expectTypeOf<Observed<typeof Namespace>["metadata"]["namespace"]>().toEqualTypeOf<undefined>();
  expectTypeOf<StatusOf<typeof ConfigMap>>().toEqualTypeOf<never>();
  const pod: Desired<typeof Pod> = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { containers: [{ name: "c" }] } };
  // @ts-expect-error a Pod has no replicas
  const wrong: Desired<typeof Pod> = { apiVersion: "v1", kind: "Pod", metadata: { name: "a" }, spec: { containers: [], replicas: 3 } };
  void [pod, wrong];
});
