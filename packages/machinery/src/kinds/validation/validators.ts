import { type KubeObject, pathSegmentProblems } from "@outrigger/kit/api";
import { findInAccessReview, findInRole, findInRoleBinding, findInRoleBindingUpdate } from "./access.ts";
import { findInMutatingPolicy, findInValidatingPolicy, type PolicyCompilers } from "./admission-policies.ts";
import { findInAutoscaler } from "./autoscalers.ts";
import { findInSigningRequest, findInSigningRequestUpdate } from "./certificates.ts";
import { findInClaim, findInClaimUpdate, findInNamespaceFinalizers, findInNode, findInNodeUpdate } from "./cluster.ts";
import { findInConfigMap, findInConfigMapUpdate, findInSecret, findInSecretUpdate } from "./configs.ts";
import { type Fields, object } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { labelName } from "./formats.ts";
import { findInCronJob, findInJob, findInJobUpdate } from "./jobs.ts";
import { findInIngress, findInNetworkPolicy } from "./networking.ts";
import { findInEphemeralUpdate, findInPod, findInPodTemplate, findInPodUpdate, findInResize } from "./pod.ts";
import { findInDisruptionBudget, findInLease, findInPriorityClass, findInPriorityClassUpdate, findInScale } from "./policies.ts";
import { findInPolicyBinding } from "./policy-bindings.ts";
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

/** What validation may be told beside the object. */
export interface ValidationOptions {
  /** Compiles CEL expressions of match conditions; without it they are taken to be right. */
  readonly expressionProblem?: ExpressionProblem;
  /** Compiles those of admission policies, likewise. */
  readonly policyCompilers?: PolicyCompilers;
}

export type NameProblems = (name: string, prefix: boolean) => readonly string[];

/** The parts of an update's validation. Kinds differ in which they do, and in which order. */
export type UpdateStep =
  /** What may not change of metadata. */
  | "metadata change"
  /** The new metadata, as on a create. */
  | "metadata"
  /** The new object, as on a create. */
  | "object"
  /** What may not change of the object. */
  | "change";

/** What is particular to a kind. Kinds that have no entry are judged by their metadata alone. */
export interface Validator {
  /** A DNS subdomain when absent. */
  readonly name?: NameProblems;
  readonly create?: (found: Findings, object: KubeObject, options: ValidationOptions) => void;
  readonly change?: (found: Findings, object: KubeObject, old: KubeObject) => void;
  /** Metadata change, object, change when absent. */
  readonly onUpdate?: readonly UpdateStep[];
  /** What may not change through a subresource; those not named are judged by their metadata alone. */
  readonly subresources?: Readonly<Record<string, (found: Findings, object: KubeObject, old: KubeObject) => void>>;
  /** The steps of the subresources named; metadata change, change when absent. */
  readonly onSubresource?: readonly UpdateStep[];
  readonly warnings?: (object: KubeObject, old?: KubeObject) => string[];
}

const CHANGE_FIRST: readonly UpdateStep[] = ["metadata change", "change", "object"];
const WHOLE_AGAIN: readonly UpdateStep[] = ["metadata change", "change", "metadata", "object"];
const METADATA_LAST: readonly UpdateStep[] = ["metadata", "object", "metadata change", "change"];

/** Names of RBAC's kinds need only be segments of a path. */
export const segmentName: NameProblems = (name) => pathSegmentProblems(name);
/** Names that may be anything (they are still a segment of a path). */
const anyName: NameProblems = () => [];

/** An update says nothing again of a template while the spec stays as it was. */
const template =
  (path: string) =>
  (owner: KubeObject, old?: KubeObject): string[] => {
    if (old && owner.metadata.generation === old.metadata.generation) return [];
    return podWarnings(path.split(".").reduce<Fields | undefined>(object, owner) ?? {}, path);
  };
const podMaker = (owner: KubeObject, old?: KubeObject): string[] => [
  ...hostnameWarnings(owner, "Pod names and hostnames"),
  ...template("spec.template")(owner, old),
];
const webhooks: Validator = {
  create: (found, configuration, { expressionProblem }) => findInWebhookConfiguration(found, configuration, expressionProblem),
  onUpdate: ["metadata", "object"],
};
const cluster = true;

/** By `kind.group`. */
export const VALIDATORS: Readonly<Record<string, Validator>> = {
  "Pod.": {
    create: findInPod,
    change: findInPodUpdate,
    onUpdate: ["metadata change", "metadata", "change"],
    subresources: { ephemeralcontainers: findInEphemeralUpdate, resize: findInResize },
    onSubresource: ["metadata change", "metadata", "change"],
    warnings: (pod) => [...hostnameWarnings(pod, "the Pod's hostname"), ...podWarnings(pod, "")],
  },
  "PodTemplate.": {
    create: (found, holder) => findInPodTemplate(found, object(holder, "template") ?? {}, "template"),
    warnings: (holder) => podWarnings(object(holder, "template") ?? {}, "template"),
  },
  "ReplicationController.": { create: findInReplicationController, warnings: template("spec.template") },
  "Service.": { name: labelName, create: findInService, change: findInServiceUpdate, onUpdate: CHANGE_FIRST, warnings: serviceWarnings },
  "ConfigMap.": { create: findInConfigMap, change: findInConfigMapUpdate, onUpdate: WHOLE_AGAIN },
  "Secret.": { create: findInSecret, change: findInSecretUpdate, onUpdate: WHOLE_AGAIN, warnings: secretWarnings },
  "Namespace.": {
    name: labelName,
    create: (found, namespace) => findInNamespaceFinalizers(found, namespace, false),
    onUpdate: ["metadata", "object", "metadata change"],
    subresources: { finalize: (found, namespace) => findInNamespaceFinalizers(found, namespace, true) },
  },
  "Node.": {
    create: findInNode,
    change: findInNodeUpdate,
    onUpdate: ["metadata", "object", "metadata change", "change"],
    subresources: { status: findInNodeUpdate },
  },
  "PersistentVolumeClaim.": {
    create: findInClaim,
    change: findInClaimUpdate,
    onUpdate: ["metadata change", "metadata", "object", "change"],
  },
  "ResourceQuota.": { create: findInResourceQuota },
  "LimitRange.": { create: findInLimitRange, onUpdate: ["metadata", "object"] },
  "ServiceAccount.": { onUpdate: ["metadata change", "metadata"] },
  "Deployment.apps": { create: findInDeployment, change: findInSelectorUpdate, warnings: podMaker },
  "ReplicaSet.apps": { create: findInReplicaSet, change: findInSelectorUpdate, warnings: podMaker },
  "StatefulSet.apps": {
    name: labelName,
    create: (found, set) => findInStatefulSet(found, set),
    change: findInStatefulSetUpdate,
    onUpdate: ["metadata change", "change"],
    warnings: template("spec.template"),
  },
  "DaemonSet.apps": { create: findInDaemonSet, change: findInSelectorUpdate, onUpdate: CHANGE_FIRST, warnings: template("spec.template") },
  "Job.batch": {
    create: findInJob,
    change: findInJobUpdate,
    onUpdate: ["metadata", "object", "metadata change", "change"],
    warnings: podMaker,
  },
  "CronJob.batch": {
    create: (found, cronJob) => findInCronJob(found, cronJob),
    change: findInCronJob,
    onUpdate: ["metadata change", "change"],
    warnings: (cronJob, old) => [
      ...hostnameWarnings(cronJob, "Pod names and hostnames"),
      ...template("spec.jobTemplate.spec.template")(cronJob, old),
    ],
  },
  "Scale.autoscaling": { create: findInScale },
  "HorizontalPodAutoscaler.autoscaling": { create: findInAutoscaler },
  "PodDisruptionBudget.policy": { name: anyName, create: findInDisruptionBudget, onUpdate: ["object"] },
  "Lease.coordination.k8s.io": { create: findInLease },
  "PriorityClass.scheduling.k8s.io": {
    create: findInPriorityClass,
    change: findInPriorityClassUpdate,
    onUpdate: ["metadata change", "change"],
  },
  "Ingress.networking.k8s.io": {
    create: (found, ingress) => findInIngress(found, ingress),
    change: findInIngress,
    onUpdate: ["metadata change", "metadata", "change"],
  },
  "NetworkPolicy.networking.k8s.io": { create: findInNetworkPolicy },
  "Role.rbac.authorization.k8s.io": {
    name: segmentName,
    create: (found, role) => findInRole(found, role, !cluster),
    onUpdate: METADATA_LAST,
  },
  "ClusterRole.rbac.authorization.k8s.io": {
    name: segmentName,
    create: (found, role) => findInRole(found, role, cluster),
    onUpdate: METADATA_LAST,
  },
  "RoleBinding.rbac.authorization.k8s.io": {
    name: segmentName,
    create: (found, binding) => findInRoleBinding(found, binding, !cluster),
    change: findInRoleBindingUpdate,
    onUpdate: METADATA_LAST,
  },
  "ClusterRoleBinding.rbac.authorization.k8s.io": {
    name: segmentName,
    create: (found, binding) => findInRoleBinding(found, binding, cluster),
    change: findInRoleBindingUpdate,
    onUpdate: METADATA_LAST,
  },
  "MutatingAdmissionPolicy.admissionregistration.k8s.io": {
    create: (found, policy, { policyCompilers }) => findInMutatingPolicy(found, policy, policyCompilers),
  },
  "MutatingAdmissionPolicyBinding.admissionregistration.k8s.io": { create: findInPolicyBinding },
  "ValidatingAdmissionPolicy.admissionregistration.k8s.io": {
    create: (found, policy, { policyCompilers }) => findInValidatingPolicy(found, policy, policyCompilers),
  },
  "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io": { create: findInPolicyBinding },
  "MutatingWebhookConfiguration.admissionregistration.k8s.io": webhooks,
  "ValidatingWebhookConfiguration.admissionregistration.k8s.io": webhooks,
  "CertificateSigningRequest.certificates.k8s.io": {
    name: anyName,
    create: findInSigningRequest,
    change: (found, request, old) => findInSigningRequestUpdate(found, request, old, ""),
    onUpdate: ["metadata", "change", "metadata change"],
    onSubresource: ["metadata", "change", "metadata change"],
    subresources: {
      approval: (found, request, old) => findInSigningRequestUpdate(found, request, old, "approval"),
      status: (found, request, old) => findInSigningRequestUpdate(found, request, old, "status"),
    },
  },
  "SubjectAccessReview.authorization.k8s.io": { create: (found, review) => findInAccessReview(found, review, false) },
  "LocalSubjectAccessReview.authorization.k8s.io": { create: (found, review) => findInAccessReview(found, review, false) },
  "SelfSubjectAccessReview.authorization.k8s.io": { create: (found, review) => findInAccessReview(found, review, true) },
};
