import type { KubeObject, LabelSelector } from "@outrigger/kit/api";

export type { LabelSelector };

import type { Container, LocalObjectReference, Volume } from "../pod/index.ts";

/** A SidecarSet in its stored version, `apps.kruise.io/v1beta1`. */
export interface SidecarSet extends KubeObject {
  spec: SidecarSetSpec;
  status?: SidecarSetStatus;
}

export interface SidecarSetSpec {
  selector?: LabelSelector;
  customVersion?: string;
  namespaceSelector?: LabelSelector;
  containers?: SidecarContainer[];
  initContainers?: SidecarContainer[];
  volumes?: Volume[];
  imagePullSecrets?: LocalObjectReference[];
  patchPodMetadata?: PatchPodMetadata[];
  injectionStrategy?: InjectionStrategy;
  updateStrategy?: UpdateStrategy;
  revisionHistoryLimit?: number;
  [field: string]: unknown;
}

/** A core container and what kruise adds to it. */
export interface SidecarContainer extends Container {
  podInjectPolicy?: string;
  upgradeStrategy?: { upgradeType?: string; hotUpgradeEmptyImage?: string };
  shareVolumePolicy?: { type?: string };
  shareVolumeDevicePolicy?: { type?: string };
  transferEnv?: TransferEnv[];
  resourcesPolicy?: ResourcesPolicy;
}

export interface TransferEnv {
  sourceContainerName?: string;
  sourceContainerNameFrom?: { fieldRef?: { apiVersion?: string; fieldPath?: string } };
  envName?: string;
  envNames?: string[];
}

export interface ResourcesPolicy {
  targetContainersMode?: string;
  targetContainersNameRegex?: string;
  resourcesExpr?: { limits?: Record<string, string>; requests?: Record<string, string> };
}

export interface PatchPodMetadata {
  annotations?: Record<string, string>;
  patchPolicy?: string;
}

export interface InjectionStrategy {
  paused?: boolean;
  revision?: { customVersion?: string; revisionName?: string; policy?: string };
}

export interface UpdateStrategy {
  type?: string;
  paused?: boolean;
  selector?: LabelSelector;
  partition?: number | string;
  maxUnavailable?: number | string;
  priorityStrategy?: { weightPriority?: { weight: number; matchSelector: LabelSelector }[]; orderPriority?: { orderedKey: string }[] };
  scatterStrategy?: { key: string; value: string }[];
}

export interface SidecarSetStatus {
  observedGeneration?: number;
  matchedPods: number;
  updatedPods: number;
  readyPods: number;
  updatedReadyPods?: number;
  latestRevision?: string;
  collisionCount?: number;
}
