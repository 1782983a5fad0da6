// The defaults of the smaller groups: pkg/apis/{networking,discovery,rbac,scheduling,storage,flowcontrol,resource}, and those of
// apiextensions and of the aggregator.
import { type Defaulter, type Defaulters, inSpec, type Json, list } from "./json.ts";

const RBAC = "rbac.authorization.k8s.io";

const binding: Defaulter = (object) => {
  if (object["roleRef"]) object["roleRef"].apiGroup ||= RBAC;
  for (const subject of list(object["subjects"]))
    if (subject["kind"] === "User" || subject["kind"] === "Group") subject["apiGroup"] ||= RBAC;
};

const priorityLevel: Defaulter = inSpec((spec) => {
  for (const [share, settings] of [
    [0, spec["exempt"]],
    [30, spec["limited"]],
  ] as [number, Json | undefined][]) {
    if (!settings) continue;
    settings["nominalConcurrencyShares"] ??= share;
    settings["lendablePercent"] ??= 0;
  }
  const queuing = spec["limited"]?.limitResponse?.queuing as Json | undefined;
  if (!queuing) return;
  queuing["queues"] ||= 64;
  queuing["handSize"] ||= 8;
  queuing["queueLengthLimit"] ||= 50;
});

function deviceRequest(request: Json | undefined): void {
  if (!request) return;
  request["allocationMode"] ||= "ExactCount";
  if (request["allocationMode"] === "ExactCount") request["count"] ||= 1;
}

function claim(spec: Json | undefined): void {
  for (const request of list(spec?.["devices"]?.requests)) {
    deviceRequest(request["exactly"] as Json | undefined);
    for (const alternative of list(request["firstAvailable"])) deviceRequest(alternative);
  }
}

const customResourceDefinition: Defaulter = inSpec((spec, object) => {
  spec["names"] ??= {};
  const names = spec["names"] as Json;
  if (!names["singular"] && names["kind"]) names["singular"] = String(names["kind"]).toLowerCase();
  if (!names["listKind"] && names["kind"]) names["listKind"] = `${names["kind"]}List`;
  spec["conversion"] ??= { strategy: "None" };
  if (spec["conversion"].webhook?.clientConfig?.service) spec["conversion"].webhook.clientConfig.service.port ??= 443;
  object["status"] ??= {};
  if (list(object["status"].storedVersions).length > 0) return;
  const stored = list(spec["versions"]).find((version) => version["storage"] === true);
  if (stored) object["status"].storedVersions = [stored["name"]];
});

export const clusterDefaulters: Defaulters = {
  "networking.k8s.io/NetworkPolicy": inSpec((spec) => {
    for (const rule of [...list(spec["ingress"]), ...list(spec["egress"])])
      for (const port of list(rule["ports"])) port["protocol"] ??= "TCP";
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
  "rbac.authorization.k8s.io/RoleBinding": binding,
  "rbac.authorization.k8s.io/ClusterRoleBinding": binding,
  "scheduling.k8s.io/PriorityClass": (object) => {
    object["preemptionPolicy"] ??= "PreemptLowerPriority";
  },
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
  "flowcontrol.apiserver.k8s.io/FlowSchema": inSpec((spec) => {
    spec["matchingPrecedence"] ||= 1000;
  }),
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": priorityLevel,
  "resource.k8s.io/ResourceClaim": inSpec(claim),
  "resource.k8s.io/ResourceClaimTemplate": inSpec((spec) => claim(spec["spec"] as Json | undefined)),
  "apiextensions.k8s.io/CustomResourceDefinition": customResourceDefinition,
  "apiregistration.k8s.io/APIService": inSpec((spec) => {
    if (spec["service"]) spec["service"].port ??= 443;
  }),
};
