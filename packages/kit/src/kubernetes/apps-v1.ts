// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as core from "./core-v1.ts";
import type * as meta from "./meta-v1.ts";

export interface ControllerRevision { apiVersion?: "apps/v1"; data?: meta.RawExtension; kind?: "ControllerRevision"; metadata?: meta.ObjectMeta; revision: number }
export interface DaemonSet { apiVersion?: "apps/v1"; kind?: "DaemonSet"; metadata?: meta.ObjectMeta; spec?: DaemonSetSpec; status?: DaemonSetStatus }
export interface DaemonSetCondition { lastTransitionTime?: meta.Time; message?: string; reason?: string; status: string; type: string }
export interface DaemonSetSpec { minReadySeconds?: number; revisionHistoryLimit?: number; selector: meta.LabelSelector; template: core.PodTemplateSpec; updateStrategy?: DaemonSetUpdateStrategy }
export interface DaemonSetStatus { collisionCount?: number; conditions?: DaemonSetCondition[]; currentNumberScheduled: number; desiredNumberScheduled: number; numberAvailable?: number; numberMisscheduled: number; numberReady: number; numberUnavailable?: number; observedGeneration?: number; updatedNumberScheduled?: number }
export interface DaemonSetUpdateStrategy { rollingUpdate?: RollingUpdateDaemonSet; type?: string }
export interface Deployment { apiVersion?: "apps/v1"; kind?: "Deployment"; metadata?: meta.ObjectMeta; spec?: DeploymentSpec; status?: DeploymentStatus }
export interface DeploymentCondition { lastTransitionTime?: meta.Time; lastUpdateTime?: meta.Time; message?: string; reason?: string; status: string; type: string }
export interface DeploymentSpec { minReadySeconds?: number; paused?: boolean; progressDeadlineSeconds?: number; replicas?: number; revisionHistoryLimit?: number; selector: meta.LabelSelector; strategy?: DeploymentStrategy; template: core.PodTemplateSpec }
export interface DeploymentStatus { availableReplicas?: number; collisionCount?: number; conditions?: DeploymentCondition[]; observedGeneration?: number; readyReplicas?: number; replicas?: number; terminatingReplicas?: number; unavailableReplicas?: number; updatedReplicas?: number }
export interface DeploymentStrategy { rollingUpdate?: RollingUpdateDeployment; type?: string }
export interface ReplicaSet { apiVersion?: "apps/v1"; kind?: "ReplicaSet"; metadata?: meta.ObjectMeta; spec?: ReplicaSetSpec; status?: ReplicaSetStatus }
export interface ReplicaSetCondition { lastTransitionTime?: meta.Time; message?: string; reason?: string; status: string; type: string }
export interface ReplicaSetSpec { minReadySeconds?: number; replicas?: number; selector: meta.LabelSelector; template?: core.PodTemplateSpec }
export interface ReplicaSetStatus { availableReplicas?: number; conditions?: ReplicaSetCondition[]; fullyLabeledReplicas?: number; observedGeneration?: number; readyReplicas?: number; replicas: number; terminatingReplicas?: number }
export interface RollingUpdateDaemonSet { maxSurge?: meta.IntOrString; maxUnavailable?: meta.IntOrString }
export interface RollingUpdateDeployment { maxSurge?: meta.IntOrString; maxUnavailable?: meta.IntOrString }
export interface RollingUpdateStatefulSetStrategy { maxUnavailable?: meta.IntOrString; partition?: number }
export interface StatefulSet { apiVersion?: "apps/v1"; kind?: "StatefulSet"; metadata?: meta.ObjectMeta; spec?: StatefulSetSpec; status?: StatefulSetStatus }
export interface StatefulSetCondition { lastTransitionTime?: meta.Time; message?: string; reason?: string; status: string; type: string }
export interface StatefulSetOrdinals { start?: number }
export interface StatefulSetPersistentVolumeClaimRetentionPolicy { whenDeleted?: string; whenScaled?: string }
export interface StatefulSetSpec { minReadySeconds?: number; ordinals?: StatefulSetOrdinals; persistentVolumeClaimRetentionPolicy?: StatefulSetPersistentVolumeClaimRetentionPolicy; podManagementPolicy?: string; replicas?: number; revisionHistoryLimit?: number; selector: meta.LabelSelector; serviceName?: string; template: core.PodTemplateSpec; updateStrategy?: StatefulSetUpdateStrategy; volumeClaimTemplates?: core.PersistentVolumeClaim[] }
export interface StatefulSetStatus { availableReplicas?: number; collisionCount?: number; conditions?: StatefulSetCondition[]; currentReplicas?: number; currentRevision?: string; observedGeneration?: number; readyReplicas?: number; replicas: number; updateRevision?: string; updatedReplicas?: number }
export interface StatefulSetUpdateStrategy { rollingUpdate?: RollingUpdateStatefulSetStrategy; type?: string }
