// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
// Kubernetes' own kinds in their preferred versions; `Event` is that of v1.
import { type BuiltIn, builtIn, type Observed } from "../api/index.ts";
import type { admissionregistration, apiextensions, apiregistration, apps, authentication, authorization, autoscaling, batch, certificates, coordination, core, discovery, flowcontrol, networking, node, policy, rbac, resource, scheduling, storage } from "../kubernetes/index.ts";

/** The kind `Binding` of `v1`; as a type, an object of it as the API server returns it. */
export type Binding = Observed<typeof Binding>;
export const Binding: BuiltIn<"v1", "Binding", core.Binding, "Namespaced"> = builtIn<core.Binding>()("v1", "Binding", "bindings", "Namespaced");
/** The kind `ComponentStatus` of `v1`; as a type, an object of it as the API server returns it. */
export type ComponentStatus = Observed<typeof ComponentStatus>;
export const ComponentStatus: BuiltIn<"v1", "ComponentStatus", core.ComponentStatus, "Cluster"> = builtIn<core.ComponentStatus>()("v1", "ComponentStatus", "componentstatuses", "Cluster");
/** The kind `ConfigMap` of `v1`; as a type, an object of it as the API server returns it. */
export type ConfigMap = Observed<typeof ConfigMap>;
export const ConfigMap: BuiltIn<"v1", "ConfigMap", core.ConfigMap, "Namespaced"> = builtIn<core.ConfigMap>()("v1", "ConfigMap", "configmaps", "Namespaced");
/** The kind `Endpoints` of `v1`; as a type, an object of it as the API server returns it. */
export type Endpoints = Observed<typeof Endpoints>;
export const Endpoints: BuiltIn<"v1", "Endpoints", core.Endpoints, "Namespaced"> = builtIn<core.Endpoints>()("v1", "Endpoints", "endpoints", "Namespaced");
/** The kind `Event` of `v1`; as a type, an object of it as the API server returns it. */
export type Event = Observed<typeof Event>;
export const Event: BuiltIn<"v1", "Event", core.Event, "Namespaced"> = builtIn<core.Event>()("v1", "Event", "events", "Namespaced");
/** The kind `LimitRange` of `v1`; as a type, an object of it as the API server returns it. */
export type LimitRange = Observed<typeof LimitRange>;
export const LimitRange: BuiltIn<"v1", "LimitRange", core.LimitRange, "Namespaced"> = builtIn<core.LimitRange>()("v1", "LimitRange", "limitranges", "Namespaced");
/** The kind `Namespace` of `v1`; as a type, an object of it as the API server returns it. */
export type Namespace = Observed<typeof Namespace>;
export const Namespace: BuiltIn<"v1", "Namespace", core.Namespace, "Cluster"> = builtIn<core.Namespace>()("v1", "Namespace", "namespaces", "Cluster");
/** The kind `Node` of `v1`; as a type, an object of it as the API server returns it. */
export type Node = Observed<typeof Node>;
export const Node: BuiltIn<"v1", "Node", core.Node, "Cluster"> = builtIn<core.Node>()("v1", "Node", "nodes", "Cluster");
/** The kind `PersistentVolumeClaim` of `v1`; as a type, an object of it as the API server returns it. */
export type PersistentVolumeClaim = Observed<typeof PersistentVolumeClaim>;
export const PersistentVolumeClaim: BuiltIn<"v1", "PersistentVolumeClaim", core.PersistentVolumeClaim, "Namespaced"> = builtIn<core.PersistentVolumeClaim>()("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "Namespaced");
/** The kind `PersistentVolume` of `v1`; as a type, an object of it as the API server returns it. */
export type PersistentVolume = Observed<typeof PersistentVolume>;
export const PersistentVolume: BuiltIn<"v1", "PersistentVolume", core.PersistentVolume, "Cluster"> = builtIn<core.PersistentVolume>()("v1", "PersistentVolume", "persistentvolumes", "Cluster");
/** The kind `Pod` of `v1`; as a type, an object of it as the API server returns it. */
export type Pod = Observed<typeof Pod>;
export const Pod: BuiltIn<"v1", "Pod", core.Pod, "Namespaced"> = builtIn<core.Pod>()("v1", "Pod", "pods", "Namespaced");
/** The kind `PodTemplate` of `v1`; as a type, an object of it as the API server returns it. */
export type PodTemplate = Observed<typeof PodTemplate>;
export const PodTemplate: BuiltIn<"v1", "PodTemplate", core.PodTemplate, "Namespaced"> = builtIn<core.PodTemplate>()("v1", "PodTemplate", "podtemplates", "Namespaced");
/** The kind `ReplicationController` of `v1`; as a type, an object of it as the API server returns it. */
export type ReplicationController = Observed<typeof ReplicationController>;
export const ReplicationController: BuiltIn<"v1", "ReplicationController", core.ReplicationController, "Namespaced"> = builtIn<core.ReplicationController>()("v1", "ReplicationController", "replicationcontrollers", "Namespaced");
/** The kind `ResourceQuota` of `v1`; as a type, an object of it as the API server returns it. */
export type ResourceQuota = Observed<typeof ResourceQuota>;
export const ResourceQuota: BuiltIn<"v1", "ResourceQuota", core.ResourceQuota, "Namespaced"> = builtIn<core.ResourceQuota>()("v1", "ResourceQuota", "resourcequotas", "Namespaced");
/** The kind `Secret` of `v1`; as a type, an object of it as the API server returns it. */
export type Secret = Observed<typeof Secret>;
export const Secret: BuiltIn<"v1", "Secret", core.Secret, "Namespaced"> = builtIn<core.Secret>()("v1", "Secret", "secrets", "Namespaced");
/** The kind `ServiceAccount` of `v1`; as a type, an object of it as the API server returns it. */
export type ServiceAccount = Observed<typeof ServiceAccount>;
export const ServiceAccount: BuiltIn<"v1", "ServiceAccount", core.ServiceAccount, "Namespaced"> = builtIn<core.ServiceAccount>()("v1", "ServiceAccount", "serviceaccounts", "Namespaced");
/** The kind `Service` of `v1`; as a type, an object of it as the API server returns it. */
export type Service = Observed<typeof Service>;
export const Service: BuiltIn<"v1", "Service", core.Service, "Namespaced"> = builtIn<core.Service>()("v1", "Service", "services", "Namespaced");
/** The kind `APIService` of `apiregistration.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type APIService = Observed<typeof APIService>;
export const APIService: BuiltIn<"apiregistration.k8s.io/v1", "APIService", apiregistration.APIService, "Cluster"> = builtIn<apiregistration.APIService>()("apiregistration.k8s.io/v1", "APIService", "apiservices", "Cluster");
/** The kind `ControllerRevision` of `apps/v1`; as a type, an object of it as the API server returns it. */
export type ControllerRevision = Observed<typeof ControllerRevision>;
export const ControllerRevision: BuiltIn<"apps/v1", "ControllerRevision", apps.ControllerRevision, "Namespaced"> = builtIn<apps.ControllerRevision>()("apps/v1", "ControllerRevision", "controllerrevisions", "Namespaced");
/** The kind `DaemonSet` of `apps/v1`; as a type, an object of it as the API server returns it. */
export type DaemonSet = Observed<typeof DaemonSet>;
export const DaemonSet: BuiltIn<"apps/v1", "DaemonSet", apps.DaemonSet, "Namespaced"> = builtIn<apps.DaemonSet>()("apps/v1", "DaemonSet", "daemonsets", "Namespaced");
/** The kind `Deployment` of `apps/v1`; as a type, an object of it as the API server returns it. */
export type Deployment = Observed<typeof Deployment>;
export const Deployment: BuiltIn<"apps/v1", "Deployment", apps.Deployment, "Namespaced"> = builtIn<apps.Deployment>()("apps/v1", "Deployment", "deployments", "Namespaced");
/** The kind `ReplicaSet` of `apps/v1`; as a type, an object of it as the API server returns it. */
export type ReplicaSet = Observed<typeof ReplicaSet>;
export const ReplicaSet: BuiltIn<"apps/v1", "ReplicaSet", apps.ReplicaSet, "Namespaced"> = builtIn<apps.ReplicaSet>()("apps/v1", "ReplicaSet", "replicasets", "Namespaced");
/** The kind `StatefulSet` of `apps/v1`; as a type, an object of it as the API server returns it. */
export type StatefulSet = Observed<typeof StatefulSet>;
export const StatefulSet: BuiltIn<"apps/v1", "StatefulSet", apps.StatefulSet, "Namespaced"> = builtIn<apps.StatefulSet>()("apps/v1", "StatefulSet", "statefulsets", "Namespaced");
/** The kind `SelfSubjectReview` of `authentication.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type SelfSubjectReview = Observed<typeof SelfSubjectReview>;
export const SelfSubjectReview: BuiltIn<"authentication.k8s.io/v1", "SelfSubjectReview", authentication.SelfSubjectReview, "Cluster"> = builtIn<authentication.SelfSubjectReview>()("authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", "Cluster");
/** The kind `TokenReview` of `authentication.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type TokenReview = Observed<typeof TokenReview>;
export const TokenReview: BuiltIn<"authentication.k8s.io/v1", "TokenReview", authentication.TokenReview, "Cluster"> = builtIn<authentication.TokenReview>()("authentication.k8s.io/v1", "TokenReview", "tokenreviews", "Cluster");
/** The kind `LocalSubjectAccessReview` of `authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type LocalSubjectAccessReview = Observed<typeof LocalSubjectAccessReview>;
export const LocalSubjectAccessReview: BuiltIn<"authorization.k8s.io/v1", "LocalSubjectAccessReview", authorization.LocalSubjectAccessReview, "Namespaced"> = builtIn<authorization.LocalSubjectAccessReview>()("authorization.k8s.io/v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", "Namespaced");
/** The kind `SelfSubjectAccessReview` of `authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type SelfSubjectAccessReview = Observed<typeof SelfSubjectAccessReview>;
export const SelfSubjectAccessReview: BuiltIn<"authorization.k8s.io/v1", "SelfSubjectAccessReview", authorization.SelfSubjectAccessReview, "Cluster"> = builtIn<authorization.SelfSubjectAccessReview>()("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "Cluster");
/** The kind `SelfSubjectRulesReview` of `authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type SelfSubjectRulesReview = Observed<typeof SelfSubjectRulesReview>;
export const SelfSubjectRulesReview: BuiltIn<"authorization.k8s.io/v1", "SelfSubjectRulesReview", authorization.SelfSubjectRulesReview, "Cluster"> = builtIn<authorization.SelfSubjectRulesReview>()("authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "Cluster");
/** The kind `SubjectAccessReview` of `authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type SubjectAccessReview = Observed<typeof SubjectAccessReview>;
export const SubjectAccessReview: BuiltIn<"authorization.k8s.io/v1", "SubjectAccessReview", authorization.SubjectAccessReview, "Cluster"> = builtIn<authorization.SubjectAccessReview>()("authorization.k8s.io/v1", "SubjectAccessReview", "subjectaccessreviews", "Cluster");
/** The kind `HorizontalPodAutoscaler` of `autoscaling/v2`; as a type, an object of it as the API server returns it. */
export type HorizontalPodAutoscaler = Observed<typeof HorizontalPodAutoscaler>;
export const HorizontalPodAutoscaler: BuiltIn<"autoscaling/v2", "HorizontalPodAutoscaler", autoscaling.HorizontalPodAutoscaler, "Namespaced"> = builtIn<autoscaling.HorizontalPodAutoscaler>()("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "Namespaced");
/** The kind `CronJob` of `batch/v1`; as a type, an object of it as the API server returns it. */
export type CronJob = Observed<typeof CronJob>;
export const CronJob: BuiltIn<"batch/v1", "CronJob", batch.CronJob, "Namespaced"> = builtIn<batch.CronJob>()("batch/v1", "CronJob", "cronjobs", "Namespaced");
/** The kind `Job` of `batch/v1`; as a type, an object of it as the API server returns it. */
export type Job = Observed<typeof Job>;
export const Job: BuiltIn<"batch/v1", "Job", batch.Job, "Namespaced"> = builtIn<batch.Job>()("batch/v1", "Job", "jobs", "Namespaced");
/** The kind `CertificateSigningRequest` of `certificates.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type CertificateSigningRequest = Observed<typeof CertificateSigningRequest>;
export const CertificateSigningRequest: BuiltIn<"certificates.k8s.io/v1", "CertificateSigningRequest", certificates.CertificateSigningRequest, "Cluster"> = builtIn<certificates.CertificateSigningRequest>()("certificates.k8s.io/v1", "CertificateSigningRequest", "certificatesigningrequests", "Cluster");
/** The kind `IngressClass` of `networking.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type IngressClass = Observed<typeof IngressClass>;
export const IngressClass: BuiltIn<"networking.k8s.io/v1", "IngressClass", networking.IngressClass, "Cluster"> = builtIn<networking.IngressClass>()("networking.k8s.io/v1", "IngressClass", "ingressclasses", "Cluster");
/** The kind `Ingress` of `networking.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type Ingress = Observed<typeof Ingress>;
export const Ingress: BuiltIn<"networking.k8s.io/v1", "Ingress", networking.Ingress, "Namespaced"> = builtIn<networking.Ingress>()("networking.k8s.io/v1", "Ingress", "ingresses", "Namespaced");
/** The kind `IPAddress` of `networking.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type IPAddress = Observed<typeof IPAddress>;
export const IPAddress: BuiltIn<"networking.k8s.io/v1", "IPAddress", networking.IPAddress, "Cluster"> = builtIn<networking.IPAddress>()("networking.k8s.io/v1", "IPAddress", "ipaddresses", "Cluster");
/** The kind `NetworkPolicy` of `networking.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type NetworkPolicy = Observed<typeof NetworkPolicy>;
export const NetworkPolicy: BuiltIn<"networking.k8s.io/v1", "NetworkPolicy", networking.NetworkPolicy, "Namespaced"> = builtIn<networking.NetworkPolicy>()("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "Namespaced");
/** The kind `ServiceCIDR` of `networking.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ServiceCIDR = Observed<typeof ServiceCIDR>;
export const ServiceCIDR: BuiltIn<"networking.k8s.io/v1", "ServiceCIDR", networking.ServiceCIDR, "Cluster"> = builtIn<networking.ServiceCIDR>()("networking.k8s.io/v1", "ServiceCIDR", "servicecidrs", "Cluster");
/** The kind `PodDisruptionBudget` of `policy/v1`; as a type, an object of it as the API server returns it. */
export type PodDisruptionBudget = Observed<typeof PodDisruptionBudget>;
export const PodDisruptionBudget: BuiltIn<"policy/v1", "PodDisruptionBudget", policy.PodDisruptionBudget, "Namespaced"> = builtIn<policy.PodDisruptionBudget>()("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "Namespaced");
/** The kind `ClusterRoleBinding` of `rbac.authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ClusterRoleBinding = Observed<typeof ClusterRoleBinding>;
export const ClusterRoleBinding: BuiltIn<"rbac.authorization.k8s.io/v1", "ClusterRoleBinding", rbac.ClusterRoleBinding, "Cluster"> = builtIn<rbac.ClusterRoleBinding>()("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", "Cluster");
/** The kind `ClusterRole` of `rbac.authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ClusterRole = Observed<typeof ClusterRole>;
export const ClusterRole: BuiltIn<"rbac.authorization.k8s.io/v1", "ClusterRole", rbac.ClusterRole, "Cluster"> = builtIn<rbac.ClusterRole>()("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", "Cluster");
/** The kind `RoleBinding` of `rbac.authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type RoleBinding = Observed<typeof RoleBinding>;
export const RoleBinding: BuiltIn<"rbac.authorization.k8s.io/v1", "RoleBinding", rbac.RoleBinding, "Namespaced"> = builtIn<rbac.RoleBinding>()("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", "Namespaced");
/** The kind `Role` of `rbac.authorization.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type Role = Observed<typeof Role>;
export const Role: BuiltIn<"rbac.authorization.k8s.io/v1", "Role", rbac.Role, "Namespaced"> = builtIn<rbac.Role>()("rbac.authorization.k8s.io/v1", "Role", "roles", "Namespaced");
/** The kind `CSIDriver` of `storage.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type CSIDriver = Observed<typeof CSIDriver>;
export const CSIDriver: BuiltIn<"storage.k8s.io/v1", "CSIDriver", storage.CSIDriver, "Cluster"> = builtIn<storage.CSIDriver>()("storage.k8s.io/v1", "CSIDriver", "csidrivers", "Cluster");
/** The kind `CSINode` of `storage.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type CSINode = Observed<typeof CSINode>;
export const CSINode: BuiltIn<"storage.k8s.io/v1", "CSINode", storage.CSINode, "Cluster"> = builtIn<storage.CSINode>()("storage.k8s.io/v1", "CSINode", "csinodes", "Cluster");
/** The kind `CSIStorageCapacity` of `storage.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type CSIStorageCapacity = Observed<typeof CSIStorageCapacity>;
export const CSIStorageCapacity: BuiltIn<"storage.k8s.io/v1", "CSIStorageCapacity", storage.CSIStorageCapacity, "Namespaced"> = builtIn<storage.CSIStorageCapacity>()("storage.k8s.io/v1", "CSIStorageCapacity", "csistoragecapacities", "Namespaced");
/** The kind `StorageClass` of `storage.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type StorageClass = Observed<typeof StorageClass>;
export const StorageClass: BuiltIn<"storage.k8s.io/v1", "StorageClass", storage.StorageClass, "Cluster"> = builtIn<storage.StorageClass>()("storage.k8s.io/v1", "StorageClass", "storageclasses", "Cluster");
/** The kind `VolumeAttachment` of `storage.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type VolumeAttachment = Observed<typeof VolumeAttachment>;
export const VolumeAttachment: BuiltIn<"storage.k8s.io/v1", "VolumeAttachment", storage.VolumeAttachment, "Cluster"> = builtIn<storage.VolumeAttachment>()("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", "Cluster");
/** The kind `VolumeAttributesClass` of `storage.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type VolumeAttributesClass = Observed<typeof VolumeAttributesClass>;
export const VolumeAttributesClass: BuiltIn<"storage.k8s.io/v1", "VolumeAttributesClass", storage.VolumeAttributesClass, "Cluster"> = builtIn<storage.VolumeAttributesClass>()("storage.k8s.io/v1", "VolumeAttributesClass", "volumeattributesclasses", "Cluster");
/** The kind `MutatingAdmissionPolicy` of `admissionregistration.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type MutatingAdmissionPolicy = Observed<typeof MutatingAdmissionPolicy>;
export const MutatingAdmissionPolicy: BuiltIn<"admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", admissionregistration.MutatingAdmissionPolicy, "Cluster"> = builtIn<admissionregistration.MutatingAdmissionPolicy>()("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", "mutatingadmissionpolicies", "Cluster");
/** The kind `MutatingAdmissionPolicyBinding` of `admissionregistration.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type MutatingAdmissionPolicyBinding = Observed<typeof MutatingAdmissionPolicyBinding>;
export const MutatingAdmissionPolicyBinding: BuiltIn<"admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding", admissionregistration.MutatingAdmissionPolicyBinding, "Cluster"> = builtIn<admissionregistration.MutatingAdmissionPolicyBinding>()("admissionregistration.k8s.io/v1", "MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", "Cluster");
/** The kind `MutatingWebhookConfiguration` of `admissionregistration.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type MutatingWebhookConfiguration = Observed<typeof MutatingWebhookConfiguration>;
export const MutatingWebhookConfiguration: BuiltIn<"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", admissionregistration.MutatingWebhookConfiguration, "Cluster"> = builtIn<admissionregistration.MutatingWebhookConfiguration>()("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "Cluster");
/** The kind `ValidatingAdmissionPolicy` of `admissionregistration.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ValidatingAdmissionPolicy = Observed<typeof ValidatingAdmissionPolicy>;
export const ValidatingAdmissionPolicy: BuiltIn<"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", admissionregistration.ValidatingAdmissionPolicy, "Cluster"> = builtIn<admissionregistration.ValidatingAdmissionPolicy>()("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "Cluster");
/** The kind `ValidatingAdmissionPolicyBinding` of `admissionregistration.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ValidatingAdmissionPolicyBinding = Observed<typeof ValidatingAdmissionPolicyBinding>;
export const ValidatingAdmissionPolicyBinding: BuiltIn<"admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", admissionregistration.ValidatingAdmissionPolicyBinding, "Cluster"> = builtIn<admissionregistration.ValidatingAdmissionPolicyBinding>()("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "Cluster");
/** The kind `ValidatingWebhookConfiguration` of `admissionregistration.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ValidatingWebhookConfiguration = Observed<typeof ValidatingWebhookConfiguration>;
export const ValidatingWebhookConfiguration: BuiltIn<"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", admissionregistration.ValidatingWebhookConfiguration, "Cluster"> = builtIn<admissionregistration.ValidatingWebhookConfiguration>()("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "Cluster");
/** The kind `CustomResourceDefinition` of `apiextensions.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type CustomResourceDefinition = Observed<typeof CustomResourceDefinition>;
export const CustomResourceDefinition: BuiltIn<"apiextensions.k8s.io/v1", "CustomResourceDefinition", apiextensions.CustomResourceDefinition, "Cluster"> = builtIn<apiextensions.CustomResourceDefinition>()("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "Cluster");
/** The kind `PriorityClass` of `scheduling.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type PriorityClass = Observed<typeof PriorityClass>;
export const PriorityClass: BuiltIn<"scheduling.k8s.io/v1", "PriorityClass", scheduling.PriorityClass, "Cluster"> = builtIn<scheduling.PriorityClass>()("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "Cluster");
/** The kind `Lease` of `coordination.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type Lease = Observed<typeof Lease>;
export const Lease: BuiltIn<"coordination.k8s.io/v1", "Lease", coordination.Lease, "Namespaced"> = builtIn<coordination.Lease>()("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");
/** The kind `RuntimeClass` of `node.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type RuntimeClass = Observed<typeof RuntimeClass>;
export const RuntimeClass: BuiltIn<"node.k8s.io/v1", "RuntimeClass", node.RuntimeClass, "Cluster"> = builtIn<node.RuntimeClass>()("node.k8s.io/v1", "RuntimeClass", "runtimeclasses", "Cluster");
/** The kind `EndpointSlice` of `discovery.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type EndpointSlice = Observed<typeof EndpointSlice>;
export const EndpointSlice: BuiltIn<"discovery.k8s.io/v1", "EndpointSlice", discovery.EndpointSlice, "Namespaced"> = builtIn<discovery.EndpointSlice>()("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "Namespaced");
/** The kind `DeviceClass` of `resource.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type DeviceClass = Observed<typeof DeviceClass>;
export const DeviceClass: BuiltIn<"resource.k8s.io/v1", "DeviceClass", resource.DeviceClass, "Cluster"> = builtIn<resource.DeviceClass>()("resource.k8s.io/v1", "DeviceClass", "deviceclasses", "Cluster");
/** The kind `ResourceClaim` of `resource.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ResourceClaim = Observed<typeof ResourceClaim>;
export const ResourceClaim: BuiltIn<"resource.k8s.io/v1", "ResourceClaim", resource.ResourceClaim, "Namespaced"> = builtIn<resource.ResourceClaim>()("resource.k8s.io/v1", "ResourceClaim", "resourceclaims", "Namespaced");
/** The kind `ResourceClaimTemplate` of `resource.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ResourceClaimTemplate = Observed<typeof ResourceClaimTemplate>;
export const ResourceClaimTemplate: BuiltIn<"resource.k8s.io/v1", "ResourceClaimTemplate", resource.ResourceClaimTemplate, "Namespaced"> = builtIn<resource.ResourceClaimTemplate>()("resource.k8s.io/v1", "ResourceClaimTemplate", "resourceclaimtemplates", "Namespaced");
/** The kind `ResourceSlice` of `resource.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type ResourceSlice = Observed<typeof ResourceSlice>;
export const ResourceSlice: BuiltIn<"resource.k8s.io/v1", "ResourceSlice", resource.ResourceSlice, "Cluster"> = builtIn<resource.ResourceSlice>()("resource.k8s.io/v1", "ResourceSlice", "resourceslices", "Cluster");
/** The kind `FlowSchema` of `flowcontrol.apiserver.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type FlowSchema = Observed<typeof FlowSchema>;
export const FlowSchema: BuiltIn<"flowcontrol.apiserver.k8s.io/v1", "FlowSchema", flowcontrol.FlowSchema, "Cluster"> = builtIn<flowcontrol.FlowSchema>()("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "flowschemas", "Cluster");
/** The kind `PriorityLevelConfiguration` of `flowcontrol.apiserver.k8s.io/v1`; as a type, an object of it as the API server returns it. */
export type PriorityLevelConfiguration = Observed<typeof PriorityLevelConfiguration>;
export const PriorityLevelConfiguration: BuiltIn<"flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", flowcontrol.PriorityLevelConfiguration, "Cluster"> = builtIn<flowcontrol.PriorityLevelConfiguration>()("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration", "prioritylevelconfigurations", "Cluster");
