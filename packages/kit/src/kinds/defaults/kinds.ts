// What Kubernetes fills into each kind (pkg/apis/*​/v1/defaults.go), keyed by group and kind.
import { defaultPod, defaultPodSpec } from "./pod.ts";

type Json = Record<string, any>; // biome-ignore lint/suspicious/noExplicitAny: untyped objects of many shapes
export type Defaulter = (object: Json) => void;

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const inSpec = (fill: (spec: Json, object: Json) => void): Defaulter => (object) => fill((object["spec"] ??= {}) as Json, object);
const template = (spec: Json): void => {
  spec["template"] ??= {};
  spec["template"].metadata ??= {};
  spec["template"].spec ??= {};
  defaultPodSpec(spec["template"].spec as Json);
};

const service: Defaulter = inSpec((spec) => {
  spec["sessionAffinity"] ||= "None";
  if (spec["sessionAffinity"] === "ClientIP") {
    spec["sessionAffinityConfig"] ??= {};
    spec["sessionAffinityConfig"].clientIP ??= {};
    spec["sessionAffinityConfig"].clientIP.timeoutSeconds ??= 10_800;
  }
  if (spec["sessionAffinity"] === "None") delete spec["sessionAffinityConfig"];
  spec["type"] ||= "ClusterIP";
  for (const port of list(spec["ports"])) {
    port["protocol"] ||= "TCP";
    if (port["targetPort"] === undefined || port["targetPort"] === 0 || port["targetPort"] === "") port["targetPort"] = port["port"];
  }
  if (spec["type"] === "NodePort" || spec["type"] === "LoadBalancer") spec["externalTrafficPolicy"] ||= "Cluster";
  if (spec["type"] !== "ExternalName") spec["internalTrafficPolicy"] ??= "Cluster";
  if (spec["type"] === "LoadBalancer") spec["allocateLoadBalancerNodePorts"] ??= true;
});

const webhooks: Defaulter = (object) => {
  for (const webhook of list(object["webhooks"])) {
    webhook["failurePolicy"] ??= "Fail";
    webhook["matchPolicy"] ??= "Equivalent";
    webhook["namespaceSelector"] ??= {};
    webhook["objectSelector"] ??= {};
    webhook["timeoutSeconds"] ??= 10;
    if (webhook["clientConfig"]?.service) webhook["clientConfig"].service.port ??= 443;
    for (const rule of list(webhook["rules"])) rule["scope"] ??= "*";
  }
};

const roleRef: Defaulter = (binding) => {
  if (binding["roleRef"]) binding["roleRef"].apiGroup ||= "rbac.authorization.k8s.io";
  for (const subject of list(binding["subjects"])) if (!subject["apiGroup"] && (subject["kind"] === "User" || subject["kind"] === "Group")) subject["apiGroup"] = "rbac.authorization.k8s.io";
};

const resourceRules = (constraints: Json | undefined): void => {
  if (!constraints) return;
  constraints["matchPolicy"] ??= "Equivalent";
  constraints["namespaceSelector"] ??= {};
  constraints["objectSelector"] ??= {};
  for (const rule of [...list(constraints["resourceRules"]), ...list(constraints["excludeResourceRules"])]) rule["scope"] ??= "*";
};

const job = (spec: Json, labels: Json | undefined): void => {
  template(spec);
  if (spec["completions"] === undefined && spec["parallelism"] === undefined) {
    spec["completions"] = 1;
    spec["parallelism"] = 1;
  }
  spec["parallelism"] ??= 1;
  spec["backoffLimit"] ??= spec["backoffLimitPerIndex"] === undefined ? 6 : 2_147_483_647;
  spec["completionMode"] ??= "NonIndexed";
  spec["suspend"] ??= false;
  spec["manualSelector"] ??= undefined;
  spec["podReplacementPolicy"] ??= spec["podFailurePolicy"] ? "Failed" : "TerminatingOrFailed";
  for (const rule of list(spec["podFailurePolicy"]?.rules)) for (const pattern of list(rule["onPodConditions"])) pattern["status"] ||= "True";
  void labels;
};

const claimSpec = (spec: Json): void => {
  spec["volumeMode"] ??= "Filesystem";
};

/** Labels of a template stand in for those of the object and its selector. */
const labelsFromTemplate = (object: Json, spec: Json): void => {
  const labels = spec["template"]?.metadata?.labels as Json | undefined;
  if (!labels) return;
  spec["selector"] ??= { ...labels };
  if (Object.keys(object["metadata"]?.labels ?? {}).length === 0) object["metadata"] = { ...object["metadata"], labels: { ...labels } };
};

export const defaulters: Readonly<Record<string, Defaulter>> = {
  "/Pod": defaultPod,
  "/PodTemplate": (object) => defaultPodSpec(((object["template"] ??= {}).spec ??= {}) as Json),
  "/ReplicationController": inSpec((spec, object) => {
    labelsFromTemplate(object, spec);
    spec["replicas"] ??= 1;
    if (spec["template"]) template(spec);
  }),
  "/Service": service,
  "/Secret": (object) => void (object["type"] ||= "Opaque"),
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
    spec["volumeMode"] ??= "Filesystem";
    if (spec["hostPath"]) spec["hostPath"].type ??= "";
    object["status"] ??= {};
    object["status"].phase ||= "Pending";
  }),
  "/PersistentVolumeClaim": inSpec((spec, object) => {
    claimSpec(spec);
    object["status"] ??= {};
    object["status"].phase ||= "Pending";
  }),
  "/Endpoints": (object) => {
    for (const subset of list(object["subsets"])) for (const port of list(subset["ports"])) port["protocol"] ||= "TCP";
  },
  "/LimitRange": inSpec((spec) => {
    for (const limit of list(spec["limits"])) {
      if (limit["type"] !== "Container") continue;
      const standIn = (field: string, from: string): void => {
        if (!limit[from]) return;
        limit[field] = { ...limit[from], ...limit[field] };
      };
      standIn("default", "max");
      standIn("defaultRequest", "default");
      standIn("defaultRequest", "min");
    }
  }),
  "apps/Deployment": inSpec((spec) => {
    spec["replicas"] ??= 1;
    spec["strategy"] ??= {};
    spec["strategy"].type ||= "RollingUpdate";
    if (spec["strategy"].type === "RollingUpdate") {
      spec["strategy"].rollingUpdate ??= {};
      spec["strategy"].rollingUpdate.maxUnavailable ??= "25%";
      spec["strategy"].rollingUpdate.maxSurge ??= "25%";
    }
    spec["revisionHistoryLimit"] ??= 10;
    spec["progressDeadlineSeconds"] ??= 600;
    template(spec);
  }),
  "apps/ReplicaSet": inSpec((spec) => {
    spec["replicas"] ??= 1;
    template(spec);
  }),
  "apps/StatefulSet": inSpec((spec) => {
    spec["podManagementPolicy"] ||= "OrderedReady";
    spec["updateStrategy"] ??= {};
    spec["updateStrategy"].type ||= "RollingUpdate";
    if (spec["updateStrategy"].type === "RollingUpdate") {
      spec["updateStrategy"].rollingUpdate ??= {};
      spec["updateStrategy"].rollingUpdate.partition ??= 0;
    }
    spec["persistentVolumeClaimRetentionPolicy"] ??= {};
    spec["persistentVolumeClaimRetentionPolicy"].whenDeleted ||= "Retain";
    spec["persistentVolumeClaimRetentionPolicy"].whenScaled ||= "Retain";
    spec["replicas"] ??= 1;
    spec["revisionHistoryLimit"] ??= 10;
    template(spec);
    for (const claim of list(spec["volumeClaimTemplates"])) {
      claim["apiVersion"] ||= "v1";
      claim["kind"] ||= "PersistentVolumeClaim";
      claim["spec"] ??= {};
      claimSpec(claim["spec"] as Json);
      claim["status"] ??= {};
      claim["status"].phase ||= "Pending";
    }
  }),
  "apps/DaemonSet": inSpec((spec) => {
    spec["updateStrategy"] ??= {};
    spec["updateStrategy"].type ||= "RollingUpdate";
    if (spec["updateStrategy"].type === "RollingUpdate") {
      spec["updateStrategy"].rollingUpdate ??= {};
      spec["updateStrategy"].rollingUpdate.maxUnavailable ??= 1;
      spec["updateStrategy"].rollingUpdate.maxSurge ??= 0;
    }
    spec["revisionHistoryLimit"] ??= 10;
    template(spec);
  }),
  "batch/Job": inSpec((spec, object) => job(spec, object["metadata"]?.labels as Json | undefined)),
  "batch/CronJob": inSpec((spec) => {
    spec["concurrencyPolicy"] ||= "Allow";
    spec["suspend"] ??= false;
    spec["successfulJobsHistoryLimit"] ??= 3;
    spec["failedJobsHistoryLimit"] ??= 1;
    const inner = spec["jobTemplate"]?.spec as Json | undefined;
    if (inner) template(inner);
  }),
  "autoscaling/HorizontalPodAutoscaler": inSpec((spec) => {
    spec["minReplicas"] ??= 1;
  }),
  "networking.k8s.io/NetworkPolicy": inSpec((spec) => {
    for (const rule of [...list(spec["ingress"]), ...list(spec["egress"])]) for (const port of list(rule["ports"])) port["protocol"] ??= "TCP";
    if (list(spec["policyTypes"]).length === 0) spec["policyTypes"] = list(spec["egress"]).length > 0 ? ["Ingress", "Egress"] : ["Ingress"];
  }),
  "networking.k8s.io/IngressClass": inSpec((spec) => {
    if (spec["parameters"]) spec["parameters"].scope ??= "Cluster";
  }),
  "discovery.k8s.io/EndpointSlice": (object) => {
    for (const port of list(object["ports"])) {
      port["name"] ??= "";
      port["protocol"] ??= "TCP";
    }
  },
  "rbac.authorization.k8s.io/RoleBinding": roleRef,
  "rbac.authorization.k8s.io/ClusterRoleBinding": roleRef,
  "scheduling.k8s.io/PriorityClass": (object) => void (object["preemptionPolicy"] ??= "PreemptLowerPriority"),
  "storage.k8s.io/StorageClass": (object) => {
    object["reclaimPolicy"] ??= "Delete";
    object["volumeBindingMode"] ??= "Immediate";
  },
  "storage.k8s.io/CSIDriver": inSpec((spec) => {
    spec["attachRequired"] ??= true;
    spec["podInfoOnMount"] ??= false;
    spec["storageCapacity"] ??= false;
    spec["fsGroupPolicy"] ??= "ReadWriteOnceWithFSType";
    if (list(spec["volumeLifecycleModes"]).length === 0) spec["volumeLifecycleModes"] = ["Persistent"];
    spec["requiresRepublish"] ??= false;
    spec["seLinuxMount"] ??= false;
  }),
  "admissionregistration.k8s.io/MutatingWebhookConfiguration": (object) => {
    webhooks(object);
    for (const webhook of list(object["webhooks"])) webhook["reinvocationPolicy"] ??= "Never";
  },
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration": webhooks,
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy": inSpec((spec) => {
    spec["failurePolicy"] ??= "Fail";
    resourceRules(spec["matchConstraints"] as Json | undefined);
  }),
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": inSpec((spec) => resourceRules(spec["matchResources"] as Json | undefined)),
  "admissionregistration.k8s.io/MutatingAdmissionPolicy": inSpec((spec) => {
    spec["failurePolicy"] ??= "Fail";
    spec["reinvocationPolicy"] ||= "Never";
    resourceRules(spec["matchConstraints"] as Json | undefined);
  }),
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": inSpec((spec) => resourceRules(spec["matchResources"] as Json | undefined)),
  "apiextensions.k8s.io/CustomResourceDefinition": inSpec((spec, object) => {
    spec["scope"] ||= "Namespaced";
    const names = (spec["names"] ??= {}) as Json;
    names["singular"] ||= String(names["kind"] ?? "").toLowerCase() || undefined;
    names["listKind"] ||= names["kind"] ? `${names["kind"]}List` : undefined;
    spec["conversion"] ??= { strategy: "None" };
    if (spec["conversion"].webhook?.clientConfig?.service) spec["conversion"].webhook.clientConfig.service.port ??= 443;
    object["status"] ??= {};
    if (list(object["status"].storedVersions).length === 0) {
      const stored = list(spec["versions"]).filter((version) => version["storage"] === true);
      if (stored.length > 0) object["status"].storedVersions = stored.map((version) => version["name"] as string);
    }
  }),
  "apiregistration.k8s.io/APIService": inSpec((spec) => {
    if (spec["service"]) spec["service"].port ??= 443;
  }),
};
