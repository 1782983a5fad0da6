import { BlockList, isIPv4 } from "node:net";
import type { Cause, KubeObject } from "@outrigger/kit/api";
import type { KindRules } from "./kind-rules.ts";

interface Port {
  port: number;
  protocol?: string;
  nodePort?: number;
}
interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  ports?: Port[];
  selector?: Record<string, string>;
  internalTrafficPolicy?: string;
  externalTrafficPolicy?: string;
  allocateLoadBalancerNodePorts?: boolean;
  loadBalancerClass?: string;
  healthCheckNodePort?: number;
  [field: string]: unknown;
}
const specOf = (object: KubeObject): ServiceSpec => object["spec"] as ServiceSpec;

/** The range of a fresh Kubernetes: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ */
const range = new BlockList();
range.addSubnet("10.0.0.0", 24, "ipv4");
const nodePorts = { first: 30000, last: 32767 } as const;

/** After `pkg/registry/core/service`: addresses and node ports are given out at write time. */
export const services: KindRules = {
  returnsDeleted: true,
  createOnUpdate: true,

  prepareForCreate(object) {
    object["status"] = { loadBalancer: {} };
    const spec = specOf(object);
    if (spec.clusterIP && !spec.clusterIPs) spec.clusterIPs = [spec.clusterIP];
  },

  prepareForUpdate(object, old, subresource) {
    if (subresource !== "") return;
    const spec = specOf(object);
    const before = specOf(old);
    carryAllocations(spec, before);
    dropWhatTheTypeLost(spec, before);
    if (spec.clusterIP && !spec.clusterIPs) spec.clusterIPs = [spec.clusterIP];
  },

  allocate(object, old, { reader }) {
    const spec = specOf(object);
    const causes: Cause[] = [];
    const others = reader.list("", "services").filter((service) => service.metadata.uid !== object.metadata.uid);
    if (spec.type === "ExternalName") {
      for (const field of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) delete spec[field];
      return causes;
    }
    giveAddress(spec, others, causes);
    giveNodePorts(spec, old ? specOf(old) : undefined, others, causes);
    return causes;
  },
};

/** A user who sends back a Service without what the server gave it means to keep it. */
function carryAllocations(spec: ServiceSpec, before: ServiceSpec): void {
  if (spec.type !== "ExternalName" && before.type !== "ExternalName" && spec.clusterIP === undefined && before.clusterIP !== undefined) {
    spec.clusterIP = before.clusterIP;
    if (before.clusterIPs) spec.clusterIPs ??= before.clusterIPs;
  }
  if (spec.clusterIP !== undefined && spec.clusterIP !== before.clusterIP && spec.clusterIPs?.[0] === before.clusterIP) {
    spec.clusterIPs = [spec.clusterIP];
  }
  if (!needsNodePorts(spec)) return;
  for (const port of spec.ports ?? []) {
    if (port.nodePort) continue;
    const same = before.ports?.find((one) => one.port === port.port && (one.protocol ?? "TCP") === (port.protocol ?? "TCP"));
    if (same?.nodePort && !spec.ports?.some((one) => one.nodePort === same.nodePort)) port.nodePort = same.nodePort;
  }
}

function dropWhatTheTypeLost(spec: ServiceSpec, before: ServiceSpec): void {
  if (needsNodePorts(before) && !needsNodePorts(spec)) {
    const kept = (port: Port): boolean => !before.ports?.some((one) => one.nodePort === port.nodePort);
    for (const port of spec.ports ?? []) if (port.nodePort && !kept(port)) delete port.nodePort;
    if (spec.externalTrafficPolicy === before.externalTrafficPolicy) delete spec.externalTrafficPolicy;
  }
  if (before.type !== "ExternalName" && spec.type === "ExternalName") {
    const fields = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] as const;
    for (const field of fields) if (JSON.stringify(spec[field]) === JSON.stringify(before[field])) delete spec[field];
  }
  if (before.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    for (const field of ["allocateLoadBalancerNodePorts", "loadBalancerClass", "healthCheckNodePort"] as const) {
      if (spec[field] === before[field]) delete spec[field];
    }
  }
}

const needsNodePorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === "NodePort" || (type === "LoadBalancer" && allocateLoadBalancerNodePorts !== false);

function giveAddress(spec: ServiceSpec, others: readonly KubeObject[], causes: Cause[]): void {
  const headless = spec.clusterIP === "None";
  if (headless && spec.selector === undefined) {
    // Whoever keeps the endpoints of a headless Service without selector may use either family.
    spec.ipFamilyPolicy ??= "RequireDualStack";
    spec.ipFamilies ??= ["IPv4", "IPv6"];
  }
  spec.ipFamilyPolicy ??= "SingleStack";
  spec.ipFamilies ??= ["IPv4"];
  if (!headless) {
    const taken = new Set(others.flatMap((service) => specOf(service).clusterIPs ?? []));
    if (spec.clusterIP) {
      const problem =
        !isIPv4(spec.clusterIP) || !range.check(spec.clusterIP) ? "the provided network does not match the current range" : undefined;
      if (problem ?? taken.has(spec.clusterIP)) {
        const why = problem ?? "provided IP is already allocated";
        causes.push(refused("spec.clusterIPs", [spec.clusterIP], `failed to allocate IP ${spec.clusterIP}: ${why}`));
      }
    } else {
      const free = freeAddress(taken);
      if (free) spec.clusterIP = free;
      else causes.push({ reason: "InternalError", field: "spec.clusterIPs", message: "failed to allocate a serviceIP: range is full" });
    }
  }
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
}

/** Addresses that nobody asked for come from the upper part of the range, the lower one is left to those who choose. */
function freeAddress(taken: ReadonlySet<string>): string | undefined {
  const candidates = Array.from({ length: 254 }, (_, index) => index + 1);
  const upper = candidates.filter((last) => last > 16);
  const start = Math.floor(Math.random() * upper.length);
  const order = [...upper.slice(start), ...upper.slice(0, start), ...candidates.filter((last) => last <= 16 && last > 1)];
  const free = order.find((last) => !taken.has(`10.0.0.${last}`));
  return free === undefined ? undefined : `10.0.0.${free}`;
}

function giveNodePorts(spec: ServiceSpec, before: ServiceSpec | undefined, others: readonly KubeObject[], causes: Cause[]): void {
  if (!needsNodePorts(spec)) return;
  const taken = new Set<number>();
  for (const service of others) for (const port of specOf(service).ports ?? []) if (port.nodePort) taken.add(port.nodePort);
  const held = new Set((before?.ports ?? []).map((port) => port.nodePort));
  const given = new Map<number, string>();
  for (const [index, port] of (spec.ports ?? []).entries()) {
    const field = `spec.ports[${index}].nodePort`;
    const protocol = port.protocol ?? "TCP";
    if (!port.nodePort) {
      const span = nodePorts.last - nodePorts.first + 1;
      let candidate = nodePorts.first + Math.floor(Math.random() * span);
      while (taken.has(candidate) || given.has(candidate)) candidate = candidate === nodePorts.last ? nodePorts.first : candidate + 1;
      port.nodePort = candidate;
    } else if (port.nodePort < nodePorts.first || port.nodePort > nodePorts.last) {
      const why = `provided port is not in the valid range. The range of valid ports is ${nodePorts.first}-${nodePorts.last}`;
      causes.push(refused(field, port.nodePort, why));
    } else if (!held.has(port.nodePort) && (taken.has(port.nodePort) || given.get(port.nodePort) === protocol)) {
      causes.push(refused(field, port.nodePort, "provided port is already allocated"));
    }
    given.set(port.nodePort, protocol);
  }
}

function refused(field: string, value: unknown, why: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}
