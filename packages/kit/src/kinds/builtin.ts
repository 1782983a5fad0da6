// Kubernetes' own kinds in their preferred versions, with their static types; what is known of them at run time stands in
// the table (`kinds()`).
import type * as admissionregistration from "kubernetes-types/admissionregistration/v1.js";
import type * as apiextensions from "kubernetes-types/apiextensions/v1.js";
import type * as apps from "kubernetes-types/apps/v1.js";
import type * as authentication from "kubernetes-types/authentication/v1.js";
import type * as authorization from "kubernetes-types/authorization/v1.js";
import type * as autoscaling from "kubernetes-types/autoscaling/v2.js";
import type * as batch from "kubernetes-types/batch/v1.js";
import type * as certificates from "kubernetes-types/certificates/v1.js";
import type * as coordination from "kubernetes-types/coordination/v1.js";
import type * as core from "kubernetes-types/core/v1.js";
import type * as discovery from "kubernetes-types/discovery/v1.js";
import type * as flowcontrol from "kubernetes-types/flowcontrol/v1.js";
import type * as networking from "kubernetes-types/networking/v1.js";
import type * as node from "kubernetes-types/node/v1.js";
import type * as policy from "kubernetes-types/policy/v1.js";
import type * as rbac from "kubernetes-types/rbac/v1.js";
import type * as scheduling from "kubernetes-types/scheduling/v1.js";
import type * as storage from "kubernetes-types/storage/v1.js";
import { type BuiltIn, builtIn } from "../api/index.ts";

export const Binding: BuiltIn<"v1", "Binding", core.Binding, "Namespaced"> = builtIn<core.Binding>()(
  "v1",
  "Binding",
  "bindings",
  "Namespaced",
);
export const ComponentStatus: BuiltIn<"v1", "ComponentStatus", core.ComponentStatus, "Cluster"> = builtIn<core.ComponentStatus>()(
  "v1",
  "ComponentStatus",
  "componentstatuses",
  "Cluster",
);
export const ConfigMap: BuiltIn<"v1", "ConfigMap", core.ConfigMap, "Namespaced"> = builtIn<core.ConfigMap>()(
  "v1",
  "ConfigMap",
  "configmaps",
  "Namespaced",
);
export const Endpoints: BuiltIn<"v1", "Endpoints", core.Endpoints, "Namespaced"> = builtIn<core.Endpoints>()(
  "v1",
  "Endpoints",
  "endpoints",
  "Namespaced",
);
export const Event: BuiltIn<"v1", "Event", core.Event, "Namespaced"> = builtIn<core.Event>()("v1", "Event", "events", "Namespaced");
export const LimitRange: BuiltIn<"v1", "LimitRange", core.LimitRange, "Namespaced"> = builtIn<core.LimitRange>()(
  "v1",
  "LimitRange",
  "limitranges",
  "Namespaced",
);
export const Namespace: BuiltIn<"v1", "Namespace", core.Namespace, "Cluster"> = builtIn<core.Namespace>()(
  "v1",
  "Namespace",
  "namespaces",
  "Cluster",
);
export const Node: BuiltIn<"v1", "Node", core.Node, "Cluster"> = builtIn<core.Node>()("v1", "Node", "nodes", "Cluster");
export const PersistentVolume: BuiltIn<"v1", "PersistentVolume", core.PersistentVolume, "Cluster"> = builtIn<core.PersistentVolume>()(
  "v1",
  "PersistentVolume",
  "persistentvolumes",
  "Cluster",
);
export const PersistentVolumeClaim: BuiltIn<"v1", "PersistentVolumeClaim", core.PersistentVolumeClaim, "Namespaced"> =
  builtIn<core.PersistentVolumeClaim>()("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "Namespaced");
export const Pod: BuiltIn<"v1", "Pod", core.Pod, "Namespaced"> = builtIn<core.Pod>()("v1", "Pod", "pods", "Namespaced");
export const PodTemplate: BuiltIn<"v1", "PodTemplate", core.PodTemplate, "Namespaced"> = builtIn<core.PodTemplate>()(
  "v1",
  "PodTemplate",
  "podtemplates",
  "Namespaced",
);
export const ReplicationController: BuiltIn<"v1", "ReplicationController", core.ReplicationController, "Namespaced"> =
  builtIn<core.ReplicationController>()("v1", "ReplicationController", "replicationcontrollers", "Namespaced");
export const ResourceQuota: BuiltIn<"v1", "ResourceQuota", core.ResourceQuota, "Namespaced"> = builtIn<core.ResourceQuota>()(
  "v1",
  "ResourceQuota",
  "resourcequotas",
  "Namespaced",
);
export const Secret: BuiltIn<"v1", "Secret", core.Secret, "Namespaced"> = builtIn<core.Secret>()("v1", "Secret", "secrets", "Namespaced");
export const Service: BuiltIn<"v1", "Service", core.Service, "Namespaced"> = builtIn<core.Service>()(
  "v1",
  "Service",
  "services",
  "Namespaced",
);
export const ServiceAccount: BuiltIn<"v1", "ServiceAccount", core.ServiceAccount, "Namespaced"> = builtIn<core.ServiceAccount>()(
  "v1",
  "ServiceAccount",
  "serviceaccounts",
  "Namespaced",
);
export const MutatingWebhookConfiguration: BuiltIn<
  "admissionregistration.k8s.io/v1",
  "MutatingWebhookConfiguration",
  admissionregistration.MutatingWebhookConfiguration,
  "Cluster"
> = builtIn<admissionregistration.MutatingWebhookConfiguration>()(
  "admissionregistration.k8s.io/v1",
  "MutatingWebhookConfiguration",
  "mutatingwebhookconfigurations",
  "Cluster",
);
export const ValidatingAdmissionPolicy: BuiltIn<
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicy",
  admissionregistration.ValidatingAdmissionPolicy,
  "Cluster"
> = builtIn<admissionregistration.ValidatingAdmissionPolicy>()(
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicy",
  "validatingadmissionpolicies",
  "Cluster",
);
export const ValidatingAdmissionPolicyBinding: BuiltIn<
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicyBinding",
  admissionregistration.ValidatingAdmissionPolicyBinding,
  "Cluster"
> = builtIn<admissionregistration.ValidatingAdmissionPolicyBinding>()(
  "admissionregistration.k8s.io/v1",
  "ValidatingAdmissionPolicyBinding",
  "validatingadmissionpolicybindings",
  "Cluster",
);
export const ValidatingWebhookConfiguration: BuiltIn<
  "admissionregistration.k8s.io/v1",
  "ValidatingWebhookConfiguration",
  admissionregistration.ValidatingWebhookConfiguration,
  "Cluster"
> = builtIn<admissionregistration.ValidatingWebhookConfiguration>()(
  "admissionregistration.k8s.io/v1",
  "ValidatingWebhookConfiguration",
  "validatingwebhookconfigurations",
  "Cluster",
);
export const CustomResourceDefinition: BuiltIn<
  "apiextensions.k8s.io/v1",
  "CustomResourceDefinition",
  apiextensions.CustomResourceDefinition,
  "Cluster"
> = builtIn<apiextensions.CustomResourceDefinition>()(
  "apiextensions.k8s.io/v1",
  "CustomResourceDefinition",
  "customresourcedefinitions",
  "Cluster",
);
export const ControllerRevision: BuiltIn<"apps/v1", "ControllerRevision", apps.ControllerRevision, "Namespaced"> =
  builtIn<apps.ControllerRevision>()("apps/v1", "ControllerRevision", "controllerrevisions", "Namespaced");
export const DaemonSet: BuiltIn<"apps/v1", "DaemonSet", apps.DaemonSet, "Namespaced"> = builtIn<apps.DaemonSet>()(
  "apps/v1",
  "DaemonSet",
  "daemonsets",
  "Namespaced",
);
export const Deployment: BuiltIn<"apps/v1", "Deployment", apps.Deployment, "Namespaced"> = builtIn<apps.Deployment>()(
  "apps/v1",
  "Deployment",
  "deployments",
  "Namespaced",
);
export const ReplicaSet: BuiltIn<"apps/v1", "ReplicaSet", apps.ReplicaSet, "Namespaced"> = builtIn<apps.ReplicaSet>()(
  "apps/v1",
  "ReplicaSet",
  "replicasets",
  "Namespaced",
);
export const StatefulSet: BuiltIn<"apps/v1", "StatefulSet", apps.StatefulSet, "Namespaced"> = builtIn<apps.StatefulSet>()(
  "apps/v1",
  "StatefulSet",
  "statefulsets",
  "Namespaced",
);
export const SelfSubjectReview: BuiltIn<"authentication.k8s.io/v1", "SelfSubjectReview", authentication.SelfSubjectReview, "Cluster"> =
  builtIn<authentication.SelfSubjectReview>()("authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", "Cluster");
export const TokenReview: BuiltIn<"authentication.k8s.io/v1", "TokenReview", authentication.TokenReview, "Cluster"> =
  builtIn<authentication.TokenReview>()("authentication.k8s.io/v1", "TokenReview", "tokenreviews", "Cluster");
export const LocalSubjectAccessReview: BuiltIn<
  "authorization.k8s.io/v1",
  "LocalSubjectAccessReview",
  authorization.LocalSubjectAccessReview,
  "Namespaced"
> = builtIn<authorization.LocalSubjectAccessReview>()(
  "authorization.k8s.io/v1",
  "LocalSubjectAccessReview",
  "localsubjectaccessreviews",
  "Namespaced",
);
export const SelfSubjectAccessReview: BuiltIn<
  "authorization.k8s.io/v1",
  "SelfSubjectAccessReview",
  authorization.SelfSubjectAccessReview,
  "Cluster"
> = builtIn<authorization.SelfSubjectAccessReview>()(
  "authorization.k8s.io/v1",
  "SelfSubjectAccessReview",
  "selfsubjectaccessreviews",
  "Cluster",
);
export const SelfSubjectRulesReview: BuiltIn<
  "authorization.k8s.io/v1",
  "SelfSubjectRulesReview",
  authorization.SelfSubjectRulesReview,
  "Cluster"
> = builtIn<authorization.SelfSubjectRulesReview>()(
  "authorization.k8s.io/v1",
  "SelfSubjectRulesReview",
  "selfsubjectrulesreviews",
  "Cluster",
);
export const SubjectAccessReview: BuiltIn<"authorization.k8s.io/v1", "SubjectAccessReview", authorization.SubjectAccessReview, "Cluster"> =
  builtIn<authorization.SubjectAccessReview>()("authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", "Cluster");
export const HorizontalPodAutoscaler: BuiltIn<
  "autoscaling/v2",
  "HorizontalPodAutoscaler",
  autoscaling.HorizontalPodAutoscaler,
  "Namespaced"
> = builtIn<autoscaling.HorizontalPodAutoscaler>()("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "Namespaced");
export const CronJob: BuiltIn<"batch/v1", "CronJob", batch.CronJob, "Namespaced"> = builtIn<batch.CronJob>()(
  "batch/v1",
  "CronJob",
  "cronjobs",
  "Namespaced",
);
export const Job: BuiltIn<"batch/v1", "Job", batch.Job, "Namespaced"> = builtIn<batch.Job>()("batch/v1", "Job", "jobs", "Namespaced");
export const CertificateSigningRequest: BuiltIn<
  "certificates.k8s.io/v1",
  "CertificateSigningRequest",
  certificates.CertificateSigningRequest,
  "Cluster"
> = builtIn<certificates.CertificateSigningRequest>()(
  "certificates.k8s.io/v1",
  "CertificateSigningRequest",
  "certificatesigningrequests",
  "Cluster",
);
export const Lease: BuiltIn<"coordination.k8s.io/v1", "Lease", coordination.Lease, "Namespaced"> = builtIn<coordination.Lease>()(
  "coordination.k8s.io/v1",
  "Lease",
  "leases",
  "Namespaced",
);
export const EndpointSlice: BuiltIn<"discovery.k8s.io/v1", "EndpointSlice", discovery.EndpointSlice, "Namespaced"> =
  builtIn<discovery.EndpointSlice>()("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "Namespaced");
export const FlowSchema: BuiltIn<"flowcontrol.apiserver.k8s.io/v1", "FlowSchema", flowcontrol.FlowSchema, "Cluster"> =
  builtIn<flowcontrol.FlowSchema>()("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", "Cluster");
export const PriorityLevelConfiguration: BuiltIn<
  "flowcontrol.apiserver.k8s.io/v1",
  "PriorityLevelConfiguration",
  flowcontrol.PriorityLevelConfiguration,
  "Cluster"
> = builtIn<flowcontrol.PriorityLevelConfiguration>()(
  "flowcontrol.apiserver.k8s.io/v1",
  "PriorityLevelConfiguration",
  "prioritylevelconfigurations",
  "Cluster",
);
export const Ingress: BuiltIn<"networking.k8s.io/v1", "Ingress", networking.Ingress, "Namespaced"> = builtIn<networking.Ingress>()(
  "networking.k8s.io/v1",
  "Ingress",
  "ingresses",
  "Namespaced",
);
export const IngressClass: BuiltIn<"networking.k8s.io/v1", "IngressClass", networking.IngressClass, "Cluster"> =
  builtIn<networking.IngressClass>()("networking.k8s.io/v1", "IngressClass", "ingressclasses", "Cluster");
export const NetworkPolicy: BuiltIn<"networking.k8s.io/v1", "NetworkPolicy", networking.NetworkPolicy, "Namespaced"> =
  builtIn<networking.NetworkPolicy>()("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "Namespaced");
export const RuntimeClass: BuiltIn<"node.k8s.io/v1", "RuntimeClass", node.RuntimeClass, "Cluster"> = builtIn<node.RuntimeClass>()(
  "node.k8s.io/v1",
  "RuntimeClass",
  "runtimeclasses",
  "Cluster",
);
export const PodDisruptionBudget: BuiltIn<"policy/v1", "PodDisruptionBudget", policy.PodDisruptionBudget, "Namespaced"> =
  builtIn<policy.PodDisruptionBudget>()("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "Namespaced");
export const ClusterRole: BuiltIn<"rbac.authorization.k8s.io/v1", "ClusterRole", rbac.ClusterRole, "Cluster"> = builtIn<rbac.ClusterRole>()(
  "rbac.authorization.k8s.io/v1",
  "ClusterRole",
  "clusterroles",
  "Cluster",
);
export const ClusterRoleBinding: BuiltIn<"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", rbac.ClusterRoleBinding, "Cluster"> =
  builtIn<rbac.ClusterRoleBinding>()("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", "Cluster");
export const Role: BuiltIn<"rbac.authorization.k8s.io/v1", "Role", rbac.Role, "Namespaced"> = builtIn<rbac.Role>()(
  "rbac.authorization.k8s.io/v1",
  "Role",
  "roles",
  "Namespaced",
);
export const RoleBinding: BuiltIn<"rbac.authorization.k8s.io/v1", "RoleBinding", rbac.RoleBinding, "Namespaced"> =
  builtIn<rbac.RoleBinding>()("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", "Namespaced");
export const PriorityClass: BuiltIn<"scheduling.k8s.io/v1", "PriorityClass", scheduling.PriorityClass, "Cluster"> =
  builtIn<scheduling.PriorityClass>()("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "Cluster");
export const CSIDriver: BuiltIn<"storage.k8s.io/v1", "CSIDriver", storage.CSIDriver, "Cluster"> = builtIn<storage.CSIDriver>()(
  "storage.k8s.io/v1",
  "CSIDriver",
  "csidrivers",
  "Cluster",
);
export const CSINode: BuiltIn<"storage.k8s.io/v1", "CSINode", storage.CSINode, "Cluster"> = builtIn<storage.CSINode>()(
  "storage.k8s.io/v1",
  "CSINode",
  "csinodes",
  "Cluster",
);
export const CSIStorageCapacity: BuiltIn<"storage.k8s.io/v1", "CSIStorageCapacity", storage.CSIStorageCapacity, "Namespaced"> =
  builtIn<storage.CSIStorageCapacity>()("storage.k8s.io/v1", "CSIStorageCapacity", "csistoragecapacities", "Namespaced");
export const StorageClass: BuiltIn<"storage.k8s.io/v1", "StorageClass", storage.StorageClass, "Cluster"> = builtIn<storage.StorageClass>()(
  "storage.k8s.io/v1",
  "StorageClass",
  "storageclasses",
  "Cluster",
);
export const VolumeAttachment: BuiltIn<"storage.k8s.io/v1", "VolumeAttachment", storage.VolumeAttachment, "Cluster"> =
  builtIn<storage.VolumeAttachment>()("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", "Cluster");
