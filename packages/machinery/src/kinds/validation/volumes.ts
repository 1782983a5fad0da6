import { dnsLabelProblems, dnsSubdomainProblems, type LabelSelector, labelSelectorProblems } from "@outrigger/kit/api";
import { readQuantity } from "./amounts.ts";
import { findInFieldRef, findInResourceFieldRef, VOLUME_FIELDS } from "./environment.ts";
import { type Fields, number, object, objects, optionalText, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { subdomainName } from "./formats.ts";
import { findBacksteps, findInDescendingPath, findInProjectedPath } from "./paths.ts";
import { findInClaimSpec } from "./volume-claims.ts";

const FILE_MODE = "must be a number between 0 and 0777 (octal), both inclusive";

/**
 * Kinds of volumes in the order in which Kubernetes looks at them: of two the later is refused. Some report themselves
 * under another name (`downwarAPI` is its own slip).
 */
const SOURCES: readonly (readonly [field: string, reportedAs?: string])[] = [
  ["emptyDir"],
  ["hostPath"],
  ["gitRepo"],
  ["gcePersistentDisk"],
  ["awsElasticBlockStore"],
  ["secret"],
  ["nfs"],
  ["iscsi"],
  ["glusterfs"],
  ["flocker"],
  ["persistentVolumeClaim"],
  ["rbd"],
  ["cinder"],
  ["cephfs", "cephFS"],
  ["quobyte"],
  ["downwardAPI", "downwarAPI"],
  ["fc"],
  ["flexVolume"],
  ["configMap"],
  ["azureFile"],
  ["vsphereVolume"],
  ["photonPersistentDisk"],
  ["portworxVolume"],
  ["azureDisk"],
  ["storageos"],
  ["projected"],
  ["scaleIO"],
  ["csi"],
  ["ephemeral"],
  ["image"],
];

/** @returns The volumes in which nothing was found, by name: only they can be mounted. */
export function findInVolumes(found: Findings, volumes: readonly Fields[], path: string, inPod: boolean): Map<string, Fields> {
  const sound = new Map<string, Fields>();
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    const before = found.causes.length;
    const name = text(volume, "name");
    findInSource(found, volume, at, inPod);
    if (name === "") found.required(`${at}.name`);
    else found.invalidEach(`${at}.name`, name, dnsLabelProblems(name));
    if (sound.has(name)) found.duplicate(`${at}.name`, name);
    if (found.causes.length === before) sound.set(name, volume);
  }
  return sound;
}

function findInSource(found: Findings, volume: Fields, path: string, inPod: boolean): void {
  let chosen = false;
  for (const [field, reportedAs = field] of SOURCES) {
    const source = object(volume, field);
    if (!source) continue;
    if (chosen) found.forbidden(`${path}.${reportedAs}`, "may not specify more than 1 volume type");
    else findInKind(found, field, source, `${path}.${field}`, inPod);
    chosen = true;
  }
  if (!chosen) found.required(path, "must specify a volume type");
}

function findInKind(found: Findings, kind: string, source: Fields, path: string, inPod: boolean): void {
  switch (kind) {
    case "emptyDir": {
      const limit = source["sizeLimit"];
      if (readQuantity(found, limit, `${path}.sizeLimit`).sign < 0) {
        found.forbidden(`${path}.sizeLimit`, "SizeLimit field must be a valid resource quantity");
      }
      return;
    }
    case "hostPath":
      findInHostPath(found, source, path);
      return;
    case "gitRepo":
      requireText(found, source, path, "repository");
      findInDescendingPath(found, text(source, "directory"), `${path}.directory`);
      return;
    case "secret":
      requireText(found, source, path, "secretName");
      findInKeys(found, source, path);
      return;
    case "configMap":
      requireText(found, source, path, "name");
      findInKeys(found, source, path);
      return;
    case "nfs":
      requireText(found, source, path, "server");
      requireText(found, source, path, "path");
      if (!text(source, "path").startsWith("/")) found.invalid(`${path}.path`, text(source, "path"), "must be an absolute path");
      return;
    case "persistentVolumeClaim":
      requireText(found, source, path, "claimName");
      return;
    case "downwardAPI":
      findInMode(found, source, "defaultMode", path);
      for (const file of objects(source, "items")) findInDownwardFile(found, file, path);
      return;
    case "projected":
      findInMode(found, source, "defaultMode", path);
      findInProjections(found, source, path);
      return;
    case "csi":
      findInCsi(found, source, path);
      return;
    case "ephemeral": {
      const template = object(source, "volumeClaimTemplate");
      if (!template) found.required(`${path}.volumeClaimTemplate`);
      else findInClaimSpec(found, object(template, "spec") ?? {}, `${path}.volumeClaimTemplate.spec`);
      return;
    }
    case "image":
      if (inPod) requireText(found, source, path, "reference");
      found.oneOf(`${path}.pullPolicy`, text(source, "pullPolicy"), ["Always", "IfNotPresent", "Never"]);
      return;
    default:
      for (const field of REQUIRED[kind] ?? []) requireText(found, source, path, field);
  }
}

/** What the older kinds of volumes cannot do without. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  gcePersistentDisk: ["pdName"],
  awsElasticBlockStore: ["volumeID"],
  iscsi: ["targetPortal", "iqn"],
  glusterfs: ["endpoints", "path"],
  rbd: ["image"],
  cinder: ["volumeID"],
  quobyte: ["volume"],
  flexVolume: ["driver"],
  azureFile: ["secretName", "shareName"],
  vsphereVolume: ["volumePath"],
  photonPersistentDisk: ["pdID"],
  portworxVolume: ["volumeID"],
  azureDisk: ["diskName", "diskURI"],
  scaleIO: ["gateway", "system", "volumeName"],
};

function requireText(found: Findings, source: Fields, path: string, field: string): void {
  if (text(source, field) === "") found.required(`${path}.${field}`);
}

function findInHostPath(found: Findings, source: Fields, path: string): void {
  const target = text(source, "path");
  if (target === "") {
    found.required(`${path}.path`);
    return;
  }
  findBacksteps(found, target, `${path}.path`);
  const type = optionalText(source, "type");
  const supported = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
  if (type !== undefined && !supported.includes(type)) found.notSupported(`${path}.type`, type, supported);
}

function findInMode(found: Findings, holder: Fields, field: string, path: string): void {
  const mode = number(holder, field);
  if (mode !== undefined && (mode > 0o777 || mode < 0)) found.invalid(`${path}.${field}`, mode, FILE_MODE);
}

function findInKeys(found: Findings, source: Fields, path: string): void {
  findInMode(found, source, "defaultMode", path);
  for (const [index, item] of objects(source, "items").entries()) findInKey(found, item, `${path}.items[${index}]`);
}

function findInKey(found: Findings, item: Fields, path: string): void {
  requireText(found, item, path, "key");
  requireText(found, item, path, "path");
  findInProjectedPath(found, text(item, "path"), `${path}.path`);
  findInMode(found, item, "mode", path);
}

function findInDownwardFile(found: Findings, file: Fields, path: string): void {
  requireText(found, file, path, "path");
  findInProjectedPath(found, text(file, "path"), `${path}.path`);
  const fieldRef = object(file, "fieldRef");
  const resourceFieldRef = object(file, "resourceFieldRef");
  if (fieldRef) {
    findInFieldRef(found, fieldRef, VOLUME_FIELDS, `${path}.fieldRef`);
    if (resourceFieldRef) found.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
  } else if (resourceFieldRef) findInResourceFieldRef(found, resourceFieldRef, `${path}.resourceFieldRef`, true);
  else found.required(path, "one of fieldRef and resourceFieldRef is required");
  findInMode(found, file, "mode", path);
}

function findInProjections(found: Findings, source: Fields, path: string): void {
  const taken = new Set<string>();
  const once = (target: string, shown: string) => {
    if (target === "") return;
    if (taken.has(target)) found.invalid(path, shown, "conflicting duplicate paths");
    taken.add(target);
  };
  for (const [index, projection] of objects(source, "sources").entries()) {
    const at = `${path}.sources[${index}]`;
    const kinds = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle", "podCertificate"];
    const present = kinds.filter((kind) => object(projection, kind));
    for (const kind of present) findInProjection(found, kind, object(projection, kind) ?? {}, at, path, once);
    if (present.length > 1) found.forbidden(at, "may not specify more than 1 volume type per source");
  }
}

function findInProjection(
  found: Findings,
  kind: string,
  projection: Fields,
  at: string,
  volume: string,
  once: (target: string, shown: string) => void,
): void {
  const path = `${at}.${kind}`;
  switch (kind) {
    case "secret":
    case "configMap":
      requireText(found, projection, path, "name");
      for (const [index, item] of objects(projection, "items").entries()) {
        findInKey(found, item, `${path}.items[${index}]`);
        once(text(item, "path"), text(projection, "name"));
      }
      return;
    case "downwardAPI":
      for (const file of objects(projection, "items")) {
        findInDownwardFile(found, file, path);
        once(text(file, "path"), text(file, "path"));
      }
      return;
    case "serviceAccountToken": {
      const seconds = number(projection, "expirationSeconds") ?? 0;
      if (seconds < 600) found.invalid(`${path}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes");
      if (seconds > 2 ** 32) found.invalid(`${path}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds");
      if (text(projection, "path") === "") found.required(`${volume}.path`);
      else findInProjectedPath(found, text(projection, "path"), `${volume}.path`);
      return;
    }
    case "clusterTrustBundle":
      if (optionalText(projection, "name") === undefined && optionalText(projection, "signerName") === undefined) {
        found.required(path, "either name or signerName must be specified");
      }
      if (object(projection, "labelSelector") && optionalText(projection, "signerName") !== undefined) {
        found.causes.push(...labelSelectorProblems(object(projection, "labelSelector") as LabelSelector, `${path}.labelSelector`));
      }
      requireText(found, projection, path, "path");
      findInProjectedPath(found, text(projection, "path"), `${path}.path`);
      once(text(projection, "path"), text(projection, "path"));
      return;
    default:
      for (const field of ["credentialBundlePath", "keyPath", "certificateChainPath"]) {
        const target = text(projection, field);
        if (target === "") continue;
        findInProjectedPath(found, target, `${path}.${field}`);
        once(target, target);
      }
  }
}

function findInCsi(found: Findings, source: Fields, path: string): void {
  const driver = text(source, "driver");
  if (driver === "") found.required(`${path}.driver`);
  if (Buffer.byteLength(driver) > 63) found.tooLong(`${path}.driver`, 63);
  if (driver !== "") found.invalidEach(`${path}.driver`, driver, dnsSubdomainProblems(driver.toLowerCase()));
  const secret = object(source, "nodePublishSecretRef");
  if (!secret) return;
  const name = text(secret, "name");
  if (name === "") found.required(`${path}.nodePublishSecretRef.name`);
  else found.invalidEach(`${path}.name`, name, subdomainName(name, false));
}
