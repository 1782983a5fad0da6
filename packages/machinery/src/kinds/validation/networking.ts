import { dnsLabelProblems, dnsSubdomainProblems, type KubeObject, pathSegmentProblems } from "@outrigger/kit/api";
import { addressBits, addressBlock, INVALID_CIDR, isStrictSubset } from "./addresses.ts";
import { type Fields, number, object, objects, optionalText, text, texts } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { portNameProblems, portOrNameProblems, portProblems, subdomainName, wildcardSubdomainProblems } from "./formats.ts";
import { findInSelector } from "./label-selectors.ts";

const INGRESS_CLASS = "kubernetes.io/ingress.class";

export function findInIngress(found: Findings, ingress: KubeObject, old?: KubeObject): void {
  const spec = object(ingress, "spec") ?? {};
  const rules = objects(spec, "rules");
  const backend = object(spec, "defaultBackend");
  if (rules.length === 0 && !backend) found.invalid("spec", null, "either `defaultBackend` or `rules` must be specified");
  if (backend) findInBackend(found, backend, "spec.defaultBackend");
  rules.forEach((rule, index) => {
    findInIngressRule(found, rule, `spec.rules[${index}]`);
  });
  objects(spec, "tls").forEach((tls, index) => {
    const path = `spec.tls[${index}]`;
    texts(tls, "hosts").forEach((host, place) => {
      findInHost(found, host, `${path}.hosts[${place}]`);
    });
    const secret = text(tls, "secretName");
    if (secret !== "") found.invalidEach(`${path}.secretName`, secret, subdomainName(secret, false));
  });
  const className = optionalText(spec, "ingressClassName");
  if (className !== undefined) found.invalidEach("spec.ingressClassName", className, subdomainName(className, false));
  const annotation = ingress.metadata.annotations?.[INGRESS_CLASS];
  if (!old && annotation !== undefined && className !== undefined && annotation !== className) {
    found.invalid(`annotations.${INGRESS_CLASS}`, annotation, "must match `ingressClassName` when both are specified");
  }
}

function findInHost(found: Findings, host: string, path: string): void {
  found.invalidEach(path, host, host.includes("*") ? wildcardSubdomainProblems(host) : dnsSubdomainProblems(host));
}

function findInIngressRule(found: Findings, rule: Fields, path: string): void {
  const host = text(rule, "host");
  if (host !== "") {
    if (addressBits(host)) found.invalid(`${path}.host`, host, "must be a DNS name, not an IP address");
    findInHost(found, host, `${path}.host`);
  }
  const http = object(rule, "http");
  if (!http) return;
  const paths = objects(http, "paths");
  if (paths.length === 0) found.required(`${path}.http.paths`);
  paths.forEach((each, index) => {
    findInIngressPath(found, each, `${path}.http.paths[${index}]`);
  });
}

function findInIngressPath(found: Findings, ingressPath: Fields, path: string): void {
  const type = optionalText(ingressPath, "pathType");
  const target = text(ingressPath, "path");
  const at = `${path}.path`;
  switch (type) {
    case undefined:
      found.required(`${path}.pathType`, "pathType must be specified");
      return;
    case "Exact":
    case "Prefix":
      if (!target.startsWith("/")) found.invalid(at, target, "must be an absolute path");
      for (const sequence of ["//", "/./", "/../", "%2f", "%2F"]) {
        if (target.includes(sequence)) found.invalid(at, target, `must not contain '${sequence}'`);
      }
      for (const suffix of ["/..", "/."]) if (target.endsWith(suffix)) found.invalid(at, target, `cannot end with '${suffix}'`);
      break;
    case "ImplementationSpecific":
      if (target !== "" && !target.startsWith("/")) found.invalid(at, target, "must be an absolute path");
      break;
    default:
      found.notSupported(`${path}.pathType`, type, ["Exact", "ImplementationSpecific", "Prefix"]);
  }
  findInBackend(found, object(ingressPath, "backend") ?? {}, `${path}.backend`);
}

function findInBackend(found: Findings, backend: Fields, path: string): void {
  const resource = object(backend, "resource");
  const service = object(backend, "service");
  if (resource && service) found.invalid(path, "", "cannot set both resource and service backends");
  else if (resource) {
    const group = optionalText(resource, "apiGroup");
    if (group !== undefined) found.invalidEach(`${path}.resource.apiGroup`, group, dnsSubdomainProblems(group));
    for (const field of ["kind", "name"]) {
      const value = text(resource, field);
      if (value === "") found.required(`${path}.resource.${field}`);
      else found.invalidEach(`${path}.resource.${field}`, value, pathSegmentProblems(value));
    }
  } else if (!service) found.invalid(path, "", "resource or service backend is required");
  else findInBackendService(found, service, path);
}

function findInBackendService(found: Findings, service: Fields, path: string): void {
  const name = text(service, "name");
  if (name === "") found.required(`${path}.service.name`);
  else found.invalidEach(`${path}.service.name`, name, dnsLabelProblems(name));
  const portName = text(object(service, "port"), "name");
  const port = number(object(service, "port"), "number") ?? 0;
  if (portName !== "" && port !== 0) found.invalid(path, "", "cannot set both port name & port number");
  else if (portName !== "") found.invalidEach(`${path}.service.port.name`, portName, portNameProblems(portName));
  else if (port !== 0) found.invalidEach(`${path}.service.port.number`, port, portProblems(port));
  else found.required(path, "port name or number is required");
}

export function findInNetworkPolicy(found: Findings, policy: KubeObject): void {
  const spec = object(policy, "spec") ?? {};
  findInSelector(found, spec, "podSelector", "spec.podSelector");
  for (const [direction, peers] of [
    ["ingress", "from"],
    ["egress", "to"],
  ] as const) {
    objects(spec, direction).forEach((rule, index) => {
      const path = `spec.${direction}[${index}]`;
      objects(rule, "ports").forEach((port, place) => {
        findInPolicyPort(found, port, `${path}.ports[${place}]`);
      });
      objects(rule, peers).forEach((peer, place) => {
        findInPeer(found, peer, `${path}.${peers}[${place}]`);
      });
    });
  }
  const types = texts(spec, "policyTypes");
  if (types.length > 2) found.invalid("spec.policyTypes", types, "may not specify more than two policyTypes");
  else {
    types.forEach((type, index) => {
      if (type !== "Ingress" && type !== "Egress") found.notSupported(`spec.policyTypes[${index}]`, type, ["Ingress", "Egress"]);
    });
  }
}

function findInPolicyPort(found: Findings, port: Fields, path: string): void {
  const protocol = optionalText(port, "protocol");
  if (protocol !== undefined && !["TCP", "UDP", "SCTP"].includes(protocol)) {
    found.notSupported(`${path}.protocol`, protocol, ["TCP", "UDP", "SCTP"]);
  }
  const value = port["port"];
  const end = number(port, "endPort");
  if (value === undefined || value === null) {
    if (end !== undefined) found.invalid(`${path}.endPort`, end, "may not be specified when `port` is not specified");
    return;
  }
  if (typeof value === "string" && end !== undefined) {
    found.invalid(`${path}.endPort`, end, "may not be specified when `port` is non-numeric");
  }
  found.invalidEach(`${path}.port`, value, portOrNameProblems(value));
  if (typeof value !== "number" || end === undefined) return;
  if (end < value) found.invalid(`${path}.endPort`, value, "must be greater than or equal to `port`");
  found.invalidEach(`${path}.endPort`, end, portProblems(end));
}

function findInPeer(found: Findings, peer: Fields, path: string): void {
  const selectors = ["podSelector", "namespaceSelector"].filter((field) => object(peer, field));
  for (const field of selectors) findInSelector(found, peer, field, `${path}.${field}`);
  const block = object(peer, "ipBlock");
  if (block) findInBlock(found, block, `${path}.ipBlock`);
  if (!block && selectors.length === 0) found.required(path, "must specify a peer");
  else if (block && selectors.length > 0) found.forbidden(path, "may not specify both ipBlock and another peer");
}

function findInBlock(found: Findings, block: Fields, path: string): void {
  const cidr = text(block, "cidr");
  if (cidr === "") {
    found.required(`${path}.cidr`);
    return;
  }
  if (!addressBlock(cidr)) {
    found.invalid(`${path}.cidr`, cidr, INVALID_CIDR);
    return;
  }
  texts(block, "except").forEach((except, index) => {
    if (!addressBlock(except)) found.invalid(`${path}.except[${index}]`, except, INVALID_CIDR);
    else if (!isStrictSubset(except, cidr)) found.invalid(`${path}.except[${index}]`, except, "must be a strict subset of `cidr`");
  });
}
