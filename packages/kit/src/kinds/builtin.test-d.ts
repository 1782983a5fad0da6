import { expectTypeOf, test } from "vitest";
import type { Desired, Observed, StatusOf } from "../api/index.ts";
import type { ConfigMap, CustomResourceDefinition, Deployment, Namespace, Pod, ResourceClaim } from "./builtin.ts";

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

test("built-in kinds have the fields of the release whose table the kit ships", () => {
  expectTypeOf<NonNullable<Deployment["status"]>["terminatingReplicas"]>().toEqualTypeOf<number | undefined>();
  expectTypeOf<NonNullable<Pod["spec"]["resources"]>["limits"]>().toEqualTypeOf<{ readonly [name: string]: string } | undefined>();
  expectTypeOf<NonNullable<NonNullable<Pod["spec"]["volumes"]>[number]["image"]>["reference"]>().toEqualTypeOf<string | undefined>();
  expectTypeOf<ResourceClaim["apiVersion"]>().toEqualTypeOf<"resource.k8s.io/v1">();
});

test("a kind's name is the type of its objects too", () => {
  expectTypeOf<Pod>().toEqualTypeOf<Observed<typeof Pod>>();
});

test("what OpenAPI does not say of a schema of schemas, its type says", () => {
  type Schema = NonNullable<NonNullable<CustomResourceDefinition["spec"]["versions"][number]["schema"]>["openAPIV3Schema"]>;
  expectTypeOf<Extract<Schema["additionalProperties"], boolean>>().toEqualTypeOf<boolean>();
  expectTypeOf<Schema["default"]>().toEqualTypeOf<unknown>();
});
