import { same } from "./comparison.ts";
import { containersOf, type Fields, object, text, textEntries } from "./fields.ts";
import type { Findings } from "./findings.ts";

/**
 * Before it had a field, a container's AppArmor profile was an annotation of its pod: the container's name follows this.
 * https://kubernetes.io/docs/tutorials/security/apparmor/
 */
export const APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
const LOCALHOST = "localhost/";

/** @returns the field that an annotation stands for; nothing for one that stands for none. */
export function appArmorProfileOf(annotation: string): Fields | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  const localhostProfile = annotation.startsWith(LOCALHOST) ? annotation.slice(LOCALHOST.length) : "";
  return localhostProfile === "" ? undefined : { type: "Localhost", localhostProfile };
}

/** What is wrong with the annotations of a pod or of a template, whether it is made or changed. */
export function findInAppArmorAnnotations(found: Findings, annotations: Fields | undefined, spec: Fields, path: string): void {
  const names = new Set(containersOf(spec, "spec").map(({ container }) => text(container, "name")));
  for (const [key, value] of ofAppArmor(annotations)) {
    const name = key.slice(APP_ARMOR_ANNOTATION.length);
    if (!names.has(name)) found.invalid(`${path}[${key}]`, name, "container not found");
    if (value !== "" && !value.startsWith(LOCALHOST) && !appArmorProfileOf(value)) {
      found.invalid(`${path}[${key}]`, value, `invalid AppArmor profile name: ${JSON.stringify(value)}`);
    }
  }
}

/** A pod keeps the annotations that it was made with. */
export function findInAppArmorChange(found: Findings, annotations: Fields | undefined, old: Fields | undefined, path: string): void {
  for (const [key, value] of ofAppArmor(old)) {
    if (annotations?.[key] !== value) found.forbidden(`${path}[${key}]`, "may not remove or update AppArmor annotations");
  }
  for (const [key] of ofAppArmor(annotations)) {
    if (old?.[key] === undefined) found.forbidden(`${path}[${key}]`, "may not add AppArmor annotations");
  }
}

/** Where a container has both, the annotation must say what the field says. */
export function findUnlikeAppArmor(found: Findings, annotations: Fields | undefined, spec: Fields, path: string): void {
  for (const { container, place } of containersOf(spec, path)) {
    const annotation = annotations?.[APP_ARMOR_ANNOTATION + text(container, "name")];
    const profile = fieldOf(container) ?? fieldOf(spec);
    if (!profile || typeof annotation !== "string") continue;
    const meant = appArmorProfileOf(annotation);
    const at = `${place}.securityContext.appArmorProfile`;
    if (text(meant, "type") !== text(profile, "type")) found.forbidden(`${at}.type`, "apparmor type in annotation and field must match");
    else if (text(meant, "localhostProfile") !== text(profile, "localhostProfile")) {
      found.forbidden(`${at}.localhostProfile`, "apparmor profile in annotation and field must match");
    }
  }
}

/** What is told about an annotation that stands in for a container's field. @param path "" for a pod, `spec.template` for a template. */
export function appArmorWarning(path: string, name: string): string {
  return `${path === "" ? "" : `${path}.`}metadata.annotations[${APP_ARMOR_ANNOTATION}${name}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
}

/** The warning about one container of a template, if any; pods get theirs when the field is filled in. */
export function appArmorWarnings(template: Fields, container: Fields, path: string): string[] {
  const name = text(container, "name");
  const annotation = object(object(template, "metadata"), "annotations")?.[APP_ARMOR_ANNOTATION + name];
  if (path === "" || typeof annotation !== "string" || fieldOf(container)) return [];
  const ofPod = fieldOf(object(template, "spec") ?? {});
  return ofPod && same(ofPod, appArmorProfileOf(annotation)) ? [] : [appArmorWarning(path, name)];
}

function ofAppArmor(annotations: Fields | undefined): (readonly [string, string])[] {
  return textEntries({ annotations }, "annotations").filter(([key]) => key.startsWith(APP_ARMOR_ANNOTATION));
}

function fieldOf(holder: Fields): Fields | undefined {
  return object(object(holder, "securityContext"), "appArmorProfile");
}
