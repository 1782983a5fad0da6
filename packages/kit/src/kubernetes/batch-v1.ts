// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as core from "./core-v1.ts";
import type * as meta from "./meta-v1.ts";

export interface CronJob { apiVersion?: "batch/v1"; kind?: "CronJob"; metadata?: meta.ObjectMeta; spec: CronJobSpec; status?: CronJobStatus }
export interface CronJobSpec { concurrencyPolicy?: string; failedJobsHistoryLimit?: number; jobTemplate: JobTemplateSpec; schedule: string; startingDeadlineSeconds?: number; successfulJobsHistoryLimit?: number; suspend?: boolean; timeZone?: string }
export interface CronJobStatus { active?: core.ObjectReference[]; lastScheduleTime?: meta.Time; lastSuccessfulTime?: meta.Time }
export interface Job { apiVersion?: "batch/v1"; kind?: "Job"; metadata?: meta.ObjectMeta; spec?: JobSpec; status?: JobStatus }
export interface JobCondition { lastProbeTime?: meta.Time; lastTransitionTime?: meta.Time; message?: string; reason?: string; status: string; type: string }
export interface JobSpec { activeDeadlineSeconds?: number; backoffLimit?: number; backoffLimitPerIndex?: number; completionMode?: string; completions?: number; managedBy?: string; manualSelector?: boolean; maxFailedIndexes?: number; parallelism?: number; podFailurePolicy?: PodFailurePolicy; podReplacementPolicy?: string; selector?: meta.LabelSelector; successPolicy?: SuccessPolicy; suspend?: boolean; template: core.PodTemplateSpec; ttlSecondsAfterFinished?: number }
export interface JobStatus { active?: number; completedIndexes?: string; completionTime?: meta.Time; conditions?: JobCondition[]; failed?: number; failedIndexes?: string; ready?: number; startTime?: meta.Time; succeeded?: number; terminating?: number; uncountedTerminatedPods?: UncountedTerminatedPods }
export interface JobTemplateSpec { metadata?: meta.ObjectMeta; spec?: JobSpec }
export interface PodFailurePolicy { rules: PodFailurePolicyRule[] }
export interface PodFailurePolicyOnExitCodesRequirement { containerName?: string; operator: string; values: number[] }
export interface PodFailurePolicyOnPodConditionsPattern { status?: string; type: string }
export interface PodFailurePolicyRule { action: string; onExitCodes?: PodFailurePolicyOnExitCodesRequirement; onPodConditions?: PodFailurePolicyOnPodConditionsPattern[] }
export interface SuccessPolicy { rules: SuccessPolicyRule[] }
export interface SuccessPolicyRule { succeededCount?: number; succeededIndexes?: string }
export interface UncountedTerminatedPods { failed?: string[]; succeeded?: string[] }
