/**
 * The built-in kinds that control loops and the kubelet read and write, typed, with the fields of 1.36 that the
 * published types do not know yet.
 */
import { builtIn, type Observed } from "@outrigger/kit/api";
import type * as apps from "kubernetes-types/apps/v1.js";
import type * as batch from "kubernetes-types/batch/v1.js";
import type * as coordination from "kubernetes-types/coordination/v1.js";
import type * as core from "kubernetes-types/core/v1.js";
import type * as discovery from "kubernetes-types/discovery/v1.js";
import type * as policy from "kubernetes-types/policy/v1.js";

type With<T extends { status?: object }, More extends object> = Omit<T, "status"> & { status?: NonNullable<T["status"]> & More };
interface Terminating {
  terminatingReplicas?: number;
}

export const Namespace = builtIn<core.Namespace>()("v1", "Namespace", "namespaces", "Cluster");
export const Node = builtIn<core.Node>()("v1", "Node", "nodes", "Cluster");
export const Pod = builtIn<core.Pod>()("v1", "Pod", "pods", "Namespaced");
export const Service = builtIn<core.Service>()("v1", "Service", "services", "Namespaced");
export const Endpoints = builtIn<core.Endpoints>()("v1", "Endpoints", "endpoints", "Namespaced");
export const ServiceAccount = builtIn<core.ServiceAccount>()("v1", "ServiceAccount", "serviceaccounts", "Namespaced");
export const ConfigMap = builtIn<core.ConfigMap>()("v1", "ConfigMap", "configmaps", "Namespaced");
export const Event = builtIn<core.Event>()("v1", "Event", "events", "Namespaced");
export const PersistentVolumeClaim = builtIn<core.PersistentVolumeClaim>()(
  "v1",
  "PersistentVolumeClaim",
  "persistentvolumeclaims",
  "Namespaced",
);
export const ResourceQuota = builtIn<core.ResourceQuota>()("v1", "ResourceQuota", "resourcequotas", "Namespaced");
export const Deployment = builtIn<With<apps.Deployment, Terminating>>()("apps/v1", "Deployment", "deployments", "Namespaced");
export const ReplicaSet = builtIn<With<apps.ReplicaSet, Terminating>>()("apps/v1", "ReplicaSet", "replicasets", "Namespaced");
export const StatefulSet = builtIn<apps.StatefulSet>()("apps/v1", "StatefulSet", "statefulsets", "Namespaced");
export const DaemonSet = builtIn<apps.DaemonSet>()("apps/v1", "DaemonSet", "daemonsets", "Namespaced");
export const ControllerRevision = builtIn<apps.ControllerRevision>()("apps/v1", "ControllerRevision", "controllerrevisions", "Namespaced");
export const Job = builtIn<batch.Job>()("batch/v1", "Job", "jobs", "Namespaced");
export const CronJob = builtIn<batch.CronJob>()("batch/v1", "CronJob", "cronjobs", "Namespaced");
export const Lease = builtIn<coordination.Lease>()("coordination.k8s.io/v1", "Lease", "leases", "Namespaced");
export const EndpointSlice = builtIn<discovery.EndpointSlice>()("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "Namespaced");
export const PodDisruptionBudget = builtIn<policy.PodDisruptionBudget>()(
  "policy/v1",
  "PodDisruptionBudget",
  "poddisruptionbudgets",
  "Namespaced",
);

export type Namespace = Observed<typeof Namespace>;
export type Node = Observed<typeof Node>;
export type Pod = Observed<typeof Pod>;
export type Service = Observed<typeof Service>;
export type Endpoints = Observed<typeof Endpoints>;
export type Deployment = Observed<typeof Deployment>;
export type ReplicaSet = Observed<typeof ReplicaSet>;
export type StatefulSet = Observed<typeof StatefulSet>;
export type DaemonSet = Observed<typeof DaemonSet>;
export type ControllerRevision = Observed<typeof ControllerRevision>;
export type Job = Observed<typeof Job>;
export type CronJob = Observed<typeof CronJob>;
export type EndpointSlice = Observed<typeof EndpointSlice>;
export type PodDisruptionBudget = Observed<typeof PodDisruptionBudget>;
export type PodSpec = Pod["spec"];
export type Container = PodSpec["containers"][number];
export type PodStatus = NonNullable<Pod["status"]>;
export type PodTemplate = Deployment["spec"]["template"];
export { difference } from "./difference.ts";
