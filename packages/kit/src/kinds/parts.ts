// Parts of Kubernetes' own kinds by name, for schemas of one's own: the schema from the table, the static type from kubernetes-types.
import type * as apps from "kubernetes-types/apps/v1.js";
import type * as autoscaling from "kubernetes-types/autoscaling/v2.js";
import type * as batch from "kubernetes-types/batch/v1.js";
import type * as core from "kubernetes-types/core/v1.js";
import type * as meta from "kubernetes-types/meta/v1.js";
import type * as networking from "kubernetes-types/networking/v1.js";
import type * as policy from "kubernetes-types/policy/v1.js";
import type * as rbac from "kubernetes-types/rbac/v1.js";
import type { TUnsafe } from "typebox";
import { t as plain, type SchemaBuilder, type SchemaOptions, type TSchema } from "../schema/index.ts";
import { structuralDefinition } from "./structural.ts";

/** What `t.Kubernetes` knows: the group's folder and version, the part's name, its static type. */
export interface KubernetesParts {
  readonly "core/v1": {
    readonly Affinity: core.Affinity;
    readonly Capabilities: core.Capabilities;
    readonly ConfigMapKeySelector: core.ConfigMapKeySelector;
    readonly ConfigMapVolumeSource: core.ConfigMapVolumeSource;
    readonly Container: core.Container;
    readonly ContainerPort: core.ContainerPort;
    readonly EmptyDirVolumeSource: core.EmptyDirVolumeSource;
    readonly EnvFromSource: core.EnvFromSource;
    readonly EnvVar: core.EnvVar;
    readonly EnvVarSource: core.EnvVarSource;
    readonly HTTPGetAction: core.HTTPGetAction;
    readonly HostAlias: core.HostAlias;
    readonly KeyToPath: core.KeyToPath;
    readonly Lifecycle: core.Lifecycle;
    readonly LocalObjectReference: core.LocalObjectReference;
    readonly NodeAffinity: core.NodeAffinity;
    readonly NodeSelector: core.NodeSelector;
    readonly ObjectReference: core.ObjectReference;
    readonly PersistentVolumeClaimSpec: core.PersistentVolumeClaimSpec;
    readonly PodAffinity: core.PodAffinity;
    readonly PodAntiAffinity: core.PodAntiAffinity;
    readonly PodDNSConfig: core.PodDNSConfig;
    readonly PodSecurityContext: core.PodSecurityContext;
    readonly PodSpec: core.PodSpec;
    readonly PodTemplateSpec: core.PodTemplateSpec;
    readonly Probe: core.Probe;
    readonly ProjectedVolumeSource: core.ProjectedVolumeSource;
    readonly ResourceRequirements: core.ResourceRequirements;
    readonly SecretKeySelector: core.SecretKeySelector;
    readonly SecretVolumeSource: core.SecretVolumeSource;
    readonly SecurityContext: core.SecurityContext;
    readonly ServicePort: core.ServicePort;
    readonly ServiceSpec: core.ServiceSpec;
    readonly Toleration: core.Toleration;
    readonly TopologySpreadConstraint: core.TopologySpreadConstraint;
    readonly TypedLocalObjectReference: core.TypedLocalObjectReference;
    readonly Volume: core.Volume;
    readonly VolumeMount: core.VolumeMount;
  };
  readonly "apps/v1": {
    readonly DaemonSetUpdateStrategy: apps.DaemonSetUpdateStrategy;
    readonly DeploymentSpec: apps.DeploymentSpec;
    readonly DeploymentStrategy: apps.DeploymentStrategy;
    readonly StatefulSetSpec: apps.StatefulSetSpec;
    readonly StatefulSetUpdateStrategy: apps.StatefulSetUpdateStrategy;
  };
  readonly "batch/v1": {
    readonly CronJobSpec: batch.CronJobSpec;
    readonly JobSpec: batch.JobSpec;
    readonly JobTemplateSpec: batch.JobTemplateSpec;
    readonly PodFailurePolicy: batch.PodFailurePolicy;
  };
  readonly "networking/v1": {
    readonly IngressRule: networking.IngressRule;
    readonly IngressSpec: networking.IngressSpec;
    readonly IngressTLS: networking.IngressTLS;
    readonly NetworkPolicyPeer: networking.NetworkPolicyPeer;
    readonly NetworkPolicyPort: networking.NetworkPolicyPort;
    readonly NetworkPolicySpec: networking.NetworkPolicySpec;
  };
  readonly "autoscaling/v2": {
    readonly CrossVersionObjectReference: autoscaling.CrossVersionObjectReference;
    readonly HorizontalPodAutoscalerBehavior: autoscaling.HorizontalPodAutoscalerBehavior;
    readonly MetricSpec: autoscaling.MetricSpec;
  };
  readonly "policy/v1": { readonly PodDisruptionBudgetSpec: policy.PodDisruptionBudgetSpec };
  readonly "rbac/v1": { readonly PolicyRule: rbac.PolicyRule; readonly RoleRef: rbac.RoleRef; readonly Subject: rbac.Subject };
  readonly "meta/v1": { readonly LabelSelector: meta.LabelSelector; readonly LabelSelectorRequirement: meta.LabelSelectorRequirement };
}

/** `t`, and what needs the table of Kubernetes' own kinds. */
export interface KubernetesSchemaBuilder extends SchemaBuilder {
  /**
   * A part of Kubernetes' own kinds, whole, as the API server describes it: `t.Kubernetes("core/v1", "ServicePort")`. What the API
   * server checks beyond its schema (that a port is below 65536) is checked when the part is written to the cluster.
   */
  Kubernetes<G extends keyof KubernetesParts, P extends keyof KubernetesParts[G] & string>(
    group: G,
    part: P,
    options?: SchemaOptions,
  ): TUnsafe<KubernetesParts[G][P]>;
}

export const t: KubernetesSchemaBuilder = {
  ...plain,
  Kubernetes: (group, part, options) => {
    const prefix = group === "meta/v1" ? "io.k8s.apimachinery.pkg.apis" : "io.k8s.api";
    const schema = structuralDefinition(`${prefix}.${group.replace("/", ".")}.${part}`);
    // Through a part of no type, so that options mean the same as anywhere else.
    return { ...plain.Unsafe<never>(schema), ...withoutType(plain.Any(options)) } as never;
  },
};

function withoutType(schema: TSchema): object {
  const { type: _type, "x-kubernetes-preserve-unknown-fields": _keep, ...options } = schema as Record<string | symbol, unknown>;
  return options;
}
