import type { KubeObject, LabelSelector } from "@outrigger/kit/api";

/** `outrigger.dev/v1alpha1 PodDefaults`: labels, annotations and variables that pods get where they lack them. */
export interface PodDefaults extends KubeObject {
  spec: PodDefaultsSpec;
}

export interface PodDefaultsSpec {
  /** Pods; absent and empty both mean every pod. */
  selector?: LabelSelector;
  /** Namespaces; absent and empty both mean every namespace but the excluded ones. */
  namespaceSelector?: LabelSelector;
  /** Higher goes first; the first to set a key wins. Ties go by name. 0 when absent. */
  priority?: number;
  labels?: DefaultEntry[];
  annotations?: DefaultEntry[];
  /** Variables of every container and init container that the pod itself brings. */
  env?: DefaultEntry[];
  /** HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY of the manager's environment, each also in lower case: programs read either. */
  proxies?: boolean;
  /** Keeps a pod from becoming ready before the containers that were injected into it are; see `SIDECARS_READY`. */
  sidecarReadinessGate?: boolean;
}

export interface DefaultEntry {
  name: string;
  /** Exactly one of `value` and `valueFrom`. */
  value?: string;
  valueFrom?: ValueSource;
  /** Sets the value also where the pod has another. */
  override?: boolean;
}

/** Exactly one field. */
export interface ValueSource {
  /** A variable of the manager's own environment. */
  environment?: string;
  /** A label of the pod's namespace. */
  namespaceLabel?: string;
  /** A field of the pod as the downward API writes it: `metadata.name`, `metadata.labels['app']`, `spec.serviceAccountName`. */
  fieldPath?: string;
  /** The name of the workload that the pod belongs to: of the Deployment, not of its ReplicaSet. */
  workloadName?: true;
}
