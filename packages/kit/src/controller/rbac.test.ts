import { Type as t } from "typebox";
import { expect, test } from "vitest";
import { builtIn } from "../api/index.ts";
import { defineResource } from "../schema/index.ts";
import { controller, leaseRules, mergeRules, rbacRules } from "./index.ts";

const Pod = builtIn<{ apiVersion?: "v1"; kind?: "Pod"; metadata?: object }>()("v1", "Pod", "pods", "Namespaced");
const Node = builtIn<{ apiVersion?: "v1"; kind?: "Node"; metadata?: object }>()("v1", "Node", "nodes", "Cluster");
const CustomPod = defineResource({
  group: "zhhnzw.mock.com",
  version: "v1",
  kind: "CustomPod",
  spec: t.Object({ replicas: t.Integer() }),
  status: t.Object({ replicas: t.Integer() }),
});
const read = ["get", "list", "watch"];
const events = { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] };

test("the rights of a controller follow from what it declares, and are no more", () => {
  const one = controller(CustomPod)
    .owns(Pod)
    .uses(Node)
    .cleanup(async () => {})
    .reconcile(async () => {});
  expect(rbacRules([one])).toEqual([
    events,
    { apiGroups: [""], resources: ["nodes"], verbs: read },
    { apiGroups: [""], resources: ["pods"], verbs: [...read, "create", "patch", "delete"] },
    { apiGroups: ["zhhnzw.mock.com"], resources: ["custompods"], verbs: [...read, "patch"] },
    { apiGroups: ["zhhnzw.mock.com"], resources: ["custompods/finalizers"], verbs: ["update"] },
    { apiGroups: ["zhhnzw.mock.com"], resources: ["custompods/status"], verbs: ["patch"] },
  ]);
});

test("what only watches may only read, and says what else it does", () => {
  const watching = controller(Pod)
    .watches(Node, () => [])
    .reconcile(async () => {});
  expect(rbacRules([watching])).toEqual([events, { apiGroups: [""], resources: ["nodes", "pods"], verbs: read }]);
  const writing = controller(Pod, { verbs: ["update"] })
    .uses(Node, { verbs: ["patch"] })
    .permissions({ apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] })
    .reconcile(async () => {});
  expect(rbacRules([writing])).toEqual([
    events,
    { apiGroups: [""], resources: ["nodes"], verbs: [...read, "patch"] },
    { apiGroups: [""], resources: ["pods"], verbs: [...read, "update"] },
    { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
  ]);
});

test("rules of several controllers merge, but never across groups or names", () => {
  const rule = (group: string, resource: string, verbs: string[], resourceNames?: string[]) => ({
    apiGroups: [group],
    resources: [resource],
    verbs,
    ...(resourceNames ? { resourceNames } : {}),
  });
  expect(
    mergeRules([
      rule("", "pods", ["list"]),
      rule("", "pods", ["get"]),
      rule("", "nodes", ["get", "list"]),
      rule("apps", "pods", ["get", "list"]),
    ]),
  ).toEqual([
    { apiGroups: [""], resources: ["nodes", "pods"], verbs: ["get", "list"] },
    { apiGroups: ["apps"], resources: ["pods"], verbs: ["get", "list"] },
  ]);
  expect(mergeRules(leaseRules("m"))).toEqual([
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["m"], verbs: ["get", "update"] },
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
  ]);
});
