import { type Fields, flag, object, objects, optionalText, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { findInDescendingPath } from "./paths.ts";

/** The volumes of a pod that are sound, by name. */
export type Volumes = ReadonlyMap<string, Fields>;

export function findInMounts(found: Findings, container: Fields, volumes: Volumes, path: string): void {
  const devices = objects(container, "volumeDevices");
  const paths = new Set<string>();
  for (const [index, mount] of objects(container, "volumeMounts").entries()) {
    const at = `${path}.volumeMounts[${index}]`;
    const name = text(mount, "name");
    const mountPath = text(mount, "mountPath");
    if (name === "") found.required(`${at}.name`);
    if (!volumes.has(name)) found.notFound(`${at}.name`, name);
    if (mountPath === "") found.required(`${at}.mountPath`);
    if (paths.has(mountPath)) found.invalid(`${at}.mountPath`, mountPath, "must be unique");
    paths.add(mountPath);
    if (devices.some((device) => text(device, "name") === name)) {
      found.invalid(`${at}.name`, name, "must not already exist in volumeDevices");
    }
    if (devices.some((device) => text(device, "devicePath") === mountPath)) {
      found.invalid(`${at}.mountPath`, mountPath, "must not already exist as a path in volumeDevices");
    }
    findInSubPaths(found, mount, at, `${path}.volumeMounts`);
    findInPropagation(found, mount, container, `${path}.volumeMounts`);
  }
  findInDevices(found, container, volumes, path);
}

/** Kubernetes reports these at the list, not at the mount. */
function findInSubPaths(found: Findings, mount: Fields, path: string, list: string): void {
  const subPath = text(mount, "subPath");
  const subPathExpr = text(mount, "subPathExpr");
  if (subPath !== "") findInDescendingPath(found, subPath, `${list}.subPath`);
  if (subPathExpr === "") return;
  if (subPath !== "") found.invalid(`${path}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive");
  findInDescendingPath(found, subPathExpr, `${list}.subPathExpr`);
}

function findInPropagation(found: Findings, mount: Fields, container: Fields, list: string): void {
  const propagation = optionalText(mount, "mountPropagation");
  if (propagation !== undefined) {
    const supported = ["Bidirectional", "HostToContainer", "None"];
    if (!supported.includes(propagation)) found.notSupported(`${list}.mountPropagation`, propagation, supported);
    if (propagation === "Bidirectional" && flag(object(container, "securityContext"), "privileged") !== true) {
      found.forbidden(`${list}.mountPropagation`, "Bidirectional mount propagation is available only to privileged containers");
    }
  }
  const recursive = optionalText(mount, "recursiveReadOnly");
  if (recursive === undefined || recursive === "Disabled") return;
  const at = `${list}.recursiveReadOnly`;
  if (recursive !== "Enabled" && recursive !== "IfPossible") found.notSupported(at, recursive, ["Disabled", "Enabled", "IfPossible"]);
  else {
    if (flag(mount, "readOnly") !== true) found.forbidden(at, "may only be specified when readOnly is true");
    if (propagation !== undefined && propagation !== "None") {
      found.forbidden(at, "may only be specified when mountPropagation is None or not specified");
    }
  }
}

function findInDevices(found: Findings, container: Fields, volumes: Volumes, path: string): void {
  const mounts = objects(container, "volumeMounts");
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [index, device] of objects(container, "volumeDevices").entries()) {
    const at = `${path}.volumeDevices[${index}]`;
    const name = text(device, "name");
    const devicePath = text(device, "devicePath");
    const volume = volumes.get(name);
    if (name === "") found.required(`${at}.name`);
    if (names.has(name)) found.invalid(`${at}.name`, name, "must be unique");
    if (volume && !object(volume, "persistentVolumeClaim") && !object(volume, "ephemeral")) {
      found.invalid(`${at}.name`, name, "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (!volume) found.notFound(`${at}.name`, name);
    if (devicePath === "") found.required(`${at}.devicePath`);
    if (paths.has(devicePath)) found.invalid(`${at}.devicePath`, devicePath, "must be unique");
    if (devicePath.split("/").includes("..")) found.invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounts.some((mount) => text(mount, "name") === name)) found.invalid(`${at}.name`, name, "must not already exist in volumeMounts");
    if (mounts.some((mount) => text(mount, "mountPath") === devicePath)) {
      found.invalid(`${at}.devicePath`, devicePath, "must not already exist as a path in volumeMounts");
    }
    names.add(name);
  }
}
