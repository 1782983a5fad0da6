import { type Cause, type KubeObject, pathSegmentProblems } from "../../api/index.ts";
import { findInAccessReview, findInRole, findInRoleBinding, findInRoleBindingUpdate } from "./access.ts";
import { findInAutoscaler } from "./autoscalers.ts";
import { findInSigningRequest, findInSigningRequestUpdate } from "./certificates.ts";
import { findInClaim, findInNamespaceFinalizers, findInNode, findInNodeUpdate } from "./cluster.ts";
import { findInConfigMap, findInConfigMapUpdate, findInSecret, findInSecretUpdate } from "./configs.ts";
import { object } from "./fields.ts";
import { Findings } from "./findings.ts";
import { labelName, subdomainName } from "./formats.ts";
import { findInCronJob, findInJob, findInJobUpdate } from "./jobs.ts";
import { findInIngress, findInNetworkPolicy } from "./networking.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./object-meta.ts";
import { findInEphemeralUpdate, findInPod, findInPodTemplate, findInPodUpdate, findInResize } from "./pod.ts";
import { findInDisruptionBudget, findInLease, findInPriorityClass, findInPriorityClassUpdate, findInScale } from "./policies.ts";
import { findInLimitRange, findInResourceQuota } from "./quotas.ts";
import { findInService, findInServiceUpdate } from "./services.ts";
import { hostnameWarnings, podWarnings, secretWarnings, serviceWarnings } from "./warnings.ts";
import { type ExpressionProblem, findInWebhookConfiguration } from "./webhook-configurations.ts";
import {
  findInDaemonSet,
  findInDeployment,
  findInReplicaSet,
  findInReplicationController,
  findInSelectorUpdate,
  findInStatefulSet,
  findInStatefulSetUpdate,
} from "./workloads.ts";

/** What validation reads of a row. */
export interface Judged {
  readonly group: string;
  readonly kind: string;
  readonly scope: "Namespaced" | "Cluster";
  /** False for what is answered but never stored: it needs no name. */
  readonly stored?: boolean;
}

export interface ValidationOptions {
  /** Compiles CEL expressions of match conditions; without it they are taken to be right. */
  readonly expressionProblem?: ExpressionProblem;
}

type NameProblems = (name: string, prefix: boolean) => readonly string[];

/** What is particular to a kind. Kinds that have no entry are judged by their metadata alone. */
interface Validator {
  /** A DNS subdomain when absent. */
  readonly name?: NameProblems;
  readonly create?: (found: Findings, object: KubeObject, options: ValidationOptions) => void;
  /** After `create`'s findings, on the new object, unless `whole` says that this is all. */
  readonly update?: (found: Findings, object: KubeObject, old: KubeObject, options: ValidationOptions) => void;
  /** `update` judges the new object too. */
  readonly whole?: boolean;
  /** By subresource; those not named are judged by their metadata alone. */
  readonly subresources?: Readonly<Record<string, (found: Findings, object: KubeObject, old: KubeObject) => void>>;
  readonly warnings?: (object: KubeObject) => string[];
}

/** Names of RBAC's kinds need only be segments of a path. */
const segmentName: NameProblems = (name) => pathSegmentProblems(name);
/** Names that may be anything (they are still a segment of a path). */
const anyName: NameProblems = () => [];

const template = (path: string) => (owner: KubeObject) => podWarnings(object(object(owner, "spec"), "template") ?? {}, path);
const podMaker = (owner: KubeObject) => [...hostnameWarnings(owner, "Pod names and hostnames"), ...template("spec.template")(owner)];
const webhooks: Validator = {
  create: (found, configuration, { expressionProblem }) => findInWebhookConfiguration(found, configuration, expressionProblem),
};
const cluster = true;

/** By `kind.group`. */
const VALIDATORS: Readonly<Record<string, Validator>> = {
  "Pod.": {
    create: findInPod,
    update: findInPodUpdate,
    whole: true,
    subresources: { ephemeralcontainers: findInEphemeralUpdate, resize: findInResize },
    warnings: (pod) => [...hostnameWarnings(pod, "the Pod's hostname"), ...podWarnings(pod, "")],
  },
  "PodTemplate.": { create: (found, holder) => findInPodTemplate(found, object(holder, "template") ?? {}, "template") },
  "ReplicationController.": { create: findInReplicationController, warnings: template("spec.template") },
  "Service.": { name: labelName, create: findInService, update: findInServiceUpdate, whole: true, warnings: serviceWarnings },
  "ConfigMap.": { create: findInConfigMap, update: findInConfigMapUpdate, whole: true },
  "Secret.": { create: findInSecret, update: findInSecretUpdate, whole: true, warnings: secretWarnings },
  "Namespace.": {
    name: labelName,
    create: (found, namespace) => findInNamespaceFinalizers(found, namespace, false),
    update: () => {},
    whole: true,
    subresources: { finalize: (found, namespace) => findInNamespaceFinalizers(found, namespace, true) },
  },
  "Node.": { create: findInNode, update: findInNodeUpdate, whole: true, subresources: { status: findInNodeUpdate } },
  "PersistentVolumeClaim.": { create: findInClaim },
  "ResourceQuota.": { create: findInResourceQuota },
  "LimitRange.": { create: findInLimitRange },
  "Deployment.apps": { create: findInDeployment, update: findInSelectorUpdate, warnings: podMaker },
  "ReplicaSet.apps": { create: findInReplicaSet, update: findInSelectorUpdate, warnings: podMaker },
  "StatefulSet.apps": {
    name: labelName,
    create: (found, set) => findInStatefulSet(found, set),
    update: findInStatefulSetUpdate,
    whole: true,
    warnings: template("spec.template"),
  },
  "DaemonSet.apps": { create: findInDaemonSet, update: findInSelectorUpdate, warnings: template("spec.template") },
  "Job.batch": { create: findInJob, update: findInJobUpdate, whole: true, warnings: podMaker },
  "CronJob.batch": {
    create: (found, cronJob) => findInCronJob(found, cronJob),
    update: findInCronJob,
    whole: true,
    warnings: (cronJob) => [
      ...hostnameWarnings(cronJob, "Pod names and hostnames"),
      ...podWarnings(
        object(object(object(object(cronJob, "spec"), "jobTemplate"), "spec"), "template") ?? {},
        "spec.jobTemplate.spec.template",
      ),
    ],
  },
  "Scale.autoscaling": { create: findInScale },
  "HorizontalPodAutoscaler.autoscaling": { create: findInAutoscaler },
  "PodDisruptionBudget.policy": { name: anyName, create: findInDisruptionBudget },
  "Lease.coordination.k8s.io": { create: findInLease },
  "PriorityClass.scheduling.k8s.io": { create: findInPriorityClass, update: findInPriorityClassUpdate, whole: true },
  "Ingress.networking.k8s.io": { create: (found, ingress) => findInIngress(found, ingress), update: findInIngress, whole: true },
  "NetworkPolicy.networking.k8s.io": { create: findInNetworkPolicy },
  "Role.rbac.authorization.k8s.io": { name: segmentName, create: (found, role) => findInRole(found, role, !cluster) },
  "ClusterRole.rbac.authorization.k8s.io": { name: segmentName, create: (found, role) => findInRole(found, role, cluster) },
  "RoleBinding.rbac.authorization.k8s.io": {
    name: segmentName,
    create: (found, binding) => findInRoleBinding(found, binding, !cluster),
    update: findInRoleBindingUpdate,
  },
  "ClusterRoleBinding.rbac.authorization.k8s.io": {
    name: segmentName,
    create: (found, binding) => findInRoleBinding(found, binding, cluster),
    update: findInRoleBindingUpdate,
  },
  "MutatingWebhookConfiguration.admissionregistration.k8s.io": webhooks,
  "ValidatingWebhookConfiguration.admissionregistration.k8s.io": webhooks,
  "CertificateSigningRequest.certificates.k8s.io": {
    name: anyName,
    create: findInSigningRequest,
    update: (found, request, old) => findInSigningRequestUpdate(found, request, old, ""),
    whole: true,
    subresources: {
      approval: (found, request, old) => findInSigningRequestUpdate(found, request, old, "approval"),
      status: (found, request, old) => findInSigningRequestUpdate(found, request, old, "status"),
    },
  },
  "SubjectAccessReview.authorization.k8s.io": { create: (found, review) => findInAccessReview(found, review, false) },
  "LocalSubjectAccessReview.authorization.k8s.io": { create: (found, review) => findInAccessReview(found, review, false) },
  "SelfSubjectAccessReview.authorization.k8s.io": { create: (found, review) => findInAccessReview(found, review, true) },
};

function validatorOf({ group, kind }: Judged): Validator {
  return VALIDATORS[`${kind}.${group}`] ?? {};
}

/** Everything wrong with a new object, its metadata included; its name must have been generated. */
export function validateKind(row: Judged, object: KubeObject, options: ValidationOptions = {}): Cause[] {
  const { name = subdomainName, create } = validatorOf(row);
  const found = new Findings();
  if (row.stored !== false) found.causes.push(...validateObjectMeta(object.metadata, { scope: row.scope, nameProblems: name }));
  create?.(found, object, options);
  // What a kind lets pass must still do as a segment of a path.
  if (found.causes.length === 0 && row.stored !== false && name !== segmentName) {
    found.invalidEach("metadata.name", object.metadata.name, pathSegmentProblems(object.metadata.name ?? ""));
  }
  return found.causes;
}

/**
 * Everything wrong with a change. What is wrong with the change of metadata comes twice, as in Kubernetes, where both
 * the registry and the kind look at it.
 *
 * @param subresource "" for the object itself.
 */
export function validateKindUpdate(
  row: Judged,
  object: KubeObject,
  old: KubeObject,
  subresource: string,
  options: ValidationOptions = {},
): Cause[] {
  const { create, update, whole, subresources } = validatorOf(row);
  const found = new Findings();
  const metadata = validateObjectMetaUpdate(object.metadata, old.metadata);
  found.causes.push(...metadata, ...metadata);
  if (subresource !== "") subresources?.[subresource]?.(found, object, old);
  else {
    if (whole !== true) create?.(found, object, options);
    update?.(found, object, old, options);
  }
  return found.causes;
}

/** The texts of the `Warning: 299` headers for a create or (with `old`) an update. */
export function warningsFor(row: Judged, object: KubeObject, old?: KubeObject): string[] {
  const { warnings } = validatorOf(row);
  const texts = warnings?.(object) ?? [];
  // A name cannot be changed any more: only its choice is commented on.
  return old ? texts.filter((warning) => !warning.startsWith("metadata.name:")) : texts;
}
