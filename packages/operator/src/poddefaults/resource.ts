import type { KubeObject, Resource } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import type { PodDefaultsSpec } from "./pod-defaults.ts";

export interface PodDefaultsStatus {
  observedGeneration?: number;
  conditions?: { type: string; status: string; reason: string; message: string; observedGeneration?: number; lastTransitionTime: string }[];
}

/** `outrigger.dev/v1alpha1 PodDefaults`, cluster-scoped. */
export const PodDefaultsKind: Resource<
  "outrigger.dev/v1alpha1",
  "PodDefaults",
  { spec: PodDefaultsSpec },
  { spec: PodDefaultsSpec; status?: PodDefaultsStatus },
  "Cluster"
> = {
  apiVersion: "outrigger.dev/v1alpha1",
  kind: "PodDefaults",
  plural: "poddefaults",
  scope: "Cluster",
};

/** The CustomResourceDefinition of PodDefaults. */
export function podDefaultsCrd(): KubeObject {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "poddefaults.outrigger.dev" },
    spec: {
      group: "outrigger.dev",
      scope: "Cluster",
      names: { kind: "PodDefaults", listKind: "PodDefaultsList", plural: "poddefaults", singular: "poddefaults" },
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema() },
          subresources: { status: {} },
          additionalPrinterColumns: [
            { name: "PRIORITY", type: "integer", jsonPath: ".spec.priority" },
            { name: "READY", type: "string", jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
            { name: "AGE", type: "date", jsonPath: ".metadata.creationTimestamp" },
          ],
        },
      ],
    },
  };
}

let specSchema: SchemaNode | undefined;

/** The schema of the spec. */
export function podDefaultsSchema(): SchemaNode {
  specSchema ??= schema().properties?.["spec"] ?? {};
  return specSchema;
}

/** Of a label's or annotation's key: 253 of the prefix, the slash, 63 of the name. */
const MAX_NAME = 317;
/** What an annotation may have; labels may have less. */
const MAX_VALUE = 65_536;

function schema(): SchemaNode {
  const text: SchemaNode = { type: "string" };
  const object = (properties: Record<string, SchemaNode>, required?: string[]): SchemaNode => ({
    type: "object",
    properties,
    ...(required === undefined ? {} : { required }),
  });
  const selector = object({
    matchLabels: { type: "object", additionalProperties: text },
    matchExpressions: {
      type: "array",
      items: object(
        {
          key: text,
          operator: { type: "string", enum: ["In", "NotIn", "Exists", "DoesNotExist"] },
          values: { type: "array", items: text },
        },
        ["key", "operator"],
      ),
    },
  });
  const source: SchemaNode = {
    ...object({ environment: text, namespaceLabel: text, fieldPath: text, workloadName: { type: "boolean", enum: [true] } }),
    minProperties: 1,
    maxProperties: 1,
  };
  const entry: SchemaNode = {
    ...object(
      {
        name: { type: "string", minLength: 1, maxLength: MAX_NAME },
        value: { type: "string", maxLength: MAX_VALUE },
        valueFrom: source,
        override: { type: "boolean" },
      },
      ["name"],
    ),
    "x-kubernetes-validations": [
      { rule: "has(self.value) != has(self.valueFrom)", message: "exactly one of value and valueFrom says what the value is" },
    ],
  };
  const entries: SchemaNode = { type: "array", items: entry, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };
  const condition = object(
    {
      type: text,
      status: text,
      reason: text,
      message: text,
      observedGeneration: { type: "integer" },
      lastTransitionTime: { type: "string", format: "date-time" },
    },
    ["type", "status"],
  );
  return object(
    {
      apiVersion: text,
      kind: text,
      metadata: { type: "object" },
      spec: object({
        selector,
        namespaceSelector: selector,
        priority: { type: "integer", format: "int32" },
        labels: entries,
        annotations: entries,
        env: entries,
        proxies: { type: "boolean" },
        sidecarReadinessGate: { type: "boolean" },
      }),
      status: object({ observedGeneration: { type: "integer" }, conditions: { type: "array", items: condition } }),
    },
    ["spec"],
  );
}
