import type { KubeObject } from "@outrigger/kit/api";
import { findInAppArmorAnnotations, findInAppArmorChange, findUnlikeAppArmor } from "./app-armor.ts";
import { same } from "./comparison.ts";
import { findInImage } from "./containers.ts";
import { type Fields, number, object, objects, text } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { rangeProblem } from "./formats.ts";
import { goDiff } from "./go-struct.ts";
import { findInAnnotations, findInLabels } from "./object-meta.ts";
import { findInPodSpec } from "./pod-spec.ts";
import { findInTolerations } from "./scheduling.ts";

const MAX_INT32 = 2147483647;
const MIRROR = "kubernetes.io/config.mirror";

export function findInPod(found: Findings, pod: KubeObject): void {
  const spec = object(pod, "spec") ?? {};
  findInPodWhole(found, pod);
  if (objects(spec, "ephemeralContainers").length > 0) found.forbidden("spec.ephemeralContainers", "cannot be set on create");
  if (text(spec, "nodeName") !== "" && objects(spec, "schedulingGates").length > 0) {
    found.forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared");
  }
  findUnlikeAppArmor(found, object(object(pod, "metadata"), "annotations"), spec, "spec");
}

/** What holds for a pod at any time. */
function findInPodWhole(found: Findings, pod: KubeObject): void {
  const spec = object(pod, "spec") ?? {};
  findInPodAnnotations(found, object(pod, "metadata"), spec, "metadata.annotations");
  findInPodSpec(found, spec, "spec", true);
  if (text(spec, "serviceAccountName") === "") {
    for (const [index, volume] of objects(spec, "volumes").entries()) {
      for (const [place, source] of objects(object(volume, "projected"), "sources").entries()) {
        if (!object(source, "serviceAccountToken")) continue;
        const at = `spec.volumes[${index}].projected.sources[${place}].serviceAccountToken`;
        found.forbidden(at, "must not be specified when serviceAccountName is not set");
      }
    }
  }
  for (const list of ["containers", "initContainers"]) {
    objects(spec, list).forEach((container, index) => {
      findInImage(found, container, `spec.${list}[${index}]`);
    });
  }
}

function findInPodAnnotations(found: Findings, metadata: Fields | undefined, spec: Fields, path: string): void {
  const annotations = object(metadata, "annotations");
  if (annotations?.[MIRROR] !== undefined && text(spec, "nodeName") === "") {
    found.invalid(`${path}[${MIRROR}]`, annotations[MIRROR], "must set spec.nodeName if mirror pod annotation is set");
  }
  const cost = text(annotations, "controller.kubernetes.io/pod-deletion-cost");
  const valid = /^(0|-?[1-9]\d*)$/.test(cost) && Math.abs(Number(cost)) <= MAX_INT32;
  if (cost !== "" && !valid) found.invalid(`${path}[controller.kubernetes.io/pod-deletion-cost]`, cost, "must be a 32bit integer");
  findInAppArmorAnnotations(found, annotations, spec, path);
}

/** A pod template, under the path of its owner: `spec.template`. */
export function findInPodTemplate(found: Findings, template: Fields, path: string): void {
  const metadata = object(template, "metadata");
  const spec = object(template, "spec") ?? {};
  findInLabels(found, metadata, "labels", `${path}.labels`);
  findInAnnotations(found, metadata, `${path}.annotations`);
  findInPodAnnotations(found, metadata, spec, `${path}.annotations`);
  findInPodSpec(found, spec, `${path}.spec`, false);
  if (objects(spec, "ephemeralContainers").length > 0) {
    found.forbidden(`${path}.spec.ephemeralContainers`, "ephemeral containers not allowed in pod template");
  }
  findUnlikeAppArmor(found, object(metadata, "annotations"), spec, `${path}.spec`);
}

const UPDATABLE = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
].join(",");

/** What may change of a pod: images, labels, a shorter deadline, more tolerations, fewer gates. */
export function findInPodUpdate(found: Findings, pod: KubeObject, old: KubeObject): void {
  const spec = object(pod, "spec") ?? {};
  const before = object(old, "spec") ?? {};
  findInPodWhole(found, pod);
  const annotationsOf = (one: KubeObject): Fields | undefined => object(object(one, "metadata"), "annotations");
  findInAppArmorChange(found, annotationsOf(pod), annotationsOf(old), "metadata.annotations");
  findInPodAnnotations(found, object(pod, "metadata"), spec, "metadata.annotations");
  for (const list of ["containers", "initContainers"]) {
    if (objects(spec, list).length !== objects(before, list).length) {
      found.forbidden(`spec.${list}`, "pod updates may not add or remove containers");
      return;
    }
  }
  if (!findInDeadline(found, spec, before)) return;
  findInAddedTolerations(found, spec, before);
  findInDeletedGates(found, spec, before);
  if (same(spec, before)) return;
  const munged = munge(spec, before);
  if (!same(munged, before)) {
    found.forbidden("spec", `pod updates may not change fields other than ${UPDATABLE}\n${goDiff("PodSpec", before, munged)}`);
  }
}

/** @returns Whether to look further. */
function findInDeadline(found: Findings, spec: Fields, before: Fields): boolean {
  const deadline = number(spec, "activeDeadlineSeconds");
  const was = number(before, "activeDeadlineSeconds");
  const path = "spec.activeDeadlineSeconds";
  if (deadline === undefined) {
    if (was !== undefined) found.invalid(path, null, "must not update from a positive integer to nil value");
    return true;
  }
  if (deadline < 0 || deadline > MAX_INT32) found.invalid(path, deadline, rangeProblem(0, MAX_INT32));
  else if (was !== undefined && was < deadline) found.invalid(path, deadline, "must be less than or equal to previous value");
  else return true;
  return false;
}

function findInAddedTolerations(found: Findings, spec: Fields, before: Fields): void {
  const timeless = ({ tolerationSeconds: _, ...toleration }: Fields) => toleration;
  const kept = objects(before, "tolerations").every((old) =>
    objects(spec, "tolerations").some((toleration) => same(timeless(toleration), timeless(old))),
  );
  if (!kept) found.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
  else findInTolerations(found, spec, "spec.tolerations");
}

function findInDeletedGates(found: Findings, spec: Fields, before: Fields): void {
  const old = new Set(objects(before, "schedulingGates").map((gate) => text(gate, "name")));
  objects(spec, "schedulingGates").forEach((gate, index) => {
    const name = text(gate, "name");
    if (!old.has(name)) {
      found.forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`);
    }
  });
}

/** The new spec with all that may change set back. */
function munge(spec: Fields, before: Fields): Fields {
  const munged: Record<string, unknown> = { ...spec };
  for (const list of ["containers", "initContainers"]) {
    const old = objects(before, list);
    if (spec[list]) munged[list] = objects(spec, list).map((container, index) => ({ ...container, image: old[index]?.["image"] }));
  }
  const restore = ["activeDeadlineSeconds", "schedulingGates", "tolerations"];
  if ((number(before, "terminationGracePeriodSeconds") ?? 0) < 0 && number(spec, "terminationGracePeriodSeconds") === 1) {
    restore.push("terminationGracePeriodSeconds");
  }
  // What is still gated may be told more narrowly where to run.
  if (objects(before, "schedulingGates").length > 0) restore.push("nodeSelector", "affinity");
  for (const field of restore) munged[field] = before[field];
  return munged;
}

/** `pods/ephemeralcontainers`: only additions. */
export function findInEphemeralUpdate(found: Findings, pod: KubeObject, old: KubeObject): void {
  findInPodWhole(found, pod);
  const now = new Map(objects(object(pod, "spec"), "ephemeralContainers").map((container) => [text(container, "name"), container]));
  for (const container of objects(object(old, "spec"), "ephemeralContainers")) {
    const name = text(container, "name");
    const current = now.get(name);
    if (!current) found.forbidden("spec.ephemeralContainers", `existing ephemeral containers ${JSON.stringify(name)} may not be removed\n`);
    else if (!same(current, container)) {
      const difference = goDiff("EphemeralContainer", container, current);
      found.forbidden(
        "spec.ephemeralContainers",
        `existing ephemeral containers ${JSON.stringify(name)} may not be changed\n${difference}`,
      );
    }
  }
}

/** `pods/resize`: only resources, and not so that the quality of service changes. */
export function findInResize(found: Findings, pod: KubeObject, old: KubeObject): void {
  findInPodWhole(found, pod);
  const was = text(object(old, "status"), "qosClass") || qualityOfService(object(old, "spec") ?? {});
  if (was !== qualityOfService(object(pod, "spec") ?? {})) {
    const shown = text(object(pod, "status"), "qosClass");
    found.invalid("spec", shown, "Pod QOS Class may not change as a result of resizing");
  }
}

/** `Guaranteed`, `Burstable` or `BestEffort`, from the requests and limits of all containers. */
export function qualityOfService(spec: Fields): string {
  let any = false;
  let guaranteed = true;
  for (const container of [...objects(spec, "containers"), ...objects(spec, "initContainers")]) {
    const resources = object(container, "resources");
    const amounts = (kind: string) => ["cpu", "memory"].map((name) => object(resources, kind)?.[name]);
    const [requests, limits] = [amounts("requests"), amounts("limits")];
    any ||= [...requests, ...limits].some((amount) => amount !== undefined && String(amount) !== "0");
    guaranteed &&= limits.every(
      (limit, index) => limit !== undefined && (requests[index] === undefined || String(requests[index]) === String(limit)),
    );
  }
  return !any ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
}
