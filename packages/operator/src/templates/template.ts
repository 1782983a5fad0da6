import type { Container, EnvVar, LocalObjectReference, Volume, VolumeMount } from "../pod/index.ts";

/** What a template puts into pods: the content of the seed's `sidecarconfig.yaml`. */
export interface InjectionTemplate {
  /** The ConfigMap's or file's name; templates of one order act by it. */
  readonly name: string;
  /** Lower acts first; templates of one order act by name. 0 when absent. */
  readonly order?: number;
  /** It acts only on pods that, or whose namespaces, name it. */
  readonly byName?: boolean;
  /** Which variables of the pod and its namespace the texts ask for; `${…}` of other names stays as it is. */
  readonly variables?: readonly string[];
  readonly initContainers?: readonly Container[];
  /** Added after the pod's own and those of SidecarSets. */
  readonly containers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly imagePullSecrets?: readonly LocalObjectReference[];
  /** Variables and mounts for the containers that the pod itself brings, where they lack them. */
  readonly env?: readonly EnvVar[];
  readonly volumeMounts?: readonly VolumeMount[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Fields of the pod's security context, where the pod leaves them open. */
  readonly securityContext?: Readonly<Record<string, unknown>>;
}
