import { dnsLabelProblems } from "@outrigger/kit/api";
import { findInEnv, findInEnvFrom } from "./environment.ts";
import { type Fields, number, object, objects, optionalText, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { portNameProblems, portProblems } from "./formats.ts";
import { findInMounts, type Volumes } from "./mounts.ts";
import { findInLifecycle, findInProbes } from "./probes.ts";
import { findInResources } from "./resources.ts";
import { findInSecurityContext } from "./security.ts";

/** What validation of a container needs to know of its pod. */
export interface PodContext {
  readonly volumes: Volumes;
  /** The names in `resourceClaims`. */
  readonly claims: ReadonlySet<string>;
  readonly restartPolicy: string;
  /** Seconds. */
  readonly gracePeriod: number | undefined;
  readonly hostUsers: boolean;
}

export function findInContainers(found: Findings, containers: readonly Fields[], pod: PodContext, path: string): void {
  if (containers.length === 0) {
    found.required(path);
    return;
  }
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = `${path}[${index}]`;
    findInContainer(found, container, pod, at);
    uniqueName(found, container, names, at);
    names.add(text(container, "name"));
    findInLifecycle(found, object(container, "lifecycle"), pod.gracePeriod, `${at}.lifecycle`);
    findInProbes(found, container, pod.gracePeriod, at);
    findInRestartRules(found, container, at);
  }
  findInHostPorts(found, containers, path);
}

export function findInInitContainers(found: Findings, spec: Fields, pod: PodContext, path: string): void {
  const names = new Set(objects(spec, "containers").map((container) => text(container, "name")));
  for (const [index, container] of objects(spec, "initContainers").entries()) {
    const at = `${path}[${index}]`;
    findInContainer(found, container, pod, at);
    findInRestartRules(found, container, at);
    uniqueName(found, container, names, at);
    findInHostPorts(found, [container], path);
    if (text(container, "restartPolicy") === "Always") {
      findInLifecycle(found, object(container, "lifecycle"), pod.gracePeriod, `${at}.lifecycle`);
      findInProbes(found, container, pod.gracePeriod, at);
      continue;
    }
    for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]) {
      if (object(container, field)) {
        found.forbidden(`${at}.${field}`, "may not be set for init containers without restartPolicy=Always");
      }
    }
  }
}

/** What Kubernetes lets an ephemeral container say. */
const EPHEMERAL_FIELDS = new Set([
  ...["name", "image", "command", "args", "workingDir", "envFrom", "env", "volumeMounts", "volumeDevices", "resources"],
  ...["terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "securityContext", "stdin", "stdinOnce", "tty"],
  "targetContainerName",
]);

export function findInEphemeralContainers(found: Findings, spec: Fields, pod: PodContext, path: string): void {
  const others = new Set([...objects(spec, "containers"), ...objects(spec, "initContainers")].map((each) => text(each, "name")));
  const names = new Set(others);
  for (const [index, container] of objects(spec, "ephemeralContainers").entries()) {
    const at = `${path}[${index}]`;
    findInContainer(found, container, pod, at);
    findInImage(found, container, at);
    uniqueName(found, container, names, at);
    const target = text(container, "targetContainerName");
    if (target !== "" && !others.has(target)) found.notFound(`${at}.targetContainerName`, target);
    for (const field of Object.keys(container).sort()) {
      const empty = field === "resources" && Object.keys(object(container, field) ?? {}).length === 0;
      if (!EPHEMERAL_FIELDS.has(field) || (field === "resources" && !empty)) {
        found.forbidden(`${at}.${field}`, "cannot be set for an Ephemeral Container");
      }
    }
    for (const [mount, { subPath, subPathExpr }] of objects(container, "volumeMounts").entries()) {
      const mountAt = `${at}.volumeMounts[${mount}]`;
      if (subPath) found.forbidden(`${mountAt}.subPath`, "cannot be set for an Ephemeral Container");
      if (subPathExpr) found.forbidden(`${mountAt}.subPathExpr`, "cannot be set for an Ephemeral Container");
    }
  }
}

/** Only pods are held to this; templates that were stored before it was checked must stay valid. */
export function findInImage(found: Findings, container: Fields, path: string): void {
  const image = text(container, "image");
  if (image.trim() !== image) found.invalid(`${path}.image`, image, "must not have leading or trailing whitespace");
}

function uniqueName(found: Findings, container: Fields, names: Set<string>, path: string): void {
  const name = text(container, "name");
  if (names.has(name)) found.duplicate(`${path}.name`, name);
  else if (name !== "") names.add(name);
}

function findInContainer(found: Findings, container: Fields, pod: PodContext, path: string): void {
  const name = text(container, "name");
  if (name === "") found.required(`${path}.name`);
  else found.invalidEach(`${path}.name`, name, dnsLabelProblems(name));
  if (text(container, "image") === "") found.required(`${path}.image`);
  found.oneOf(`${path}.terminationMessagePolicy`, text(container, "terminationMessagePolicy"), ["File", "FallbackToLogsOnError"]);
  findInPorts(found, container, `${path}.ports`);
  findInEnv(found, container, `${path}.env`);
  findInEnvFrom(found, container, `${path}.envFrom`);
  findInMounts(found, container, pod.volumes, path);
  found.oneOf(`${path}.imagePullPolicy`, text(container, "imagePullPolicy"), ["Always", "IfNotPresent", "Never"]);
  findInResources(found, object(container, "resources"), `${path}.resources`, pod.claims);
  findInResizePolicy(found, container, pod, `${path}.resizePolicy`);
  findInSecurityContext(found, object(container, "securityContext"), `${path}.securityContext`, pod.hostUsers);
}

function findInPorts(found: Findings, container: Fields, path: string): void {
  const names = new Set<string>();
  for (const [index, port] of objects(container, "ports").entries()) {
    const at = `${path}[${index}]`;
    const name = text(port, "name");
    if (name !== "") {
      const problems = portNameProblems(name);
      found.invalidEach(`${at}.name`, name, problems);
      if (problems.length === 0 && names.has(name)) found.duplicate(`${at}.name`, name);
      if (problems.length === 0) names.add(name);
    }
    const containerPort = number(port, "containerPort") ?? 0;
    if (containerPort === 0) found.required(`${at}.containerPort`);
    else found.invalidEach(`${at}.containerPort`, containerPort, portProblems(containerPort));
    const hostPort = number(port, "hostPort") ?? 0;
    if (hostPort !== 0) found.invalidEach(`${at}.hostPort`, hostPort, portProblems(hostPort));
    found.oneOf(`${at}.protocol`, text(port, "protocol"), ["SCTP", "TCP", "UDP"]);
  }
}

function findInHostPorts(found: Findings, containers: readonly Fields[], path: string): void {
  const taken = new Set<string>();
  for (const [index, container] of containers.entries()) {
    for (const [portIndex, port] of objects(container, "ports").entries()) {
      const hostPort = number(port, "hostPort") ?? 0;
      if (hostPort === 0) continue;
      const address = `${text(port, "protocol")}/${text(port, "hostIP")}/${hostPort}`;
      if (taken.has(address)) found.duplicate(`${path}[${index}].ports[${portIndex}].hostPort`, address);
      taken.add(address);
    }
  }
}

function findInResizePolicy(found: Findings, container: Fields, pod: PodContext, path: string): void {
  const seen = new Set<string>();
  for (const [index, policy] of objects(container, "resizePolicy").entries()) {
    const resource = text(policy, "resourceName");
    const restart = text(policy, "restartPolicy");
    if (seen.has(resource)) found.duplicate(`${path}[${index}]`, resource);
    seen.add(resource);
    found.oneOf(path, resource, ["cpu", "memory"]);
    found.oneOf(path, restart, ["NotRequired", "RestartContainer"]);
    if (pod.restartPolicy === "Never" && restart !== "NotRequired") {
      found.invalid(path, restart, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
    }
  }
}

function findInRestartRules(found: Findings, container: Fields, path: string): void {
  const policy = optionalText(container, "restartPolicy");
  const rules = objects(container, "restartPolicyRules");
  const policies = ["Always", "Never", "OnFailure"];
  if (policy === undefined) {
    if (rules.length > 0) found.required(`${path}.restartPolicy`, "must specify restartPolicy when restart rules are used");
  } else if (!policies.includes(policy)) found.notSupported(`${path}.restartPolicy`, policy, policies);
  if (rules.length > 20) found.tooMany(`${path}.restartPolicyRules`, rules.length, 20);
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.restartPolicyRules[${index}]`;
    const action = text(rule, "action");
    const exitCodes = object(rule, "exitCodes");
    const actions = ["Restart", "RestartAllContainers"];
    if (!actions.includes(action)) found.notSupported(`${at}.action`, action, actions);
    if (!exitCodes) found.required(`${at}.exitCodes`, "must be specified");
    else if (!["In", "NotIn"].includes(text(exitCodes, "operator"))) {
      found.notSupported(`${at}.exitCodes.operator`, text(exitCodes, "operator"), ["In", "NotIn"]);
    }
  }
}
