import type { apiregistration, coordination, core, flowcontrol, node, resource, scheduling } from "@outrigger/kit/kubernetes";
import { age, name, type Printer, type Printers, printer } from "./printer.ts";

const nameAndAge: Printer = (object, now) => [name(object), age(object, now)];

export const clusterCells: Printers = {
  "/Node": printer<core.Node>((object, now) => {
    const { architecture, containerRuntimeVersion, kernelVersion, kubeletVersion, osImage } = object.status?.nodeInfo ?? {};
    const address = (type: string): string => object.status?.addresses?.find((one) => one.type === type)?.address ?? "<none>";
    return [
      name(object),
      nodeStatus(object),
      nodeRoles(object) || "<none>",
      age(object, now),
      kubeletVersion ?? "",
      address("InternalIP"),
      address("ExternalIP"),
      osImage || "<unknown>",
      `${kernelVersion || "<unknown>"}${architecture ? ` (${architecture})` : ""}`,
      containerRuntimeVersion || "<unknown>",
    ];
  }),
  "/ComponentStatus": printer<core.ComponentStatus>((object) => {
    const healthy = object.conditions?.find(({ type }) => type === "Healthy");
    const status = healthy ? (healthy.status === "True" ? "Healthy" : "Unhealthy") : "Unknown";
    return [name(object), status, healthy?.message ?? "", healthy?.error ?? ""];
  }),
  "coordination.k8s.io/Lease": printer<coordination.Lease>((object, now) => [
    name(object),
    object.spec?.holderIdentity ?? "",
    age(object, now),
  ]),
  "node.k8s.io/RuntimeClass": printer<node.RuntimeClass>((object, now) => [name(object), object.handler ?? "", age(object, now)]),
  "scheduling.k8s.io/PriorityClass": printer<scheduling.PriorityClass>((object, now) => [
    name(object),
    object.value ?? 0,
    object.globalDefault ?? false,
    age(object, now),
    object.preemptionPolicy ?? "",
  ]),
  "apiregistration.k8s.io/APIService": printer<apiregistration.APIService>((object, now) => {
    const { service } = object.spec ?? {};
    return [name(object), service ? `${service.namespace ?? ""}/${service.name ?? ""}` : "Local", available(object), age(object, now)];
  }),
  "flowcontrol.apiserver.k8s.io/FlowSchema": printer<flowcontrol.FlowSchema>((object, now) => [
    name(object),
    object.spec?.priorityLevelConfiguration?.name ?? "",
    object.spec?.matchingPrecedence ?? 0,
    object.spec?.distinguisherMethod?.type ?? "<none>",
    age(object, now),
    object.status?.conditions?.find(({ type }) => type === "Dangling")?.status ?? "?",
  ]),
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration": printer<flowcontrol.PriorityLevelConfiguration>((object, now) => {
    const { limited, type } = object.spec ?? {};
    const queuing = limited?.limitResponse?.queuing;
    return [
      name(object),
      type ?? "",
      limited ? (limited.nominalConcurrencyShares ?? 0) : "<none>",
      queuing ? (queuing.queues ?? 0) : "<none>",
      queuing ? (queuing.handSize ?? 0) : "<none>",
      queuing ? (queuing.queueLengthLimit ?? 0) : "<none>",
      age(object, now),
    ];
  }),
  "resource.k8s.io/DeviceClass": nameAndAge,
  "resource.k8s.io/ResourceClaimTemplate": nameAndAge,
  "resource.k8s.io/ResourceClaim": printer<resource.ResourceClaim>((object, now) => [name(object), claimState(object), age(object, now)]),
  "resource.k8s.io/ResourceSlice": printer<resource.ResourceSlice>((object, now) => [
    name(object),
    object.spec?.nodeName ?? "",
    object.spec?.driver ?? "",
    object.spec?.pool?.name ?? "",
    age(object, now),
  ]),
};

function nodeStatus({ spec, status }: core.Node): string {
  const ready = status?.conditions?.findLast(({ type }) => type === "Ready")?.status;
  const state = ready === undefined ? "Unknown" : ready === "True" ? "Ready" : "NotReady";
  return spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

/** From labels: `node-role.kubernetes.io/<role>`, or `kubernetes.io/role` with the role as its value. */
function nodeRoles({ metadata }: core.Node): string {
  const roles = new Set<string>();
  for (const [key, value] of Object.entries(metadata?.labels ?? {})) {
    const role =
      key === "kubernetes.io/role" ? value : key.startsWith("node-role.kubernetes.io/") ? key.slice("node-role.kubernetes.io/".length) : "";
    if (role) roles.add(role);
  }
  return [...roles].sort().join(",");
}

function available({ status }: apiregistration.APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (!condition) return "Unknown";
  return condition.status !== "True" && condition.reason ? `${condition.status} (${condition.reason})` : condition.status;
}

function claimState({ metadata, status }: resource.ResourceClaim): string {
  const deleted = metadata?.deletionTimestamp ? ["deleted"] : [];
  if (!status?.allocation) return deleted.length > 0 ? "deleted" : "pending";
  return [...deleted, "allocated", ...((status.reservedFor ?? []).length > 0 ? ["reserved"] : [])].join(",");
}
