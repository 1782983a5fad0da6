import type { core, discovery, networking } from "@outrigger/kit/kubernetes";
import { age, firstOf, labelsText, name, type Printers, printer, selectorText } from "./printer.ts";

export const networkCells: Printers = {
  "/Service": printer<core.Service>((object, now) => [
    name(object),
    object.spec?.type ?? "",
    object.spec?.clusterIPs?.[0] ?? "<none>",
    externalAddresses(object),
    (object.spec?.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`).join(",") ||
      "<none>",
    age(object, now),
    labelsText(object.spec?.selector),
  ]),
  "/Endpoints": printer<core.Endpoints>((object, now) => [name(object), endpointAddresses(object), age(object, now)]),
  "discovery.k8s.io/EndpointSlice": printer<discovery.EndpointSlice>((object, now) => [
    name(object),
    object.addressType ?? "",
    firstOf(
      (object.ports ?? []).map(({ port, name }) => String(port ?? name ?? "*")),
      3,
    ) || "<unset>",
    firstOf(
      (object.endpoints ?? []).flatMap(({ addresses }) => addresses),
      3,
    ) || "<unset>",
    age(object, now),
  ]),
  "networking.k8s.io/Ingress": printer<networking.Ingress>((object, now) => [
    name(object),
    object.spec?.ingressClassName ?? "<none>",
    hosts(object),
    loadBalancerAddresses(object.status?.loadBalancer),
    (object.spec?.tls ?? []).length > 0 ? "80, 443" : "80",
    age(object, now),
  ]),
  "networking.k8s.io/IngressClass": printer<networking.IngressClass>((object, now) => {
    const { parameters } = object.spec ?? {};
    const isDefault = object.metadata?.annotations?.["ingressclass.kubernetes.io/is-default-class"] === "true";
    return [
      isDefault ? `${name(object)} (default)` : name(object),
      object.spec?.controller ?? "",
      parameters ? `${parameters.kind}${parameters.apiGroup === undefined ? "" : `.${parameters.apiGroup}`}/${parameters.name}` : "<none>",
      age(object, now),
    ];
  }),
  "networking.k8s.io/NetworkPolicy": printer<networking.NetworkPolicy>((object, now) => [
    name(object),
    selectorText(object.spec?.podSelector),
    age(object, now),
  ]),
  "networking.k8s.io/ServiceCIDR": printer<networking.ServiceCIDR>((object, now) => [
    name(object),
    (object.spec?.cidrs ?? []).join(","),
    age(object, now),
  ]),
  "networking.k8s.io/IPAddress": printer<networking.IPAddress>((object, now) => {
    const { group, resource = "", namespace, name: parent } = object.spec?.parentRef ?? {};
    const kind = (group ? `${resource}.${group}` : resource).toLowerCase();
    return [
      name(object),
      object.spec?.parentRef ? [kind, ...(namespace ? [namespace] : []), parent].join("/") : "<none>",
      age(object, now),
    ];
  }),
};

function externalAddresses({ spec, status }: core.Service): string {
  const given = (spec?.externalIPs ?? []).join(",");
  switch (spec?.type) {
    case "ClusterIP":
    case "NodePort":
      return given || "<none>";
    case "LoadBalancer":
      return [loadBalancerAddresses(status?.loadBalancer), given].filter((part) => part !== "").join(",") || "<pending>";
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

function loadBalancerAddresses(status: core.LoadBalancerStatus | networking.IngressLoadBalancerStatus | undefined): string {
  const addresses = (status?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").filter((address) => address !== "");
  return [...new Set(addresses)].sort().join(",");
}

/** Three addresses at most, each with each port; a subset without ports gives bare addresses. */
function endpointAddresses({ subsets = [] }: core.Endpoints): string {
  if (subsets.length === 0) return "<none>";
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) => addresses.map(({ ip }) => (ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`))),
  );
  return firstOf(all, 3);
}

/** Three hosts at most. What lies beyond is counted in rules, whether they name a host or not. */
function hosts({ spec }: networking.Ingress): string {
  const rules = spec?.rules ?? [];
  const named: string[] = [];
  for (const { host } of rules) {
    if (named.length === 3) return `${named.join(",")} + ${rules.length - 3} more...`;
    if (host) named.push(host);
  }
  return named.join(",") || "*";
}
