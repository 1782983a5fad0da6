import { dnsLabelProblems, dnsSubdomainProblems, type KubeObject, qualifiedNameProblems } from "@outrigger/kit/api";
import { addressBits, addressBlock, INVALID_CIDR, INVALID_IP, isIPv6 } from "./addresses.ts";
import { type Fields, number, object, objects, optionalText, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { portOrNameProblems, portProblems } from "./formats.ts";
import { goStruct } from "./go-struct.ts";
import { findInLabels } from "./object-meta.ts";

/** A Service after its addresses and ports were allocated, or with what the client asked for. */
export function findInService(found: Findings, service: KubeObject): void {
  const spec = object(service, "spec") ?? {};
  const type = text(spec, "type");
  const headless = isHeadless(spec);
  const ports = objects(spec, "ports");
  if (ports.length === 0 && !headless && type !== "ExternalName") found.required("spec.ports");
  if (headless && (type === "LoadBalancer" || type === "NodePort")) {
    found.invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`);
  }
  if (type === "ExternalName") findInExternalName(found, spec);
  const names = new Set<string>();
  ports.forEach((port, index) => {
    findInPort(found, port, ports.length > 1, names, `spec.ports[${index}]`);
  });
  findInLabels(found, spec, "selector", "spec.selector");
  findInAffinity(found, spec);
  findInAddresses(found, spec, type);
  texts(spec, "externalIPs").forEach((address, index) => {
    if (!addressBits(address)) found.invalid(`spec.externalIPs[${index}]`, address, INVALID_IP);
  });
  found.oneOf("spec.type", type, ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
  findInPortNumbers(found, ports, type);
  findInLoadBalancer(found, spec, type);
  findInTraffic(found, spec, type);
}

function isHeadless(spec: Fields): boolean {
  return texts(spec, "clusterIPs")[0] === "None";
}

function findInExternalName(found: Findings, spec: Fields): void {
  for (const field of ["clusterIPs", "ipFamilies"]) {
    if (texts(spec, field).length > 0) found.forbidden(`spec.${field}`, "may not be set for ExternalName services");
  }
  if (optionalText(spec, "ipFamilyPolicy") !== undefined) {
    found.forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services");
  }
  const name = text(spec, "externalName").replace(/\.$/, "");
  if (name === "") found.required("spec.externalName");
  else found.invalidEach("spec.externalName", name, dnsSubdomainProblems(name));
}

function findInPort(found: Findings, port: Fields, named: boolean, names: Set<string>, path: string): void {
  const name = text(port, "name");
  if (name !== "") {
    found.invalidEach(`${path}.name`, name, dnsLabelProblems(name));
    if (names.has(name)) found.duplicate(`${path}.name`, name);
    names.add(name);
  } else if (named) found.required(`${path}.name`);
  const value = number(port, "port") ?? 0;
  found.invalidEach(`${path}.port`, value, portProblems(value));
  found.oneOf(`${path}.protocol`, text(port, "protocol"), ["SCTP", "TCP", "UDP"]);
  found.invalidEach(`${path}.targetPort`, port["targetPort"] ?? 0, portOrNameProblems(port["targetPort"]));
  const protocol = optionalText(port, "appProtocol");
  if (protocol !== undefined) found.invalidEach(`${path}.appProtocol`, protocol, qualifiedNameProblems(protocol));
}

function findInAffinity(found: Findings, spec: Fields): void {
  const affinity = text(spec, "sessionAffinity");
  found.oneOf("spec.sessionAffinity", affinity, ["ClientIP", "None"]);
  const config = object(spec, "sessionAffinityConfig");
  const path = "spec.sessionAffinityConfig";
  if (affinity === "None" && config) found.forbidden(path, "must not be set when session affinity is None");
  if (affinity !== "ClientIP") return;
  const timeout = number(object(config, "clientIP"), "timeoutSeconds");
  if (!config) found.required(path, "when session affinity type is ClientIP");
  else if (timeout === undefined) found.required(`${path}.clientIP`, "when session affinity type is ClientIP");
  else if (timeout <= 0 || timeout > 86400) {
    found.invalid(`${path}.clientIP.timeoutSeconds`, timeout, "must be greater than 0 and less than 86400");
  }
}

function findInAddresses(found: Findings, spec: Fields, type: string): void {
  if (type === "ExternalName") return;
  const path = "spec.clusterIPs";
  const first = text(spec, "clusterIP");
  const addresses = texts(spec, "clusterIPs");
  const families = texts(spec, "ipFamilies");
  if (first === "" && addresses.length > 0) found.invalid(path, addresses, "must be empty when `clusterIP` is not specified");
  if (first !== "" && addresses.length === 0) found.required(path);
  else if (first !== "" && addresses[0] !== first) found.invalid(path, addresses, "first value must match `clusterIP`");
  families.forEach((family, index) => {
    if (family !== "IPv4" && family !== "IPv6") found.notSupported(`spec.ipFamilies[${index}]`, family, ["IPv4", "IPv6"]);
    if (families.indexOf(family) < index) found.duplicate(`spec.ipFamilies[${index}]`, family);
  });
  const policy = optionalText(spec, "ipFamilyPolicy");
  const policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
  if (policy !== undefined && !policies.includes(policy)) found.notSupported("spec.ipFamilyPolicy", policy, policies);
  const before = found.causes.length;
  addresses.forEach((address, index) => {
    if (index === 0 && address === "None") {
      if (addresses.length > 1) found.invalid(path, addresses, "'None' must be the first and only value");
    } else if (!addressBits(address)) found.invalid(`${path}[${index}]`, address, INVALID_IP);
  });
  const invalid = found.causes.length > before;
  if (addresses.length > 2) found.invalid(path, addresses, "may only hold up to 2 values");
  if (invalid || isHeadless(spec)) return;
  if (addresses.length > 1 && addresses.every((address) => isIPv6(address) === isIPv6(addresses[0] ?? ""))) {
    found.invalid(path, addresses, "may specify no more than one IP for each IP family");
  }
  addresses.slice(0, families.length).forEach((address, index) => {
    const family = families[index];
    if (family === (isIPv6(address) ? "IPv4" : "IPv6")) {
      found.invalid(`${path}[${index}]`, address, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``);
    }
  });
}

function findInPortNumbers(found: Findings, ports: readonly Fields[], type: string): void {
  const once = (seen: Set<string>, key: string) => seen.has(key) || !seen.add(key);
  const nodePorts = new Set<string>();
  const numbers = new Set<string>();
  if (type === "ClusterIP") {
    ports.forEach((port, index) => {
      if (number(port, "nodePort")) found.forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'");
    });
  }
  ports.forEach((port, index) => {
    const nodePort = number(port, "nodePort") ?? 0;
    if (nodePort !== 0 && once(nodePorts, `${text(port, "protocol")}/${nodePort}`))
      found.duplicate(`spec.ports[${index}].nodePort`, nodePort);
  });
  ports.forEach((port, index) => {
    const key = { protocol: text(port, "protocol"), port: number(port, "port") ?? 0 };
    if (once(numbers, `${key.protocol}/${key.port}`)) found.duplicate(`spec.ports[${index}]`, goStruct("ServicePort", key));
  });
}

function findInLoadBalancer(found: Findings, spec: Fields, type: string): void {
  const balanced = type === "LoadBalancer";
  const ranges = texts(spec, "loadBalancerSourceRanges");
  const path = "spec.LoadBalancerSourceRanges";
  if (ranges.length > 0 && !balanced) found.forbidden(path, "may only be used when `type` is 'LoadBalancer'");
  ranges.forEach((range, index) => {
    if (!addressBlock(range.trim())) found.invalid(`${path}[${index}]`, range.trim(), INVALID_CIDR);
  });
  const allocates = spec["allocateLoadBalancerNodePorts"];
  if (allocates !== undefined && !balanced) {
    found.forbidden("spec.allocateLoadBalancerNodePorts", "may only be used when `type` is 'LoadBalancer'");
  }
  if (allocates === undefined && balanced) found.required("allocateLoadBalancerNodePorts");
  findInBalancerClass(found, spec, balanced);
}

function findInBalancerClass(found: Findings, spec: Fields, balanced: boolean): void {
  const loadBalancerClass = optionalText(spec, "loadBalancerClass");
  if (loadBalancerClass === undefined) return;
  if (balanced) found.invalidEach("spec.loadBalancerClass", loadBalancerClass, qualifiedNameProblems(loadBalancerClass));
  else found.forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'");
}

function findInTraffic(found: Findings, spec: Fields, type: string): void {
  const external = text(spec, "externalTrafficPolicy");
  const reachable = type === "LoadBalancer" || type === "NodePort" || (type === "ClusterIP" && texts(spec, "externalIPs").length > 0);
  if (reachable) found.oneOf("spec.externalTrafficPolicy", external, ["Cluster", "Local"]);
  else if (external !== "") found.invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services");
  const health = number(spec, "healthCheckNodePort") ?? 0;
  if (type !== "LoadBalancer" || external !== "Local") {
    const problem = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    if (health !== 0) found.invalid("spec.healthCheckNodePort", health, problem);
  }
  const internal = optionalText(spec, "internalTrafficPolicy");
  if (internal === undefined) {
    if (["NodePort", "LoadBalancer", "ClusterIP"].includes(type)) found.required("spec.internalTrafficPolicy");
  } else if (internal !== "Cluster" && internal !== "Local") {
    found.notSupported("spec.internalTrafficPolicy", internal, ["Cluster", "Local"]);
  }
  const distribution = optionalText(spec, "trafficDistribution");
  const supported = ["PreferClose", "PreferSameZone", "PreferSameNode"];
  if (distribution !== undefined && !supported.includes(distribution))
    found.notSupported("spec.trafficDistribution", distribution, supported);
}

export function findInServiceUpdate(found: Findings, service: KubeObject, old: KubeObject): void {
  const spec = object(service, "spec") ?? {};
  const before = object(old, "spec") ?? {};
  const external = [spec, before].some((each) => text(each, "type") === "ExternalName");
  if (!external && !(isHeadless(spec) && isHeadless(before))) {
    findInKept(found, texts(spec, "clusterIPs"), texts(before, "clusterIPs"), "clusterIPs", "primary clusterIP can not be unset", spec);
  }
  if (!external && !isHeadless(spec) && !isHeadless(before)) {
    findInKept(found, texts(spec, "ipFamilies"), texts(before, "ipFamilies"), "ipFamilies", "primary ipFamily can not be unset", spec);
  }
  const [balanced = false, wasBalanced = false] = [spec, before].map((each) => text(each, "type") === "LoadBalancer");
  if (balanced && wasBalanced && spec["loadBalancerClass"] !== before["loadBalancerClass"]) {
    found.invalid("spec.loadBalancerClass", spec["loadBalancerClass"], "may not change once set");
  }
  findInBalancerClass(found, spec, balanced);
}

function findInKept(found: Findings, now: readonly string[], old: readonly string[], field: string, unset: string, spec: Fields): void {
  const path = `spec.${field}`;
  if (now.length === old.length) {
    old.forEach((value, index) => {
      if (value !== now[index]) found.invalid(`${path}[${field === "ipFamilies" ? 0 : index}]`, now, "may not change once set");
    });
    return;
  }
  if (now.length === 0) found.invalid(`${path}[0]`, now, unset);
  else if (old.length > 0 && now[0] !== old[0]) found.invalid(`${path}[0]`, texts(spec, "clusterIPs"), "may not change once set");
  if (now.length === 1 && old.length > 1 && text(spec, "ipFamilyPolicy") !== "SingleStack") {
    const released = field === "ipFamilies" ? "ipFamily" : "clusterIP";
    found.invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], `must be set to 'SingleStack' when releasing the secondary ${released}`);
  }
}
