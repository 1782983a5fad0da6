import { qualifiedNameProblems } from "@outrigger/kit/api";
import { readQuantity } from "./amounts.ts";
import { type Fields, object, objects, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { configKeyProblems, envNameProblems, subdomainName } from "./formats.ts";
import { findBacksteps } from "./paths.ts";

const ENV_FIELDS = [
  ...["metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"],
  ...["status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"],
];
export const VOLUME_FIELDS = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
const POD_FIELDS = [...ENV_FIELDS, ...VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"];
const RESOURCES = [
  "limits.cpu",
  "limits.ephemeral-storage",
  "limits.memory",
  "requests.cpu",
  "requests.ephemeral-storage",
  "requests.memory",
];
const SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"];

export function findInEnv(found: Findings, container: Fields, path: string): void {
  for (const [index, variable] of objects(container, "env").entries()) {
    const at = `${path}[${index}]`;
    const name = text(variable, "name");
    if (name === "") found.required(`${at}.name`);
    else found.invalidEach(`${at}.name`, name, envNameProblems(name));
    findInValueFrom(found, variable, `${at}.valueFrom`);
  }
}

function findInValueFrom(found: Findings, variable: Fields, path: string): void {
  const source = object(variable, "valueFrom");
  if (!source) return;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef } = Object.fromEntries(
    SOURCES.map((name) => [name, object(source, name)]),
  );
  if (fieldRef) findInFieldRef(found, fieldRef, ENV_FIELDS, `${path}.fieldRef`);
  if (resourceFieldRef) findInResourceFieldRef(found, resourceFieldRef, `${path}.resourceFieldRef`, false);
  if (configMapKeyRef) findInKeyRef(found, configMapKeyRef, `${path}.configMapKeyRef`);
  if (secretKeyRef) findInKeyRef(found, secretKeyRef, `${path}.secretKeyRef`);
  if (fileKeyRef) findInFileKeyRef(found, fileKeyRef, `${path}.fileKeyRef`);
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef, fileKeyRef].filter((each) => each !== undefined).length;
  if (sources === 0) {
    found.invalid(path, "", "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
  } else if (text(variable, "value") !== "") found.invalid(path, "", "may not be specified when `value` is not empty");
  else if (sources > 1) found.invalid(path, "", "may not have more than one field specified at a time");
}

/** @param allowed The fields that may be named here, sorted. */
export function findInFieldRef(found: Findings, ref: Fields, allowed: readonly string[], path: string): void {
  const version = text(ref, "apiVersion");
  const field = text(ref, "fieldPath");
  if (version === "") {
    found.required(`${path}.apiVersion`);
    return;
  }
  if (field === "") {
    found.required(`${path}.fieldPath`);
    return;
  }
  const [, subscripted, key] = /^(.*)\['(.*)'\]$/.exec(field) ?? [];
  const unconvertible = conversionProblem(version, field, subscripted);
  if (unconvertible) found.invalid(`${path}.fieldPath`, field, `error converting fieldPath: ${unconvertible}`);
  else if (subscripted !== undefined) {
    const name = key ?? "";
    found.invalidEach(path, name, qualifiedNameProblems(subscripted === "metadata.annotations" ? name.toLowerCase() : name));
  } else {
    const converted = field === "spec.host" ? "spec.nodeName" : field;
    if (!allowed.includes(converted)) found.notSupported(`${path}.fieldPath`, converted, allowed);
  }
}

function conversionProblem(version: string, field: string, subscripted: string | undefined): string {
  if (version !== "v1") return `unsupported pod version: ${version}`;
  if (subscripted !== undefined) {
    return subscripted === "metadata.annotations" || subscripted === "metadata.labels"
      ? ""
      : `field label does not support subscript: ${field}`;
  }
  return POD_FIELDS.includes(field) || field === "spec.host" ? "" : `field label not supported: ${field}`;
}

export function findInResourceFieldRef(found: Findings, ref: Fields, path: string, volume: boolean): void {
  const resource = text(ref, "resource");
  if (volume && text(ref, "containerName") === "") found.required(`${path}.containerName`);
  else if (resource === "") found.required(`${path}.resource`);
  else if (!RESOURCES.includes(resource) && !/^(requests|limits)\.hugepages-/.test(resource)) {
    found.notSupported(`${path}.resource`, resource, RESOURCES);
  }
  const divisor = readQuantity(found, ref["divisor"], `${path}.divisor`).toString();
  const cpu = resource.endsWith(".cpu");
  const allowed = cpu ? ["1m", "1"] : ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];
  if (divisor === "0" || allowed.includes(divisor)) return;
  const kind = cpu ? "cpu" : resource.includes("memory") || resource.includes("hugepages") ? "memory" : "ephemeral-storage";
  const shown = cpu
    ? "only divisor's values 1m and 1 are supported with the cpu resource"
    : `only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the ${kind === "memory" ? "memory" : "local ephemeral storage"} resource`;
  found.invalid(`${path}.divisor`, kind, shown);
}

function findInKeyRef(found: Findings, ref: Fields, path: string): void {
  const name = text(ref, "name");
  const key = text(ref, "key");
  found.invalidEach(`${path}.name`, name, subdomainName(name, false));
  if (key === "") found.required(`${path}.key`);
  else found.invalidEach(`${path}.key`, key, configKeyProblems(key));
}

function findInFileKeyRef(found: Findings, ref: Fields, path: string): void {
  const key = text(ref, "key");
  if (key === "") found.required(`${path}.key`);
  else found.invalidEach(`${path}.key`, key, envNameProblems(key));
  if (text(ref, "volumeName") === "") found.required(`${path}.volumeName`);
  if (text(ref, "path") === "") found.required(`${path}.path`);
  else findBacksteps(found, text(ref, "path"), `${path}.path`);
}

export function findInEnvFrom(found: Findings, container: Fields, path: string): void {
  for (const [index, source] of objects(container, "envFrom").entries()) {
    const at = `${path}[${index}]`;
    const prefix = text(source, "prefix");
    if (prefix !== "") found.invalidEach(`${at}.prefix`, prefix, envNameProblems(prefix));
    const refs = ["configMapRef", "secretRef"].filter((name) => object(source, name));
    for (const ref of refs) {
      const name = text(object(source, ref), "name");
      if (name === "") found.required(`${at}.${ref}.name`);
      else found.invalidEach(`${at}.${ref}.name`, name, subdomainName(name, false));
    }
    if (refs.length === 0) found.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
    else if (refs.length > 1) found.invalid(path, "", "may not have more than one field specified at a time");
  }
}
