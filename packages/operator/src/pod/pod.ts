import type { KubeObject, ObjectMeta } from "@outrigger/kit/api";

/** The part of a pod that injection reads or writes; every other field passes through by reference. */
export interface Pod extends KubeObject {
  metadata: ObjectMeta;
  spec: PodSpec;
  status?: { phase?: string; [field: string]: unknown };
}

export interface PodSpec {
  containers: readonly Container[];
  initContainers?: readonly Container[];
  volumes?: readonly Volume[];
  imagePullSecrets?: readonly LocalObjectReference[];
  hostNetwork?: boolean;
  [field: string]: unknown;
}

export interface Container {
  name: string;
  image?: string;
  env?: readonly EnvVar[];
  volumeMounts?: readonly VolumeMount[];
  volumeDevices?: readonly VolumeDevice[];
  restartPolicy?: string;
  [field: string]: unknown;
}

export interface EnvVar {
  name: string;
  value?: string;
  valueFrom?: { [source: string]: unknown };
  [field: string]: unknown;
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  subPathExpr?: string;
  [field: string]: unknown;
}

export interface VolumeDevice {
  name: string;
  devicePath: string;
}

export interface Volume {
  name: string;
  [source: string]: unknown;
}

export interface LocalObjectReference {
  name: string;
}

/** Kruise's sign of an injected container, which shared mounts and re-injection go by. */
export const INJECTED_ENV: EnvVar = Object.freeze({ name: "IS_INJECTED", value: "true" });

/** Whether a container carries `IS_INJECTED=true`. */
export function isInjected(container: Container): boolean {
  const { env } = container;
  if (!env) return false;
  for (const variable of env) if (variable.name === INJECTED_ENV.name && variable.value === INJECTED_ENV.value) return true;
  return false;
}
