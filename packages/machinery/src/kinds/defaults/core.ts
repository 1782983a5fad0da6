// pkg/apis/core/v1/defaults.go, but for pods.
import { type Defaulter, type Defaulters, fillMap, inSpec, type Json, list } from "./json.ts";
import { defaultPod, defaultPodSpec } from "./pod.ts";
import { labelsFromTemplate, template } from "./template.ts";

const service: Defaulter = inSpec((spec, object) => {
  spec["sessionAffinity"] ||= "None";
  if (spec["sessionAffinity"] === "ClientIP" && spec["sessionAffinityConfig"]?.clientIP?.timeoutSeconds === undefined)
    spec["sessionAffinityConfig"] = { clientIP: { timeoutSeconds: 10_800 } };
  if (spec["sessionAffinity"] === "None") delete spec["sessionAffinityConfig"];
  spec["type"] ||= "ClusterIP";
  for (const port of list(spec["ports"])) {
    port["protocol"] ||= "TCP";
    if (port["targetPort"] === undefined || port["targetPort"] === 0 || port["targetPort"] === "") port["targetPort"] = port["port"] ?? 0;
  }
  const balanced = spec["type"] === "LoadBalancer";
  if (spec["type"] === "NodePort" || balanced || (spec["type"] === "ClusterIP" && list(spec["externalIPs"]).length > 0))
    spec["externalTrafficPolicy"] ||= "Cluster";
  if (spec["type"] === "NodePort" || balanced || spec["type"] === "ClusterIP") spec["internalTrafficPolicy"] ??= "Cluster";
  if (!balanced) return;
  spec["allocateLoadBalancerNodePorts"] ??= true;
  for (const ingress of list(object["status"]?.loadBalancer?.ingress)) if (ingress["ip"]) ingress["ipMode"] ??= "VIP";
});

const limitRange: Defaulter = inSpec((spec) => {
  for (const limit of list(spec["limits"])) {
    if (limit["type"] !== "Container") continue;
    const standIn = (field: string, from: string): void => {
      const filled = fillMap(limit[field] as Json | undefined, limit[from] as Json | undefined);
      if (filled) limit[field] = filled;
    };
    standIn("default", "max");
    standIn("defaultRequest", "default");
    standIn("defaultRequest", "min");
  }
});

/** What a claim has wherever it stands: alone, in a StatefulSet, in a volume of a pod. */
export function defaultClaimSpec(spec: Json): void {
  spec["volumeMode"] ??= "Filesystem";
}

export const coreDefaulters: Defaulters = {
  "/Pod": defaultPod,
  "/PodTemplate": (object) => {
    object["template"] ??= {};
    object["template"].spec ??= {};
    defaultPodSpec(object["template"].spec as Json);
  },
  "/ReplicationController": inSpec((spec, object) => {
    labelsFromTemplate(object, spec);
    spec["replicas"] ??= 1;
    if (spec["template"]) template(spec);
  }),
  "/Service": service,
  "/Secret": (object) => {
    object["type"] ||= "Opaque";
  },
  "/Namespace": inSpec((_, object) => {
    const name = object["metadata"]?.name as string | undefined;
    // Without a name the namespace is yet to be named, and is labelled then.
    if (name) object["metadata"].labels = { ...object["metadata"].labels, "kubernetes.io/metadata.name": name };
    object["status"] ??= {};
    object["status"].phase ||= "Active";
  }),
  "/Node": (object) => {
    const status = object["status"] as Json | undefined;
    if (status?.["capacity"] && !status["allocatable"]) status["allocatable"] = { ...status["capacity"] };
  },
  "/PersistentVolume": inSpec((spec, object) => {
    spec["persistentVolumeReclaimPolicy"] ||= "Retain";
    defaultClaimSpec(spec);
    if (spec["hostPath"]) spec["hostPath"].type ??= "";
    object["status"] ??= {};
    object["status"].phase ||= "Pending";
  }),
  "/PersistentVolumeClaim": inSpec((spec, object) => {
    defaultClaimSpec(spec);
    object["status"] ??= {};
    object["status"].phase ||= "Pending";
  }),
  "/Endpoints": (object) => {
    for (const subset of list(object["subsets"])) for (const port of list(subset["ports"])) port["protocol"] ||= "TCP";
  },
  "/LimitRange": limitRange,
};
