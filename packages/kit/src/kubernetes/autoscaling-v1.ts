// Written by scripts/kinds/types.ts from the table of kinds; do not edit.
import type * as meta from "./meta-v1.ts";

export interface CrossVersionObjectReference { apiVersion?: string; kind: string; name: string }
export interface HorizontalPodAutoscaler { apiVersion?: "autoscaling/v1"; kind?: "HorizontalPodAutoscaler"; metadata?: meta.ObjectMeta; spec: HorizontalPodAutoscalerSpec; status?: HorizontalPodAutoscalerStatus }
export interface HorizontalPodAutoscalerSpec { maxReplicas: number; minReplicas?: number; scaleTargetRef: CrossVersionObjectReference; targetCPUUtilizationPercentage?: number }
export interface HorizontalPodAutoscalerStatus { currentCPUUtilizationPercentage?: number; currentReplicas: number; desiredReplicas: number; lastScaleTime?: meta.Time; observedGeneration?: number }
export interface Scale { apiVersion?: string; kind?: string; metadata?: meta.ObjectMeta; spec?: ScaleSpec; status?: ScaleStatus }
export interface ScaleSpec { replicas?: number }
export interface ScaleStatus { replicas: number; selector?: string }
