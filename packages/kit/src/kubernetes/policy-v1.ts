// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface Eviction { apiVersion?: string; deleteOptions?: meta.DeleteOptions; kind?: string; metadata?: meta.ObjectMeta }
export interface PodDisruptionBudget { apiVersion?: "policy/v1"; kind?: "PodDisruptionBudget"; metadata?: meta.ObjectMeta; spec?: PodDisruptionBudgetSpec; status?: PodDisruptionBudgetStatus }
export interface PodDisruptionBudgetSpec { maxUnavailable?: meta.IntOrString; minAvailable?: meta.IntOrString; selector?: meta.LabelSelector; unhealthyPodEvictionPolicy?: string }
export interface PodDisruptionBudgetStatus { conditions?: meta.Condition[]; currentHealthy?: number; desiredHealthy?: number; disruptedPods?: { [key: string]: meta.Time }; disruptionsAllowed?: number; expectedPods?: number; observedGeneration?: number }
