import type { KubeObject } from "@outrigger/kit/api";
import { dnsLabelProblems } from "@outrigger/kit/api";
import { immutable, same } from "./comparison.ts";
import { type Fields, number, object, objects, text } from "./fields.ts";
import { type Findings, sorted } from "./findings.ts";
import { percentProblems } from "./formats.ts";
import { goStruct } from "./go-struct.ts";
import { findInSelector, isEmptySelector, readSelector, shownSelector } from "./label-selectors.ts";
import { findInAnnotations, findInLabels } from "./object-meta.ts";
import { findInPodTemplate } from "./pod.ts";
import { findInClaimSpec } from "./volume-claims.ts";

const MISMATCH = "`selector` does not match template `labels`";
type Labels = Readonly<Record<string, string>> | undefined;

function specOf(owner: KubeObject): Fields {
  return object(owner, "spec") ?? {};
}

function templateLabels(spec: Fields): Labels {
  return sorted(object(object(object(spec, "template"), "metadata"), "labels") as Labels);
}

/** @param kind The word in the message: Kubernetes says `deployment` for a ReplicaSet too. */
function findInRequiredSelector(found: Findings, spec: Fields, kind: string): void {
  if (!object(spec, "selector")) found.required("spec.selector");
  else findInSelector(found, spec, "selector", "spec.selector");
  if (isEmptySelector(spec, "selector"))
    found.invalid("spec.selector", shownSelector(spec, "selector"), `empty selector is invalid for ${kind}`);
}

function findInMatch(found: Findings, spec: Fields): void {
  const selector = readSelector(spec, "selector");
  if (selector && !selector.empty && !selector.matches(templateLabels(spec))) {
    found.invalid("spec.template.metadata.labels", templateLabels(spec), MISMATCH);
  }
}

/** Pods of a long-running owner always restart and have no deadline. */
function findInEndlessPod(found: Findings, spec: Fields, kind: string): void {
  const pod = object(object(spec, "template"), "spec");
  const policy = text(pod, "restartPolicy");
  if (policy !== "Always") found.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]);
  if (number(pod, "activeDeadlineSeconds") !== undefined) {
    found.forbidden("spec.template.spec.activeDeadlineSeconds", `activeDeadlineSeconds in ${kind} is not Supported`);
  }
}

function findInReplicated(found: Findings, spec: Fields, kind: string): void {
  const selector = readSelector(spec, "selector");
  if (!selector) {
    found.invalid("spec.selector", shownSelector(spec, "selector"), "invalid label selector");
    return;
  }
  findInMatch(found, spec);
  findInPodTemplate(found, object(spec, "template") ?? {}, "spec.template");
  findInEndlessPod(found, spec, kind);
}

export function findInDeployment(found: Findings, deployment: KubeObject): void {
  const spec = specOf(deployment);
  found.nonNegative("spec.replicas", number(spec, "replicas"));
  findInRequiredSelector(found, spec, "deployment");
  findInReplicated(found, spec, "ReplicaSet");
  findInDeploymentStrategy(found, object(spec, "strategy") ?? {});
  for (const field of ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"]) {
    found.nonNegative(`spec.${field}`, number(spec, field));
  }
  const deadline = number(spec, "progressDeadlineSeconds");
  if (deadline !== undefined && deadline <= (number(spec, "minReadySeconds") ?? 0)) {
    found.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
  }
}

export function findInReplicaSet(found: Findings, set: KubeObject): void {
  const spec = specOf(set);
  found.nonNegative("spec.replicas", number(spec, "replicas"));
  found.nonNegative("spec.minReadySeconds", number(spec, "minReadySeconds"));
  findInRequiredSelector(found, spec, "deployment");
  findInReplicated(found, spec, "ReplicaSet");
}

export function findInSelectorUpdate(found: Findings, owner: KubeObject, old: KubeObject): void {
  immutable(found, specOf(owner)["selector"], specOf(old)["selector"], "spec.selector", shownSelector(specOf(owner), "selector"));
}

function findInDeploymentStrategy(found: Findings, strategy: Fields): void {
  const rolling = object(strategy, "rollingUpdate");
  const path = "spec.strategy.rollingUpdate";
  switch (text(strategy, "type")) {
    case "Recreate":
      if (rolling) found.forbidden(path, "may not be specified when strategy `type` is 'Recreate'");
      return;
    case "RollingUpdate":
      if (!rolling) found.required(path, "this should be defaulted and never be nil");
      else {
        findInIntOrPercent(found, rolling["maxUnavailable"], `${path}.maxUnavailable`);
        findInIntOrPercent(found, rolling["maxSurge"], `${path}.maxSurge`);
        if (amount(rolling["maxUnavailable"]) === 0 && amount(rolling["maxSurge"]) === 0) {
          found.invalid(`${path}.maxUnavailable`, rolling["maxUnavailable"] ?? 0, "may not be 0 when `maxSurge` is 0");
        }
        atMostAll(found, rolling["maxUnavailable"], `${path}.maxUnavailable`);
      }
      return;
    default:
      found.notSupported("spec.strategy", goStruct("DeploymentStrategy", strategy), ["Recreate", "RollingUpdate"]);
  }
}

/** A count that is not negative, or a percentage. */
export function findInIntOrPercent(found: Findings, value: unknown, path: string): void {
  if (typeof value === "string") found.invalidEach(path, value, percentProblems(value));
  else found.nonNegative(path, typeof value === "number" ? value : 0);
}

export function atMostAll(found: Findings, value: unknown, path: string): void {
  if (typeof value === "string" && /^[0-9]+%$/.test(value) && amount(value) > 100)
    found.invalid(path, value, "must not be greater than 100%");
}

function amount(value: unknown): number {
  return typeof value === "string" ? Number.parseInt(value, 10) || 0 : typeof value === "number" ? value : 0;
}

export function findInDaemonSet(found: Findings, set: KubeObject): void {
  const spec = specOf(set);
  findInSelector(found, spec, "selector", "spec.selector");
  const selector = readSelector(spec, "selector");
  if (selector && !selector.matches(templateLabels(spec))) found.invalid("spec.template.metadata.labels", templateLabels(spec), MISMATCH);
  if (isEmptySelector(spec, "selector"))
    found.invalid("spec.selector", shownSelector(spec, "selector"), "empty selector is invalid for daemonset");
  findInPodTemplate(found, object(spec, "template") ?? {}, "spec.template");
  findInEndlessPod(found, spec, "DaemonSet");
  found.nonNegative("spec.minReadySeconds", number(spec, "minReadySeconds"));
  findInDaemonStrategy(found, object(spec, "updateStrategy") ?? {});
  found.nonNegative("spec.revisionHistoryLimit", number(spec, "revisionHistoryLimit"));
}

function findInDaemonStrategy(found: Findings, strategy: Fields): void {
  const path = "spec.updateStrategy";
  const type = text(strategy, "type");
  const rolling = object(strategy, "rollingUpdate");
  if (type === "OnDelete") return;
  if (type !== "RollingUpdate") {
    found.notSupported(path, goStruct("DaemonSetUpdateStrategy", strategy), ["RollingUpdate", "OnDelete"]);
    return;
  }
  if (!rolling) {
    found.required(`${path}.rollingUpdate`);
    return;
  }
  const at = `${path}.rollingUpdate`;
  for (const field of ["maxUnavailable", "maxSurge"]) findInIntOrPercent(found, rolling[field], `${at}.${field}`);
  for (const field of ["maxUnavailable", "maxSurge"]) atMostAll(found, rolling[field], `${at}.${field}`);
  const [unavailable, surge] = [amount(rolling["maxUnavailable"]) !== 0, amount(rolling["maxSurge"]) !== 0];
  if (unavailable && surge) found.invalid(`${at}.maxSurge`, rolling["maxSurge"], "may not be set when maxUnavailable is non-zero");
  if (!unavailable && !surge) found.required(`${at}.maxUnavailable`, "cannot be 0 when maxSurge is 0");
}

export function findInStatefulSet(found: Findings, set: KubeObject, old?: KubeObject): void {
  const spec = specOf(set);
  const management = text(spec, "podManagementPolicy");
  if (management === "") found.required("spec.podManagementPolicy");
  else if (management !== "OrderedReady" && management !== "Parallel") {
    found.invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'");
  }
  findInStatefulStrategy(found, object(spec, "updateStrategy") ?? {});
  const retention = object(spec, "persistentVolumeClaimRetentionPolicy");
  for (const field of retention ? ["whenDeleted", "whenScaled"] : []) {
    const policy = text(retention, field);
    const at = `spec.persistentVolumeClaimRetentionPolicy.${field}`;
    if (policy !== "Retain" && policy !== "Delete") found.notSupported(at, policy, ["Retain", "Delete"]);
  }
  if (!old) {
    objects(spec, "volumeClaimTemplates").forEach((claim, index) => {
      findInClaimSpec(found, object(claim, "spec") ?? {}, `spec.volumeClaimTemplates[${index}].spec`);
    });
  }
  found.nonNegative("spec.replicas", number(spec, "replicas"));
  found.nonNegative("spec.minReadySeconds", number(spec, "minReadySeconds"));
  found.nonNegative("spec.ordinals.start", number(object(spec, "ordinals"), "start"));
  const service = text(spec, "serviceName");
  if (!old && service !== "") found.invalidEach("spec.serviceName", service, dnsLabelProblems(service));
  findInRequiredSelector(found, spec, "statefulset");
  if (!readSelector(spec, "selector")) found.invalid("spec.selector", shownSelector(spec, "selector"), "");
  else findInStatefulTemplate(found, spec);
  findInEndlessPod(found, spec, "StatefulSet");
}

function findInStatefulTemplate(found: Findings, spec: Fields): void {
  findInMatch(found, spec);
  const template = object(spec, "template") ?? {};
  const { hostname: _, subdomain: __, ...pod } = object(template, "spec") ?? {};
  // Each claim template becomes a volume of its name, which hides a volume of the pod.
  const claims = objects(spec, "volumeClaimTemplates").map((claim) => text(object(claim, "metadata"), "name"));
  const volumes = [
    ...claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })),
    ...objects(pod, "volumes").filter((volume) => !claims.includes(text(volume, "name"))),
  ];
  findInPodTemplate(found, { ...template, spec: { ...pod, volumes } }, "spec.template");
  findInLabels(found, object(template, "metadata"), "labels", "spec.template.labels");
  findInAnnotations(found, object(template, "metadata"), "spec.template.annotations");
}

function findInStatefulStrategy(found: Findings, strategy: Fields): void {
  const path = "spec.updateStrategy";
  const type = text(strategy, "type");
  const rolling = object(strategy, "rollingUpdate");
  if (type === "") found.required(path);
  else if (type === "OnDelete") {
    if (rolling)
      found.invalid(
        `${path}.rollingUpdate`,
        goStruct("RollingUpdateStatefulSetStrategy", rolling),
        "only allowed for updateStrategy 'RollingUpdate'",
      );
  } else if (type === "RollingUpdate") {
    found.nonNegative(`${path}.rollingUpdate.partition`, number(rolling, "partition"));
    const unavailable = rolling?.["maxUnavailable"];
    if (unavailable === undefined) return;
    const at = `${path}.rollingUpdate.maxUnavailable`;
    findInIntOrPercent(found, unavailable, at);
    if (amount(unavailable) === 0) found.invalid(at, unavailable, "cannot be 0");
    atMostAll(found, unavailable, at);
  } else found.invalid(path, goStruct("StatefulSetUpdateStrategy", strategy), "must be 'RollingUpdate' or 'OnDelete'");
}

const STATEFUL_UPDATABLE = [
  ...[
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
  ],
];

export function findInStatefulSetUpdate(found: Findings, set: KubeObject, old: KubeObject): void {
  findInStatefulSet(found, set, old);
  const fixed = (owner: KubeObject) =>
    Object.fromEntries(Object.entries(specOf(owner)).filter(([field]) => !STATEFUL_UPDATABLE.includes(field)));
  if (same(fixed(set), fixed(old))) return;
  const names = STATEFUL_UPDATABLE.map((field) => `'${field}'`);
  const list = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  found.forbidden("spec", `updates to statefulset spec for fields other than ${list} are forbidden`);
}

export function findInReplicationController(found: Findings, controller: KubeObject): void {
  const spec = specOf(controller);
  found.nonNegative("spec.minReadySeconds", number(spec, "minReadySeconds"));
  const selector = object(spec, "selector") as Labels;
  if (!selector || Object.keys(selector).length === 0) found.required("spec.selector");
  found.nonNegative("spec.replicas", number(spec, "replicas"));
  const template = object(spec, "template");
  if (!template) {
    found.required("spec.template");
    return;
  }
  const labels = templateLabels(spec);
  if (!Object.entries(selector ?? {}).every(([key, value]) => labels?.[key] === value)) {
    found.invalid("spec.template.metadata.labels", labels, MISMATCH);
  }
  findInPodTemplate(found, template, "spec.template");
  findInEndlessPod(found, spec, "ReplicationController");
}
