import type { Cause } from "@outrigger/kit/api";
import { type Fields, flag, number, object, objects, optionalText, text, texts } from "./fields.ts";
import { Findings } from "./findings.ts";
import { idProblems } from "./formats.ts";
import { goStruct } from "./go-struct.ts";
import { findInDescendingPath } from "./paths.ts";

export function findInSecurityContext(found: Findings, context: Fields | undefined, path: string, hostUsers: boolean): void {
  if (!context) return;
  findInIds(found, context, path, ["runAsUser", "runAsGroup"]);
  const procMount = optionalText(context, "procMount");
  if (procMount !== undefined) {
    if (procMount !== "Default" && procMount !== "Unmasked") found.notSupported(`${path}.procMount`, procMount, ["Default", "Unmasked"]);
    if (hostUsers && procMount === "Unmasked") {
      found.invalid(`${path}.procMount`, procMount, "`hostUsers` must be false to use `Unmasked`");
    }
  }
  findInSeccomp(found, object(context, "seccompProfile"), `${path}.seccompProfile`);
  if (flag(context, "allowPrivilegeEscalation") === false) {
    const problem = (means: string) =>
      found.invalid(path, goStruct("SecurityContext", context), `cannot set \`allowPrivilegeEscalation\` to false and ${means}`);
    if (flag(context, "privileged") === true) problem("`privileged` to true");
    if (texts(object(context, "capabilities"), "add").includes("CAP_SYS_ADMIN")) problem("`capabilities.Add` CAP_SYS_ADMIN");
  }
  findInAppArmor(found, object(context, "appArmorProfile"), `${path}.appArmorProfile`);
}

function findInIds(found: Findings, context: Fields, path: string, fields: readonly string[]): void {
  for (const field of fields) {
    const id = number(context, field);
    if (id !== undefined) found.invalidEach(`${path}.${field}`, id, idProblems(id));
  }
}

/** @param spec The pod's, which holds `hostPID` and its like. */
export function findInPodSecurityContext(found: Findings, spec: Fields, path: string): void {
  const context = object(spec, "securityContext");
  const at = `${path}.securityContext`;
  if (!context) return;
  findInIds(found, context, at, ["fsGroup", "runAsUser", "runAsGroup"]);
  const groups = context["supplementalGroups"];
  for (const [index, group] of (Array.isArray(groups) ? groups : []).entries()) {
    found.invalidEach(`${at}.supplementalGroups[${index}]`, group, idProblems(group));
  }
  if (flag(spec, "shareProcessNamespace") && flag(spec, "hostPID")) {
    found.invalid(`${at}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled");
  }
  findInSysctls(found, context, `${at}.sysctls`);
  choice(found, context, at, "fsGroupChangePolicy", ["Always", "OnRootMismatch"]);
  findInSeccomp(found, object(context, "seccompProfile"), `${at}.seccompProfile`);
  findInAppArmor(found, object(context, "appArmorProfile"), `${at}.appArmorProfile`);
  choice(found, context, at, "supplementalGroupsPolicy", ["Merge", "Strict"]);
  choice(found, context, at, "seLinuxChangePolicy", ["MountOption", "Recursive"]);
}

function choice(found: Findings, holder: Fields, path: string, field: string, supported: readonly string[]): void {
  const value = optionalText(holder, field);
  if (value !== undefined && !supported.includes(value)) found.notSupported(`${path}.${field}`, value, supported);
}

const SYSCTL = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?[./]([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const SYSCTL_SHOWN = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

function findInSysctls(found: Findings, context: Fields, path: string): void {
  const seen = new Set<string>();
  for (const [index, sysctl] of objects(context, "sysctls").entries()) {
    const name = text(sysctl, "name");
    const at = `${path}[${index}].name`;
    if (name === "") found.required(at);
    else if (name.length > 253 || !(SYSCTL.test(name) || /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(name))) {
      found.invalid(at, name, `must have at most 253 characters and match regex ${SYSCTL_SHOWN}`);
    } else if (seen.has(name)) found.duplicate(at, name);
    seen.add(name);
  }
}

function findInSeccomp(found: Findings, profile: Fields | undefined, path: string): void {
  if (!profile) return;
  const type = text(profile, "type");
  const local = optionalText(profile, "localhostProfile");
  if (type === "") found.required(`${path}.type`, "type is required when seccompProfile is set");
  else if (!["Localhost", "RuntimeDefault", "Unconfined"].includes(type)) {
    found.notSupported(`${path}.type`, type, ["Localhost", "RuntimeDefault", "Unconfined"]);
  }
  if (type === "Localhost") {
    if (local === undefined) found.required(`${path}.localhostProfile`, "must be set when seccomp type is Localhost");
    else findInDescendingPath(found, local, `${path}.localhostProfile`);
  } else if (local !== undefined) {
    found.invalid(`${path}.localhostProfile`, goStruct("SeccompProfile", profile), "can only be set when seccomp type is Localhost");
  }
}

/** What is wrong with an AppArmor profile by itself. */
export function appArmorProblems(profile: Fields): Cause[] {
  const found = new Findings();
  findInAppArmor(found, profile, "");
  return found.causes;
}

function findInAppArmor(found: Findings, profile: Fields | undefined, path: string): void {
  if (!profile) return;
  const type = text(profile, "type");
  const local = optionalText(profile, "localhostProfile");
  const at = `${path}.localhostProfile`;
  if (type === "Localhost") {
    if (local === undefined || local === "") found.required(at, "must be set when AppArmor type is Localhost");
    else if (local.trim() !== local) found.invalid(at, local, "must not be padded with whitespace");
    if (Buffer.byteLength(local ?? "") > 4095) found.tooLong(at, 4095);
  } else if (type === "RuntimeDefault" || type === "Unconfined") {
    if (local !== undefined) found.invalid(at, local, "can only be set when AppArmor type is Localhost");
  } else if (type === "") found.required(`${path}.type`, "type is required when appArmorProfile is set");
  else found.notSupported(`${path}.type`, type, ["Localhost", "RuntimeDefault", "Unconfined"]);
}
