import { type Cause, dnsLabelProblems, dnsSubdomainProblems, qualifiedNameProblems } from "@outrigger/kit/api";
import { addressBits, INVALID_IP } from "./addresses.ts";
import { findInContainers, findInEphemeralContainers, findInInitContainers, type PodContext } from "./containers.ts";
import { type Fields, flag, number, object, objects, optionalText, text, texts } from "./fields.ts";
import { Findings } from "./findings.ts";
import { rangeProblem, subdomainName } from "./formats.ts";
import { findInLabels } from "./object-meta.ts";
import { findInResources } from "./resources.ts";
import { findInAffinity, findInSpreadConstraints, findInTolerations } from "./scheduling.ts";
import { findInPodSecurityContext } from "./security.ts";
import { findInVolumes } from "./volumes.ts";

/**
 * Validates a pod spec with its defaults filled in (`pkg/apis/core/validation.ValidatePodSpec`).
 *
 * @param path Where it stands: `spec`, `spec.template.spec`, …
 * @param inPod True for the spec of a pod itself, which must be complete; false for a template.
 */
export function validatePodSpec(spec: Fields, path: string, inPod = path === "spec"): Cause[] {
  const found = new Findings();
  findInPodSpec(found, spec, path, inPod);
  return found.causes;
}

/**
 * Validates ordinary containers against the volumes of their pod.
 *
 * @param path Where they stand: `spec.containers`.
 */
export function validateContainers(containers: readonly Fields[], volumes: readonly Fields[], path: string): Cause[] {
  const found = new Findings();
  const byName = new Map(volumes.map((volume) => [text(volume, "name"), volume]));
  findInContainers(
    found,
    containers,
    { volumes: byName, claims: new Set(), restartPolicy: "", gracePeriod: undefined, hostUsers: true },
    path,
  );
  return found.causes;
}

const MAX_INT32 = 2147483647;

export function findInPodSpec(found: Findings, spec: Fields, path: string, inPod: boolean): void {
  const gracePeriod = number(spec, "terminationGracePeriodSeconds");
  if (gracePeriod === undefined) found.required(`${path}.terminationGracePeriodSeconds`);
  const pod: PodContext = {
    volumes: findInVolumes(found, objects(spec, "volumes"), `${path}.volumes`, inPod),
    claims: new Set(objects(spec, "resourceClaims").map((claim) => text(claim, "name"))),
    restartPolicy: text(spec, "restartPolicy"),
    gracePeriod,
    hostUsers: flag(spec, "hostUsers") ?? true,
  };
  findInContainers(found, objects(spec, "containers"), pod, `${path}.containers`);
  findInInitContainers(found, spec, pod, `${path}.initContainers`);
  findInEphemeralContainers(found, spec, pod, `${path}.ephemeralContainers`);
  findInHostNetwork(found, spec, path, inPod);
  found.oneOf(`${path}.restartPolicy`, pod.restartPolicy, ["Always", "OnFailure", "Never"]);
  found.oneOf(`${path}.dnsPolicy`, text(spec, "dnsPolicy"), ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
  findInLabels(found, spec, "nodeSelector", `${path}.nodeSelector`);
  findInPodSecurityContext(found, spec, path);
  findInAffinity(found, object(spec, "affinity"), `${path}.affinity`);
  findInDns(found, spec, `${path}.dnsConfig`);
  findInGates(found, spec, path);
  findInSpreadConstraints(found, spec, `${path}.topologySpreadConstraints`);
  findInHostUsers(found, spec, path);
  findInHostname(found, spec, path);
  findInNames(found, spec, path);
}

function findInHostNetwork(found: Findings, spec: Fields, path: string, inPod: boolean): void {
  if (flag(spec, "hostNetwork") !== true) return;
  for (const [index, container] of objects(spec, "containers").entries()) {
    for (const [portIndex, port] of objects(container, "ports").entries()) {
      const hostPort = number(port, "hostPort") ?? 0;
      if ((inPod || hostPort !== 0) && hostPort !== (number(port, "containerPort") ?? 0)) {
        const at = `${path}.containers[${index}].ports[${portIndex}].hostPort`;
        found.invalid(at, hostPort, "must match `containerPort` when `hostNetwork` is true");
      }
    }
  }
}

function findInDns(found: Findings, spec: Fields, path: string): void {
  const config = object(spec, "dnsConfig");
  const servers = texts(config, "nameservers");
  if (text(spec, "dnsPolicy") === "None") {
    if (!config) found.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
    else if (servers.length === 0) {
      found.required(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None");
      return;
    }
  }
  if (!config) return;
  if (servers.length > 3) found.invalid(`${path}.nameservers`, servers, "must not have more than 3 nameservers");
  servers.forEach((server, index) => {
    if (!addressBits(server)) found.invalid(`${path}.nameservers[${index}]`, server, INVALID_IP);
  });
  const searches = texts(config, "searches");
  if (searches.length > 32) found.invalid(`${path}.searches`, searches, "must not have more than 32 search paths");
  if (searches.join(" ").length > 2048) {
    found.invalid(`${path}.searches`, searches, "must not have more than 2048 characters (including spaces) in the search list");
  }
  searches.forEach((search, index) => {
    const name = search.replace(/\.$/, "");
    // Search paths may have labels with underscores, which names of objects may not.
    if (search !== ".") found.invalidEach(`${path}.searches[${index}]`, name, dnsSubdomainProblems(name.replaceAll("_", "a")));
  });
  objects(config, "options").forEach((option, index) => {
    if (text(option, "name") === "") found.required(`${path}.options[${index}]`, "must not be empty");
  });
}

function findInGates(found: Findings, spec: Fields, path: string): void {
  objects(spec, "readinessGates").forEach((gate, index) => {
    const type = text(gate, "conditionType");
    found.invalidEach(`${path}.readinessGates[${index}].conditionType`, type, qualifiedNameProblems(type));
  });
  const seen = new Set<string>();
  objects(spec, "schedulingGates").forEach((gate, index) => {
    const name = text(gate, "name");
    found.invalidEach(`${path}.schedulingGates[${index}]`, name, qualifiedNameProblems(name));
    if (seen.has(name)) found.duplicate(`${path}.schedulingGates[${index}]`, name);
    seen.add(name);
  });
}

function findInHostUsers(found: Findings, spec: Fields, path: string): void {
  if (flag(spec, "hostUsers") !== false) return;
  if (flag(spec, "hostNetwork")) found.forbidden(`${path}.hostNetwork`, "when `hostUsers` is false");
  if (flag(spec, "hostPID")) found.forbidden(`${path}.HostPID`, "when `hostUsers` is false");
  if (flag(spec, "hostIPC")) found.forbidden(`${path}.HostIPC`, "when `hostUsers` is false");
}

function findInHostname(found: Findings, spec: Fields, path: string): void {
  const override = optionalText(spec, "hostnameOverride");
  if (override === undefined) return;
  const at = `${path}.hostnameOverride`;
  if (flag(spec, "setHostnameAsFQDN")) found.forbidden(at, "may not be specified when setHostnameAsFQDN is true");
  if (flag(spec, "hostNetwork")) found.forbidden(at, "may not be specified when hostNetwork is true");
  if (Buffer.byteLength(override) > 64) found.tooLong(at, 64);
  found.invalidEach(at, override, dnsSubdomainProblems(override));
}

function findInNames(found: Findings, spec: Fields, path: string): void {
  const named = (field: string, problems: (name: string) => readonly string[]) => {
    const name = text(spec, field);
    if (name !== "") found.invalidEach(`${path}.${field}`, name, problems(name));
  };
  const subdomain = (name: string) => subdomainName(name, false);
  named("serviceAccountName", subdomain);
  named("nodeName", subdomain);
  const deadline = number(spec, "activeDeadlineSeconds");
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    found.invalid(`${path}.activeDeadlineSeconds`, deadline, rangeProblem(1, MAX_INT32));
  }
  named("hostname", dnsLabelProblems);
  named("subdomain", dnsLabelProblems);
  findInTolerations(found, spec, `${path}.tolerations`);
  objects(spec, "hostAliases").forEach((alias, index) => {
    const at = `${path}.hostAliases[${index}]`;
    if (!addressBits(text(alias, "ip"))) found.invalid(`${at}.ip`, text(alias, "ip"), INVALID_IP);
    texts(alias, "hostnames").forEach((name, place) => {
      found.invalidEach(`${at}.hostnames[${place}]`, name, dnsSubdomainProblems(name));
    });
  });
  named("priorityClassName", subdomain);
  const runtimeClass = optionalText(spec, "runtimeClassName");
  if (runtimeClass !== undefined) found.invalidEach(`${path}.runtimeClassName`, runtimeClass, subdomain(runtimeClass));
  const preemption = optionalText(spec, "preemptionPolicy");
  if (preemption !== undefined) found.oneOf(`${path}.preemptionPolicy`, preemption, ["PreemptLowerPriority", "Never"]);
  const overhead = object(spec, "overhead");
  if (overhead) findInResources(found, { limits: overhead }, `${path}.overhead`);
  const os = object(spec, "os");
  if (os) found.oneOf(`${path}.os.name`, text(os, "name"), ["linux", "windows"]);
}
