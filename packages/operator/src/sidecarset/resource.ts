import type { Cause, KubeObject, Resource } from "@outrigger/kit/api";
import type { SchemaNode } from "@outrigger/kit/schema";
import { kinds } from "@outrigger/machinery/kinds";
import { dropNulls, validate } from "@outrigger/machinery/schema";
import { structural } from "../pod/index.ts";
import { GROUP } from "./names.ts";
import type { SidecarSetSpec, SidecarSetStatus } from "./set.ts";

export type SidecarSetResource<V extends string> = Resource<
  V,
  "SidecarSet",
  { spec: SidecarSetSpec },
  { spec: SidecarSetSpec; status?: SidecarSetStatus },
  "Cluster"
>;

/** SidecarSets in the version in which they are stored. */
export const SidecarSets: SidecarSetResource<"apps.kruise.io/v1beta1"> = {
  apiVersion: "apps.kruise.io/v1beta1",
  kind: "SidecarSet",
  plural: "sidecarsets",
  scope: "Cluster",
};
/** The same objects in kruise's older version. */
export const SidecarSetsV1alpha1: SidecarSetResource<"apps.kruise.io/v1alpha1"> = { ...SidecarSets, apiVersion: "apps.kruise.io/v1alpha1" };

/** Where the API server finds the conversion webhook, as `CustomResourceConversion` says it. */
export interface ConversionClient {
  readonly url?: string;
  readonly service?: { readonly namespace: string; readonly name: string; readonly path?: string; readonly port?: number };
  /** PEM in base64. */
  readonly caBundle?: string;
}

/**
 * The CustomResourceDefinition: v1beta1 stored, v1alpha1 served through conversion, the full schema of containers and
 * volumes, so that a misspelt field is refused under strict field validation and a bad amount always.
 */
export function sidecarSetCrd(conversion: ConversionClient): KubeObject {
  const beta = schema({ customVersion: text });
  const alpha = schema({ namespace: text });
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `sidecarsets.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Cluster",
      names: { kind: "SidecarSet", listKind: "SidecarSetList", plural: "sidecarsets", singular: "sidecarset" },
      conversion: { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"], clientConfig: { ...conversion } } },
      versions: [version("v1alpha1", false, alpha), version("v1beta1", true, beta)],
    },
  };
}

let judged: SchemaNode | undefined;

/** What the definition's schema finds wrong with a set in v1beta1: wrong types, amounts that are none, missing fields. */
export function schemaProblems(set: KubeObject): Cause[] {
  return validate(specSchema(), withoutNulls(set["spec"] ?? {}), { path: "spec" });
}

/** A spec without the nulls that the API server drops; a copy. */
export function withoutNulls<T>(spec: T): T {
  const copy = structuredClone(spec);
  dropNulls(specSchema(), copy);
  return copy;
}

function specSchema(): SchemaNode {
  judged ??= schema({ customVersion: text }).properties?.["spec"] ?? {};
  return judged;
}

function version(name: string, storage: boolean, openAPIV3Schema: SchemaNode): object {
  return {
    name,
    served: true,
    storage,
    schema: { openAPIV3Schema },
    subresources: { status: {} },
    additionalPrinterColumns: [
      { name: "MATCHED", type: "integer", description: "Pods that the set matches", jsonPath: ".status.matchedPods" },
      {
        name: "UPDATED",
        type: "integer",
        description: "Matched pods that carry the set's latest containers",
        jsonPath: ".status.updatedPods",
      },
      { name: "READY", type: "integer", description: "Matched pods that are ready", jsonPath: ".status.readyPods" },
      { name: "AGE", type: "date", description: "Time since the set was created", jsonPath: ".metadata.creationTimestamp" },
      { name: "REVISION", type: "string", description: "The set's latest revision", jsonPath: ".status.latestRevision", priority: 1 },
      { name: "STATE", type: "string", description: "What the rollout waits for", jsonPath: `${ready}.reason`, priority: 1 },
      { name: "MESSAGE", type: "string", description: "The same in a sentence", jsonPath: `${ready}.message`, priority: 1 },
    ],
  };
}

const ready = '.status.conditions[?(@.type=="Ready")]';
const text: SchemaNode = { type: "string" };
const whole: SchemaNode = { type: "integer", format: "int32" };
const yes: SchemaNode = { type: "boolean" };
const countOrPercent: SchemaNode = { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true };
const strings: SchemaNode = { type: "object", additionalProperties: text };
const list = (items: SchemaNode): SchemaNode => ({ type: "array", items });
const object = (properties: Record<string, SchemaNode>, required?: string[]): SchemaNode => ({
  type: "object",
  properties,
  ...(required === undefined ? {} : { required }),
});
export const labelSelectorSchema: SchemaNode = object({
  matchLabels: strings,
  matchExpressions: list(object({ key: text, operator: text, values: list(text) }, ["key", "operator"])),
});

function schema(more: Record<string, SchemaNode>): SchemaNode {
  const pod = kinds().byKind("", "v1", "Pod")?.schema.properties?.["spec"]?.properties ?? {};
  const core = structural(pod["containers"]?.items ?? {}).properties ?? {};
  const volumes = structural(pod["volumes"] ?? {});
  const sidecar = object({ ...core, ...ownFields() }, ["name"]);
  const spec = object(
    {
      ...more,
      selector: labelSelectorSchema,
      namespaceSelector: labelSelectorSchema,
      containers: list(sidecar),
      initContainers: list(sidecar),
      volumes,
      imagePullSecrets: list(object({ name: text })),
      patchPodMetadata: list(object({ annotations: strings, patchPolicy: text })),
      injectionStrategy: object({
        paused: yes,
        revision: object({ customVersion: text, revisionName: text, policy: { type: "string", enum: ["Always", "Partial"] } }),
      }),
      updateStrategy: updateStrategy(),
      revisionHistoryLimit: whole,
    },
    ["selector"],
  );
  const counts = [
    "observedGeneration",
    "matchedPods",
    "updatedPods",
    "readyPods",
    "updatedReadyPods",
    "collisionCount",
    "missedPods",
    "rejectedClaims",
  ];
  const status = object({
    ...Object.fromEntries(counts.map((name) => [name, { type: "integer" } satisfies SchemaNode])),
    latestRevision: text,
    conditions: list(
      object(
        {
          type: text,
          status: text,
          reason: text,
          message: text,
          observedGeneration: { type: "integer" },
          lastTransitionTime: { type: "string", format: "date-time" },
        },
        ["type", "status"],
      ),
    ),
  });
  return object({ apiVersion: text, kind: text, metadata: { type: "object" }, spec, status });
}

/** What kruise adds to a container. */
function ownFields(): Record<string, SchemaNode> {
  const share = object({ type: text });
  const expressions = object({ cpu: text, memory: text });
  return {
    podInjectPolicy: text,
    upgradeStrategy: object({ upgradeType: text, hotUpgradeEmptyImage: text }),
    shareVolumePolicy: share,
    shareVolumeDevicePolicy: share,
    transferEnv: list(
      object({
        sourceContainerName: text,
        sourceContainerNameFrom: object({ fieldRef: object({ apiVersion: text, fieldPath: text }) }),
        envName: text,
        envNames: list(text),
      }),
    ),
    resourcesPolicy: object({
      targetContainersMode: { type: "string", enum: ["sum", "max"] },
      targetContainersNameRegex: text,
      resourcesExpr: object({ limits: expressions, requests: expressions }),
    }),
  };
}

function updateStrategy(): SchemaNode {
  return object({
    type: text,
    paused: yes,
    selector: labelSelectorSchema,
    partition: countOrPercent,
    maxUnavailable: countOrPercent,
    priorityStrategy: object({
      weightPriority: list(object({ weight: whole, matchSelector: labelSelectorSchema }, ["weight", "matchSelector"])),
      orderPriority: list(object({ orderedKey: text }, ["orderedKey"])),
    }),
    scatterStrategy: list(object({ key: text, value: text }, ["key", "value"])),
  });
}
