import { controller } from "@outrigger/kit/controller";
import { Namespace, Node } from "@outrigger/kit/kinds";
import { defineResource, t } from "@outrigger/kit/schema";
import { describe, expect, test } from "vitest";
import { chooseFeatures, type Feature, featureRules } from "./index.ts";

const Widget = defineResource({ group: "example.com", version: "v1", kind: "Widget", spec: t.Object({}), status: t.Object({}) });
const always: Feature = { name: "always", reads: [{ resource: Namespace }] };
const asked: Feature = {
  name: "asked",
  optional: true,
  definitions: () => [Widget.crd() as never],
  controllers: [controller(Widget).reconcile(async () => {})],
  configurations: (webhook) => [
    { apiVersion: "v1", kind: "MutatingWebhookConfiguration", metadata: { name: "widgets" }, webhooks: [webhook] },
  ],
  reads: [{ resource: Node }, { resource: Node, options: { namespace: "own" } }],
  permissions: [{ apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] }],
};

describe("which features are on", () => {
  test("those that are not optional, and those that are named", () => {
    expect(chooseFeatures([always, asked], [])).toEqual({ on: [always], off: [asked] });
    expect(chooseFeatures([always, asked], ["asked"])).toEqual({ on: [always, asked], off: [] });
    expect(chooseFeatures([always, asked], ["all"]).off).toEqual([]);
  });

  test("a name that no feature has is refused, with the names that there are", () => {
    expect(() => chooseFeatures([always, asked], ["aksed"])).toThrow('there is no feature "aksed": write one of all, asked');
    expect(() => chooseFeatures([always], ["x"])).toThrow("none can be turned on");
  });
});

test("the rights of features follow from all that they declare", () => {
  expect(featureRules([always, asked])).toEqual([
    { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
    { apiGroups: [""], resources: ["namespaces", "nodes"], verbs: ["get", "list", "watch"] },
    { apiGroups: [""], resources: ["nodes/status"], verbs: ["patch"] },
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["mutatingwebhookconfigurations"],
      resourceNames: ["widgets"],
      verbs: ["list", "watch", "patch"],
    },
    { apiGroups: ["admissionregistration.k8s.io"], resources: ["mutatingwebhookconfigurations"], verbs: ["create"] },
    {
      apiGroups: ["apiextensions.k8s.io"],
      resources: ["customresourcedefinitions"],
      resourceNames: ["widgets.example.com"],
      verbs: ["get", "list", "watch", "patch"],
    },
    { apiGroups: ["apiextensions.k8s.io"], resources: ["customresourcedefinitions"], verbs: ["create"] },
    { apiGroups: ["example.com"], resources: ["widgets"], verbs: ["get", "list", "watch"] },
    { apiGroups: ["example.com"], resources: ["widgets/status"], verbs: ["patch"] },
  ]);
});

test("of a feature that is off only the right to take its webhooks away is left", () => {
  expect(featureRules([always], [asked])).toEqual([
    { apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] },
    {
      apiGroups: ["admissionregistration.k8s.io"],
      resources: ["mutatingwebhookconfigurations"],
      resourceNames: ["widgets"],
      verbs: ["delete"],
    },
  ]);
});
